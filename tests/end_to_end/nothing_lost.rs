//! Killed, cut and full: finished trials stay, the rest is made, nothing is paid twice.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{code, log, root, talk, weighbridge};

const SAMPLES: usize = 30;

fn experiment(dir: &Path, run: &str) -> std::path::PathBuf {
    let samples = root().join("datasets/quickstart/samples.jsonl");
    let text = format!(
        "name = \"kept\"\nseed = 5\nrepeats = 2\n\
         [dataset]\npath = {samples:?}\nsplit = \"test\"\nlimit = {SAMPLES}\n\
         [run]\nmode = \"live\"\nconcurrency = 8\nretries = 3\n{run}\n\
         [controls]\nsingle = false\nshuffled = false\nlength = false\n\
         [[backend]]\nname = \"fleet\"\nkind = \"embedded\"\nspeed = 3.0\n\
         [[backend.fault]]\nkind = \"unavailable\"\nmodel = \"large\"\nshare = 0.2\nsticky = true\n\
         [[model]]\nname = \"small\"\nbackend = \"fleet\"\nprice = {{ input_per_mtok_usd = 1.0, output_per_mtok_usd = 2.0 }}\n\
         [[model]]\nname = \"large\"\nbackend = \"fleet\"\nprice = {{ input_per_mtok_usd = 2.0, output_per_mtok_usd = 8.0 }}\n\
         [[policy]]\nname = \"small\"\nkind = \"always\"\nmodel = \"small\"\nrole = \"baseline\"\n\
         [[policy]]\nname = \"cascade\"\nkind = \"cascade\"\nmodels = [\"small\", \"large\"]\naccept = {{ confidence_at_least = 0.93 }}\nrole = \"candidate\"\n\
         [[policy]]\nname = \"fallback\"\nkind = \"fallback\"\nchain = [\"large\", \"small\"]\n"
    );
    let path = dir.join("experiment.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn command(experiment: &Path, out: &Path) -> Command {
    let mut command = weighbridge();
    command.arg("run").arg(experiment).arg("--out").arg(out);
    command.arg("--ledger").arg(out.join("ledger"));
    command
}

fn key(trial: &Value) -> String {
    format!(
        "{} {} {}",
        trial["sample"], trial["policy"], trial["repeat"]
    )
}

/// What must not depend on when a run was interrupted: scores, and decisions by the model that they
/// are about. How often a call was tried again may differ, for retries are a share of the calls of the
/// part of the run that makes them.
fn results(log: &[Value]) -> BTreeMap<String, String> {
    let result = |t: &Value| {
        let attempts = t["attempts"].as_array().unwrap();
        let step = |d: &Value| match d["step"]["accept"].as_u64() {
            Some(at) => format!("accept {}", attempts[at as usize]["model"]),
            None => d["step"].to_string(),
        };
        let steps: Vec<_> = t["decisions"]
            .as_array()
            .unwrap()
            .iter()
            .map(step)
            .collect();
        let calls: Vec<_> = attempts
            .iter()
            .filter(|a| a["try"].is_null())
            .map(|a| format!("{} {}", a["model"], a["error"]["kind"]))
            .collect();
        format!("{} {} {steps:?} {calls:?}", t["score"], t["model"])
    };
    let trials = &log[1..];
    let results: BTreeMap<_, _> = trials.iter().map(|t| (key(t), result(t))).collect();
    assert_eq!(results.len(), trials.len(), "a trial is there twice");
    results
}

/// Fails with the first difference alone.
fn assert_same(got: &BTreeMap<String, String>, expected: &BTreeMap<String, String>) {
    assert!(got.keys().eq(expected.keys()));
    let mut pairs = got.iter().zip(expected.values());
    let other = pairs.find(|((_, got), expected)| got != expected);
    assert!(other.is_none(), "{other:#?}");
}

fn finished_lines(path: &Path) -> String {
    let text = std::fs::read(path).unwrap_or_default();
    let end = text.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    String::from_utf8(text[..end].to_vec()).unwrap()
}

/// A different number for each step, from a multiplicative generator (Lehmer, 2^31 − 1).
struct Points(u64);

impl Points {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        self.0 % end.max(1)
    }
}

