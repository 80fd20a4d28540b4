//! Runs that stop as soon as their verdict is clear.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{code, log, recorded, root, talk, weighbridge};

fn run(experiment: &Path, out: &Path) -> std::process::Command {
    let mut command = weighbridge();
    command.arg("run").arg(experiment).arg("--out").arg(out);
    command.arg("--sequential");
    command
}

fn verdict(out: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(out.join("verdict.json")).unwrap()).unwrap()
}

fn used(out: &Path) -> u64 {
    verdict(out)["sequential"]["samples_used"].as_u64().unwrap()
}

fn attempts(dir: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(dir.join("ledger/attempts.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A live experiment on the embedded fleet: the largest model against a candidate.
fn live(dir: &Path, candidate: &str, margin: f64, run: &str) -> PathBuf {
    let samples = root().join("datasets/quickstart/samples.jsonl");
    let text = format!(
        r#"
name = "live"
seed = 5

[dataset]
path = '{}'
split = "test"

[slices]
by = ["task"]

[controls]
single = false
shuffled = false
length = false

[run]
mode = "live"
sequential = true
{run}

[[backend]]
name = "fleet"
kind = "embedded"
speed = 40.0

[[model]]
name = "nano"
backend = "fleet"
price = {{ input_per_mtok_usd = 0.05, output_per_mtok_usd = 0.20 }}

[[model]]
name = "large"
backend = "fleet"
price = {{ input_per_mtok_usd = 2.00, output_per_mtok_usd = 8.00 }}

[[policy]]
name = "production"
kind = "always"
model = "large"
role = "baseline"

[[policy]]
name = "change"
kind = "always"
model = "{candidate}"
role = "candidate"

[gate]
overall_margin = {margin}
slice_margin = {margin}
"#,
        samples.canonicalize().unwrap().display()
    );
    let path = dir.join(format!("{candidate}.toml"));
    std::fs::write(&path, text).unwrap();
    path
}

fn live_run(experiment: &Path, out: &Path) -> Output {
    let mut command = weighbridge();
    command.arg("run").arg(experiment).arg("--out").arg(out);
    command.output().unwrap()
}

#[test]
fn a_replay_stops_at_a_clear_loss_with_the_same_bytes_at_any_thread_count() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 2000);
    let mut codes = Vec::new();
    for (threads, out) in [("1", "one"), ("2", "two")] {
        let output = run(&experiment, &dir.path().join(out))
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        codes.push(code(&output));
    }
    assert_eq!(codes, [1, 1]);
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    for name in [
        "run.jsonl",
        "report.html",
        "report.md",
        "report.json",
        "verdict.json",
    ] {
        let same = std::fs::read(one.join(name)).unwrap() == std::fs::read(two.join(name)).unwrap();
        assert!(same, "{name} differs");
    }
    let policies = log(&one)[0]["policies"].as_array().unwrap().len() as u64;
    assert!(used(&one) < 1000, "{}", used(&one));
    assert_eq!(log(&one).len() as u64, 1 + used(&one) * policies);
    // The same recorded outcomes again: counted, and nothing added.
    let attempts = attempts(dir.path());
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0], attempts[1]);
    assert_eq!(verdict(&two)["attempt"]["number"], 1);
}

#[test]
fn the_order_of_the_file_does_not_matter() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 2000);
    let first = run(&experiment, &dir.path().join("first"))
        .output()
        .unwrap();
    let samples = dir.path().join("samples.jsonl");
    let text = std::fs::read_to_string(&samples).unwrap();
    let mut lines: Vec<&str> = text.lines().rev().collect();
    lines.rotate_left(77);
    std::fs::write(&samples, lines.join("\n") + "\n").unwrap();
    let second = run(&experiment, &dir.path().join("second"))
        .output()
        .unwrap();
    assert_eq!(code(&first), code(&second), "{}", talk(&second));
    let (first, second) = (
        verdict(&dir.path().join("first")),
        verdict(&dir.path().join("second")),
    );
    assert_eq!(first["sequential"], second["sequential"]);
    assert_eq!(
        first["attempt"], second["attempt"],
        "a shuffled file is no new change"
    );
}

