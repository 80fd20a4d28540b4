//! Libraries that call themselves libcuda but are not: the probe says what is wrong and never panics.
//! Needs a C compiler (`cc`); each case runs in a process of its own, because a library stays loaded.
#![cfg(all(feature = "cuda", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says why it is skipped"
)]

use std::process::Command;

use weighbridge_kernels::gpu::{Gpu, probe};

/// Runs in the child: prints what the probe found.
#[test]
#[ignore = "run by the other tests with a library of theirs on the loader's path"]
fn child() {
    match probe(None) {
        Gpu::Skipped(reason) => println!("FOUND {} | {reason}", reason.kind()),
        Gpu::Ready { name, .. } => println!("FOUND ready | {name}"),
    }
}

/// Builds a libcuda from C source and probes it in a child; none without a compiler.
fn probed(source: &str) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("stub.c");
    std::fs::write(&input, source).unwrap();
    let library = dir.path().join("libcuda.so.1");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &input])
        .status();
    if !built.is_ok_and(|status| status.success()) {
        println!("skipped: no C compiler");
        return None;
    }
    std::fs::copy(&library, dir.path().join("libcuda.so")).unwrap();
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "child", "--nocapture"])
        .env("LD_LIBRARY_PATH", dir.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(
        ran.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(
        !String::from_utf8_lossy(&ran.stderr).contains("panicked"),
        "{text}"
    );
    let at = text.find("FOUND ").unwrap() + "FOUND ".len();
    Some(text[at..].lines().next().unwrap().to_owned())
}

/// A library with every needed symbol, which answers with `version` and `init`.
fn complete(version: i32, init: i32) -> String {
    let names = include_str!("../src/gpu/probe.rs");
    let start = names.find("const NEEDED").unwrap();
    let list = &names[start..start + names[start..].find("];").unwrap()];
    let mut source = format!(
        "int cuDriverGetVersion(int* v) {{ *v = {version}; return 0; }}\n\
         int cuInit(unsigned f) {{ return {init}; }}\n\
         int cuDeviceGetCount(int* n) {{ *n = 0; return 0; }}\n"
    );
    let own = ["cuDriverGetVersion", "cuInit", "cuDeviceGetCount"];
    for name in list
        .split('"')
        .filter(|s| s.starts_with("cu") && !own.contains(s))
    {
        source += &format!("int {name}(void) {{ return 34; }}\n");
    }
    source
}

#[test]
fn an_empty_library_is_a_stub() {
    let Some(found) = probed("int nothing;") else {
        return;
    };
    assert!(found.starts_with("stub_driver"), "{found}");
}

#[test]
fn the_toolkits_stub_is_a_stub() {
    let Some(found) = probed(&complete(13_000, 34)) else {
        return;
    };
    assert!(found.starts_with("stub_driver"), "{found}");
    let Some(found) = probed("int cuDriverGetVersion(int* v) { return 34; }") else {
        return;
    };
    assert!(found.starts_with("stub_driver"), "{found}");
}

#[test]
fn a_missing_symbol_is_named() {
    let Some(found) = probed("int cuDriverGetVersion(int* v) { *v = 13000; return 0; }") else {
        return;
    };
    assert!(
        found.starts_with("stub_driver") && found.contains("cuInit"),
        "{found}"
    );
}

#[test]
fn an_old_driver_is_named_with_both_versions() {
    let Some(found) = probed("int cuDriverGetVersion(int* v) { *v = 12040; return 0; }") else {
        return;
    };
    assert_eq!(
        found,
        "driver_too_old | driver supports CUDA 12.4, need 12.8"
    );
}

#[test]
fn a_driver_without_devices() {
    let Some(found) = probed(&complete(13_000, 100)) else {
        return;
    };
    assert!(found.starts_with("no_device"), "{found}");
    let Some(found) = probed(&complete(13_000, 0)) else {
        return;
    };
    assert!(found.starts_with("no_device"), "{found}");
}

#[test]
fn another_failure_keeps_its_code() {
    let Some(found) = probed(&complete(13_000, 999)) else {
        return;
    };
    assert_eq!(found, "device | cuInit failed with CUDA error 999");
}