#[test]
fn wherever_a_run_is_killed_or_its_log_is_cut_it_ends_as_if_it_were_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = experiment(dir.path(), "max_cost_usd = 5.0");
    let whole = dir.path().join("whole");
    let output = command(&path, &whole).output().unwrap();
    assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
    let expected = results(&log(&whole));
    assert_eq!(expected.len(), SAMPLES * 3 * 2);
    assert!(
        !whole.join("calls.jsonl").exists(),
        "a whole run needs no journal"
    );

    let mut points = Points(20_261_124);
    for round in 0..4 {
        let out = dir.path().join(format!("out{round}"));
        let log_path = out.join("run.jsonl");
        // Up to four kills, each at some number of finished trials, then the rest.
        for _ in 0..1 + points.below(4) {
            let mut child = command(&path, &out)
                .stderr(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let lines = || finished_lines(&log_path).lines().count() as u64;
            let until = lines() + 1 + points.below(60);
            let patience = Instant::now() + Duration::from_secs(60);
            while lines() < until
                && child.try_wait().unwrap().is_none()
                && Instant::now() < patience
            {
                std::thread::sleep(Duration::from_micros(200 + points.below(900)));
            }
            let _ = child.kill();
            child.wait().unwrap();
            // A disk that lost the end of the file: cut anywhere behind the header.
            let text = std::fs::read(&log_path).unwrap();
            let header = text.iter().position(|b| *b == b'\n').unwrap() as u64 + 1;
            if points.below(2) == 0 {
                let length = header + points.below(text.len() as u64 - header + 1);
                let file = std::fs::OpenOptions::new()
                    .write(true)
                    .open(&log_path)
                    .unwrap();
                file.set_len(length).unwrap();
            }
        }
        let before = finished_lines(&log_path);
        let output = command(&path, &out).output().unwrap();
        assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
        let after = std::fs::read_to_string(&log_path).unwrap();
        assert!(
            after.starts_with(&before),
            "a finished trial was paid twice"
        );
        assert_same(&results(&log(&out)), &expected);
    }
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_ends_its_trials_and_goes_on_later() {
    for signal in ["-INT", "-TERM"] {
        let dir = tempfile::tempdir().unwrap();
        let path = experiment(dir.path(), "");
        let out = dir.path().join("out");

        let child = command(&path, &out)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let log_path = out.join("run.jsonl");
        let patience = Instant::now() + Duration::from_secs(60);
        while finished_lines(&log_path).lines().count() < 20 && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(1));
        }
        let kill = Command::new("kill")
            .arg(signal)
            .arg(child.id().to_string())
            .status();
        assert!(kill.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), 130, "{}", talk(&output));
        assert!(
            talk(&output).contains("run again to go on"),
            "{}",
            talk(&output)
        );
        let text = std::fs::read_to_string(&log_path).unwrap();
        assert!(text.ends_with('\n'), "a torn line");
        let output = command(&path, &out).output().unwrap();
        assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
        assert!(
            std::fs::read_to_string(&log_path)
                .unwrap()
                .starts_with(&text)
        );
    }
}

#[test]
#[cfg(unix)]
fn a_full_disk_is_an_invalid_run_that_is_kept_and_resumes() {
    let dir = tempfile::tempdir().unwrap();
    for budget in ["", "max_calls = 100000"] {
        let path = experiment(dir.path(), budget);
        let out = dir.path().join(format!("out{}", budget.len()));
        // Blocks of 512 bytes or 1 KiB, as the shell likes; either is a part of the log. The signal
        // that comes with the limit is ignored, so that the write fails as on a full disk.
        let script = "trap '' XFSZ; ulimit -f 80; exec \"$@\"";
        let inner = command(&path, &out);
        let output = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(inner.get_program())
            .args(inner.get_args())
            .output()
            .unwrap();
        assert_eq!(code(&output), 4, "{}", talk(&output));
        let said = talk(&output);
        assert!(said.contains("cannot be kept"), "{said}");
        assert!(
            said.contains("run.jsonl") || said.contains("calls.jsonl"),
            "{said}"
        );
        assert!(said.contains("make room and run again"), "{said}");
        let before = finished_lines(&out.join("run.jsonl"));
        assert!(before.lines().count() > 1, "nothing was kept");
        let report = weighbridge().arg("report").arg(&out).output().unwrap();
        assert!(
            code(&report) != 3 && code(&report) != 70,
            "{}",
            talk(&report)
        );
        let output = command(&path, &out).output().unwrap();
        assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
        let after = std::fs::read_to_string(out.join("run.jsonl")).unwrap();
        assert!(after.starts_with(&before));
        assert_eq!(results(&log(&out)).len(), SAMPLES * 3 * 2);
    }
}

#[test]
fn a_budget_is_kept_over_all_parts_of_a_run_and_a_larger_one_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let spent = || -> f64 {
        let log = log(&out);
        log[1..]
            .iter()
            .map(|t| t["cost_usd"].as_f64().unwrap())
            .sum()
    };
    let path = experiment(dir.path(), "");
    let whole = dir.path().join("whole");
    command(&path, &whole).output().unwrap();
    let total: f64 = log(&whole)[1..]
        .iter()
        .map(|t| t["cost_usd"].as_f64().unwrap())
        .sum();
    // The first budget is small, the second larger, and none the last.
    for share in [0.3, 0.6] {
        let budget = total * share;
        experiment(dir.path(), &format!("max_cost_usd = {budget}"));
        // A second run with the same budget has nothing left to spend but what the worst case held.
        for _ in 0..2 {
            let output = command(&path, &out).output().unwrap();
            assert_eq!(code(&output), 5, "{}", talk(&output));
            assert!(talk(&output).contains("max_cost_usd"), "{}", talk(&output));
            assert!(spent() <= budget, "{} > {budget}", spent());
        }
    }
    experiment(dir.path(), "max_calls = 100000");
    let output = command(&path, &out).output().unwrap();
    assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
    assert_same(&results(&log(&out)), &results(&log(&whole)));
}

#[test]
fn the_time_of_a_run_ends_waits_too() {
    let dir = tempfile::tempdir().unwrap();
    // A limit of one call a minute, and a run of a tenth of one.
    let path = experiment(dir.path(), "max_minutes = 0.02");
    let text = std::fs::read_to_string(&path).unwrap();
    let slow = "kind = \"embedded\"\nrequests_per_minute = 1";
    std::fs::write(&path, text.replace("kind = \"embedded\"", slow)).unwrap();
    let out = dir.path().join("out");
    let start = Instant::now();
    let output = command(&path, &out).output().unwrap();
    assert_eq!(code(&output), 5, "{}", talk(&output));
    assert!(talk(&output).contains("max_minutes"), "{}", talk(&output));
    // The next call would have gone after a minute.
    assert!(
        start.elapsed() < Duration::from_secs(50),
        "{:?}",
        start.elapsed()
    );
}
