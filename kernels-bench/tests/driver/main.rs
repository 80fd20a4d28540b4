//! GPU benchmarks from end to end on a libcuda whose device is the host (driver.c): what is launched,
//! copied, checked, skipped and given back. Kernels that only move bytes are run; the others do nothing,
//! which their oracles must notice. Says nothing about a GPU. Needs a C compiler (`cc`).
#![cfg(all(feature = "cuda", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says why it is skipped"
)]

use std::path::Path;
use std::process::Command;

use weighbridge_kernels::bench::{Options, run};
use weighbridge_kernels::record::{Line, Oracle, Outcome, Record, SkipReason};

/// Runs in the child: one benchmark, its records as lines.
#[test]
#[ignore = "run by the other tests with their driver on the loader's path"]
fn child() {
    let options = Options {
        only: std::env::var("WB_ONLY").ok(),
        seconds: Some(3.0),
        cubins: std::env::var_os("WB_CUBINS").map(Into::into),
        ..Options::quick()
    };
    run(&options, &mut |line| {
        println!("LINE {}", serde_json::to_string(&line).unwrap());
    })
    .unwrap();
}

/// What came of a benchmark.
struct Ran {
    records: Vec<Record>,
    complaints: Vec<String>,
}

/// Runs a benchmark on a driver built with these definitions; none without a compiler.
fn ran(only: &str, defines: &[&str], env: &[(&str, &str)]) -> Option<Ran> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/driver/driver.c");
    let built = Command::new("cc")
        .args(["-std=c11", "-O1", "-shared", "-fPIC"])
        .args(defines.iter().map(|d| format!("-D{d}")))
        .arg("-o")
        .arg(path.join("libcuda.so.1"))
        .arg(source)
        .output();
    let Ok(built) = built else {
        println!("skipped: no C compiler");
        return None;
    };
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    std::fs::copy(path.join("libcuda.so.1"), path.join("libcuda.so")).unwrap();
    // A compiler that writes an empty image, in case there is none here.
    let nvcc = path.join("nvcc");
    let script =
        "#!/bin/sh\nwhile [ $# -gt 1 ]; do [ \"$1\" = -o ] && : > \"$2\"; shift; done\nexit 0\n";
    std::fs::write(&nvcc, script).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&nvcc, executable).unwrap();
    let paths = format!("{}:{}", path.display(), std::env::var("PATH").unwrap());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "child", "--nocapture"])
        .env("LD_LIBRARY_PATH", path)
        .env("PATH", paths)
        .env_remove("WEIGHBRIDGE_NVRTC")
        .env("WB_ONLY", only)
        .env("WB_CUBINS", path)
        .envs(env.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{only} {env:?}: {text}{said}");
    let record = |line: &str| match serde_json::from_str(line).unwrap() {
        Line::Record(record) => Some(record),
        Line::Header(_) => None,
    };
    let after = |mark: &str| -> Vec<String> {
        let found = text.lines().filter_map(|l| l.split_once(mark));
        found.map(|(_, rest)| rest.to_owned()).collect()
    };
    Some(Ran {
        records: after("LINE ").iter().filter_map(|l| record(l)).collect(),
        complaints: after("DRIVER "),
    })
}

impl Ran {
    /// Names of an axis of the records whose oracle passed.
    fn passed(&self, axis: &str) -> Vec<String> {
        let right = |r: &&Record| {
            r.measured()
                .is_some_and(|m| matches!(m.oracle, Oracle::Passed(_)))
        };
        let names = self.records.iter().filter(right);
        names
            .map(|r| r.config[axis].to_string().trim_matches('"').to_owned())
            .collect()
    }
}

#[test]
fn every_method_of_a_transfer_moves_every_block_to_its_place() {
    let Some(ran) = ran("G4", &["BATCH_1", "BATCH_2"], &[]) else {
        return;
    };
    assert_eq!(ran.complaints, Vec::<String>::new());
    let methods = [
        "bulk",
        "loop",
        "batched",
        "zero_copy_8",
        "zero_copy_32",
        "staged",
    ];
    assert_eq!(ran.passed("method")[..6], methods);
    let wrong = ran.records.iter().any(|r| {
        r.measured()
            .is_some_and(|m| matches!(m.oracle, Oracle::Failed(_)))
    });
    assert!(!wrong);
}

#[test]
fn the_older_batched_copy_is_taken_where_the_newer_one_is_not_and_its_absence_is_told() {
    let old = [("WB_VERSION", "12080")];
    let Some(older) = ran("G4", &["BATCH_1"], &old) else {
        return;
    };
    assert!(older.passed("method").contains(&"batched".to_owned()));
    let neither = ran("G4", &[], &old).unwrap();
    let batched = neither
        .records
        .iter()
        .find(|r| r.config["method"] == "batched");
    let Outcome::Skipped(SkipReason::DriverTooOld { have: 12_080, .. }) = batched.unwrap().outcome
    else {
        panic!("{batched:?}")
    };
    assert!(
        neither.passed("method").contains(&"staged".to_owned()),
        "the others go on"
    );
}

#[test]
fn pages_are_gathered_and_scattered() {
    for (bench, axis) in [("G1", "block"), ("G2", "tokens")] {
        let Some(ran) = ran(bench, &["BATCH_2"], &[]) else {
            return;
        };
        assert_eq!(ran.complaints, Vec::<String>::new(), "{bench}");
        assert!(ran.passed(axis).len() >= 2, "{bench}: {:?}", ran.records);
    }
}

#[test]
fn kernels_that_do_nothing_fail_their_oracles() {
    for bench in ["G5", "G6"] {
        let Some(ran) = ran(bench, &["BATCH_2"], &[]) else {
            return;
        };
        let failed = |r: &Record| {
            r.measured()
                .is_some_and(|m| matches!(m.oracle, Oracle::Failed(_)))
        };
        assert!(ran.records.iter().any(failed), "{bench}: {:?}", ran.records);
    }
}

#[test]
fn a_failing_call_is_a_reason_and_nothing_is_kept() {
    for (call, from) in [
        ("cuDevicePrimaryCtxRetain", "1"),
        ("cuStreamCreate", "1"),
        ("cuModuleLoadData", "3"),
        ("cuEventCreate", "2"),
        ("cuMemAlloc_v2", "4"),
        ("cuMemHostAlloc", "1"),
        ("cuMemcpyHtoDAsync_v2", "2"),
        ("cuStreamSynchronize", "12"),
    ] {
        let env = [("WB_FAIL", call), ("WB_FAIL_FROM", from)];
        let Some(ran) = ran("G4", &["BATCH_2"], &env) else {
            return;
        };
        let told = ran.records.iter().any(|r| {
            matches!(
                &r.outcome,
                Outcome::Skipped(SkipReason::Device { code: 2, .. })
            )
        });
        assert!(told, "{call}: {:?}", ran.records);
        assert_eq!(ran.complaints, Vec::<String>::new(), "{call}");
    }
}
