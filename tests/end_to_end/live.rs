//! Live runs on the embedded fleet.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::{code, log, root, talk, weighbridge};

fn quickstart(out: &Path, limit: &str) -> std::process::Command {
    let mut command = weighbridge();
    command
        .arg("run")
        .arg(root().join("datasets/quickstart/experiment.toml"))
        .args(["--limit", limit, "--out"])
        .arg(out)
        // Inside, so that a test leaves nothing beside its folder.
        .arg("--ledger")
        .arg(out.join("ledger"));
    command
}

fn keys(log: &[serde_json::Value]) -> Vec<(String, String)> {
    let text = |v: &serde_json::Value| v.as_str().unwrap().to_owned();
    log[1..]
        .iter()
        .map(|t| (text(&t["sample"]), text(&t["policy"])))
        .collect()
}

#[test]
fn the_quickstart_calls_models_and_writes_everything() {
    let dir = tempfile::tempdir().unwrap();
    let output = quickstart(dir.path(), "30").output().unwrap();
    assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
    let log = log(dir.path());
    let policies = log[0]["policies"].as_array().unwrap().len();
    assert!(
        policies >= 10,
        "at least six policies and the controls, not {policies}"
    );
    assert_eq!(log.len(), 1 + 30 * policies);
    for trial in &log[1..] {
        let attempts = trial["attempts"].as_array().unwrap();
        assert!(!attempts.is_empty(), "{trial}");
        for attempt in attempts {
            let mark = |name: &str| attempt[name].as_f64().unwrap();
            assert!(mark("sent_ms") <= mark("first_token_ms"), "{attempt}");
            assert!(mark("first_token_ms") <= mark("end_ms"), "{attempt}");
            assert!(attempt["usage"]["output_tokens"].as_u64().unwrap() > 0);
            assert!(attempt["cost"]["total_usd"].as_f64().unwrap() > 0.0);
        }
        assert!(trial["router_ms"].as_f64().unwrap() <= trial["ttft_ms"].as_f64().unwrap());
    }
    let cached = |t: &serde_json::Value| {
        let attempts = t["attempts"].as_array().unwrap();
        attempts
            .iter()
            .filter_map(|a| a["usage"]["cache_read_tokens"].as_u64())
            .sum::<u64>()
    };
    assert!(
        log[1..]
            .iter()
            .any(|t| t["attempts"][0]["usage"]["cache_read_tokens"].is_u64())
    );
    let _ = log[1..].iter().map(cached).sum::<u64>();
    for name in [
        "report.html",
        "report.md",
        "report.json",
        "junit.xml",
        "verdict.json",
    ] {
        assert!(
            dir.path().join(name).metadata().unwrap().len() > 100,
            "{name}"
        );
    }
    // Policies are interleaved: the first tenth of the log already has every policy.
    let early: BTreeSet<_> = keys(&log[..=policies * 6])
        .into_iter()
        .map(|(_, p)| p)
        .collect();
    assert_eq!(early.len(), policies);
}

#[test]
fn a_killed_run_resumes_and_pays_for_no_trial_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = quickstart(dir.path(), "60")
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let path = dir.path().join("run.jsonl");
    let lines = || std::fs::read_to_string(&path).map_or(0, |t| t.matches('\n').count());
    let patience = Instant::now() + Duration::from_secs(60);
    while lines() < 40 && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = std::fs::read_to_string(&path).unwrap();
    let finished: Vec<&str> = before
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .collect();
    assert!(finished.len() >= 40, "the run never got going");
    let output = quickstart(dir.path(), "60").output().unwrap();
    assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
    let after = std::fs::read_to_string(&path).unwrap();
    assert!(
        after.starts_with(&finished.concat()),
        "finished trials were rewritten"
    );
    let log = log(dir.path());
    let policies = log[0]["policies"].as_array().unwrap().len();
    let keys = keys(&log);
    assert_eq!(keys.len(), 60 * policies);
    assert_eq!(
        keys.iter().collect::<BTreeSet<_>>().len(),
        keys.len(),
        "a trial was paid twice"
    );
}

#[test]
fn the_starter_runs_as_written() {
    let dir = tempfile::tempdir().unwrap();
    let init = weighbridge()
        .arg("init")
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert_eq!(code(&init), 0, "{}", talk(&init));
    let again = weighbridge()
        .arg("init")
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert_eq!(code(&again), 3, "an existing file must not be overwritten");
    let run = weighbridge()
        .args(["run", "experiment.toml"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!([0, 1, 2].contains(&code(&run)), "{}", talk(&run));
    assert!(dir.path().join("runs/starter/report.html").exists());
}