#[test]
fn another_seed_is_another_attempt_at_the_same_change() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 400);
    for (seed, out) in [("3", "a"), ("4", "b")] {
        run(&experiment, &dir.path().join(out))
            .args(["--seed", seed])
            .output()
            .unwrap();
    }
    let second = verdict(&dir.path().join("b"));
    assert_eq!(second["attempt"]["number"], 2);
    assert_eq!(second["sequential"]["round"], 2, "error rates are halved");
    let fixed = weighbridge()
        .arg("run")
        .arg(&experiment)
        .args(["--seed", "9", "--out"])
        .arg(dir.path().join("c"))
        .output()
        .unwrap();
    assert!([0, 1, 2].contains(&code(&fixed)), "{}", talk(&fixed));
    // The same recording and seed, judged the other way: a try of its own, and nothing replaced.
    let both = weighbridge()
        .arg("run")
        .arg(&experiment)
        .args(["--seed", "3", "--out"])
        .arg(dir.path().join("d"))
        .output()
        .unwrap();
    assert!([0, 1, 2].contains(&code(&both)), "{}", talk(&both));
    let methods: Vec<_> = attempts(dir.path())
        .iter()
        .map(|a| a["method"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(methods, ["sequential", "sequential", "fixed_n", "fixed_n"]);
    assert_eq!(verdict(&dir.path().join("d"))["attempt"]["number"], 4);
    let note = verdict(&dir.path().join("c"))["attempt"]["note"].to_string();
    assert!(
        note.contains("Attempt 3") && note.contains("inflate"),
        "{note}"
    );
}

#[test]
fn a_live_loss_is_blocked_early_and_paid_only_so_far() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = live(dir.path(), "nano", 0.05, "concurrency = 16");
    let out = dir.path().join("out");
    let output = live_run(&experiment, &out);
    assert_eq!(code(&output), 1, "{}", talk(&output));
    let sequential = verdict(&out)["sequential"].clone();
    assert_eq!(sequential["stop"], "decided");
    assert!(used(&out) < 370, "{sequential}");
    assert!(sequential["saved_usd"].as_f64() > sequential["spent_usd"].as_f64());
    // What was under way at the stop is in the log and accounted for.
    let trials = (log(&out).len() - 1) as u64;
    let unused = sequential["unused_trials"].as_u64().unwrap();
    assert_eq!(trials, 2 * used(&out) + unused);
    // The report can be made again from the log.
    let again = weighbridge()
        .arg("gate")
        .arg(&out)
        .args(["--out"])
        .arg(dir.path().join("again"))
        .output();
    assert_eq!(code(&again.unwrap()), 1);
    for name in ["report.html", "report.json", "verdict.json"] {
        let first = std::fs::read(out.join(name)).unwrap();
        assert!(
            first == std::fs::read(dir.path().join("again").join(name)).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn no_change_passes_early_and_a_repetition_of_it_spends_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = live(dir.path(), "large", 0.2, "concurrency = 8");
    let first = live_run(&experiment, &dir.path().join("first"));
    assert_eq!(code(&first), 0, "{}", talk(&first));
    assert!(used(&dir.path().join("first")) < 100);
    let second = live_run(&experiment, &dir.path().join("second"));
    assert_eq!(code(&second), 0, "{}", talk(&second));
    assert!(
        talk(&second).contains("attempt 2 of this change"),
        "{}",
        talk(&second)
    );
    assert_eq!(
        log(&dir.path().join("second")).len(),
        1,
        "something was spent"
    );
    let attempts = attempts(dir.path());
    let numbers: Vec<_> = attempts
        .iter()
        .map(|a| a["attempt"].as_u64().unwrap())
        .collect();
    assert_eq!(
        numbers,
        [1, 1, 2, 2],
        "each is kept when it begins and when it ends"
    );
    assert!(attempts[0]["outcome"].is_null() && attempts[1]["outcome"] == "pass");
    // Another gate is another change.
    let other = live(dir.path(), "large", 0.25, "concurrency = 8");
    live_run(&other, &dir.path().join("other"));
    assert_eq!(verdict(&dir.path().join("other"))["attempt"]["number"], 1);
}

#[test]
fn concurrency_changes_neither_verdict_nor_stop() {
    let dir = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    for concurrency in [1, 16] {
        let at = dir.path().join(concurrency.to_string());
        std::fs::create_dir_all(&at).unwrap();
        let experiment = live(&at, "nano", 0.05, &format!("concurrency = {concurrency}"));
        let output = live_run(&experiment, &at.join("out"));
        let sequential = verdict(&at.join("out"))["sequential"].clone();
        seen.push((
            code(&output),
            sequential["samples_used"].clone(),
            sequential["candidates"].clone(),
        ));
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn an_attempt_that_runs_out_of_budget_is_continued_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = live(
        dir.path(),
        "large",
        0.05,
        "concurrency = 4\nmax_calls = 200",
    );
    let first = live_run(&experiment, &dir.path().join("first"));
    // Either the budget is reached, or what it still pays for cannot bring a PASS.
    assert!([2, 5].contains(&code(&first)), "{}", talk(&first));
    let before = used(&dir.path().join("first"));
    let second = live_run(&experiment, &dir.path().join("second"));
    assert!([0, 2, 5].contains(&code(&second)), "{}", talk(&second));
    let sequential = verdict(&dir.path().join("second"))["sequential"].clone();
    assert_eq!(sequential["samples_carried"].as_u64(), Some(before));
    let overall = &sequential["candidates"][0]["evidence"][0];
    assert!(
        overall["carried_log_e"].as_f64().unwrap() > 1.0,
        "{overall}"
    );
    // The first one must not be resumed any more: its next samples are used.
    let late = live_run(&experiment, &dir.path().join("first"));
    assert_eq!(code(&late), 3, "{}", talk(&late));
    assert!(talk(&late).contains("twice"));
}

#[test]
fn a_killed_run_goes_on_to_the_verdict_of_an_undisturbed_one() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = live(dir.path(), "nano", 0.05, "concurrency = 2");
    let whole = dir.path().join("whole");
    let ledger = |name: &str| dir.path().join(format!("ledger-{name}"));
    let start = |out: &Path, name: &str| {
        let mut command = weighbridge();
        command.arg("run").arg(&experiment).arg("--out").arg(out);
        command.arg("--ledger").arg(ledger(name));
        command
    };
    let expected = start(&whole, "whole").output().unwrap();
    let broken = dir.path().join("broken");
    let mut child = start(&broken, "broken")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let lines =
        || std::fs::read_to_string(broken.join("run.jsonl")).map_or(0, |t| t.matches('\n').count());
    let patience = Instant::now() + Duration::from_secs(60);
    while lines() < 8 && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let output = start(&broken, "broken").output().unwrap();
    assert_eq!(code(&output), code(&expected), "{}", talk(&output));
    let (a, b) = (
        verdict(&whole)["sequential"].clone(),
        verdict(&broken)["sequential"].clone(),
    );
    for key in ["stop", "samples_used", "candidates", "round"] {
        assert_eq!(a[key], b[key], "{key}");
    }
    assert_eq!(
        verdict(&broken)["attempt"]["number"],
        1,
        "a resumed run is no new attempt"
    );
}

#[test]
fn a_ledger_that_cannot_be_kept_stops_a_sequential_run_before_it_spends() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 40);
    std::fs::write(dir.path().join("file"), "").unwrap();
    let output = run(&experiment, &dir.path().join("out"))
        .arg("--ledger")
        .arg(dir.path().join("file"))
        .output()
        .unwrap();
    assert_eq!(code(&output), 3);
    assert!(talk(&output).contains("--ledger"), "{}", talk(&output));
}
