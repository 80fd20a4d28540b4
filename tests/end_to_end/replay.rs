//! Recorded outcomes: exact, deterministic, free.

use crate::support::{code, log, recorded, root, shared, talk, weighbridge};

const OUTPUTS: [&str; 7] = [
    "run.jsonl",
    "samples.jsonl",
    "report.html",
    "report.md",
    "report.json",
    "junit.xml",
    "verdict.json",
];

#[test]
fn the_same_bytes_at_any_thread_count() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 240);
    let run = |threads: &str, out: &str| {
        let output = weighbridge()
            .args(["run", experiment.to_str().unwrap(), "--out"])
            .arg(dir.path().join(out))
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
        code(&output)
    };
    let first = run("1", "one");
    assert_eq!(first, run("3", "three"));
    // Into the same folder again: a replay is always made anew.
    assert_eq!(first, run("2", "one"));
    for name in OUTPUTS {
        let one = std::fs::read(dir.path().join("one").join(name)).unwrap();
        let three = std::fs::read(dir.path().join("three").join(name)).unwrap();
        assert!(one == three, "{name} differs between runs");
    }
}

#[test]
fn a_report_is_made_again_from_the_log_alone() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 60);
    let out = dir.path().join("out");
    weighbridge()
        .arg("run")
        .arg(&experiment)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    for source in ["samples.jsonl", "outcomes.jsonl", "experiment.toml"] {
        std::fs::remove_file(dir.path().join(source)).unwrap();
    }
    let again = dir.path().join("again");
    let output = weighbridge()
        .arg("report")
        .arg(&out)
        .arg("--out")
        .arg(&again)
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", talk(&output));
    for name in [
        "report.html",
        "report.md",
        "report.json",
        "junit.xml",
        "verdict.json",
    ] {
        let first = std::fs::read(out.join(name)).unwrap();
        assert!(
            first == std::fs::read(again.join(name)).unwrap(),
            "{name} differs"
        );
    }
}

/// A run may be split over machines: the trials of two shards, put together in either order, are the
/// run.
#[test]
fn shards_in_any_order_give_the_report_of_one_pass() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 120);
    let whole = dir.path().join("whole");
    let command = |verb: &str, input: &std::path::Path, out: &std::path::Path| {
        let mut command = weighbridge();
        command.arg(verb).arg(input).arg("--out").arg(out);
        command.output().unwrap()
    };
    command("run", &experiment, &whole);
    let text = std::fs::read_to_string(whole.join("run.jsonl")).unwrap();
    let (header, trials) = text.split_once('\n').unwrap();
    let trials: Vec<&str> = trials.lines().collect();
    let (even, odd): (Vec<_>, Vec<_>) = trials.iter().enumerate().partition(|(i, _)| i % 2 == 0);
    let merged = dir.path().join("merged");
    std::fs::create_dir(&merged).unwrap();
    std::fs::copy(whole.join("samples.jsonl"), merged.join("samples.jsonl")).unwrap();
    let shards = odd.iter().rev().chain(&even).map(|(_, line)| **line);
    let lines: Vec<&str> = std::iter::once(header).chain(shards).collect();
    std::fs::write(merged.join("run.jsonl"), lines.join("\n") + "\n").unwrap();
    let output = command("report", &merged, &merged);
    assert_eq!(code(&output), 0, "{}", talk(&output));
    for name in &OUTPUTS[2..] {
        let one = std::fs::read(whole.join(name)).unwrap();
        let other = std::fs::read(merged.join(name)).unwrap();
        assert!(one == other, "{name} differs between one pass and shards");
    }
}

#[test]
fn another_gate_policy_judges_the_same_run() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 240);
    let out = dir.path().join("out");
    let run = weighbridge()
        .arg("run")
        .arg(&experiment)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    // Half of the requests go to a model that fails on every third: a loss of about ten points.
    assert_eq!(code(&run), 1, "{}", talk(&run));
    let lenient = dir.path().join("gate.toml");
    std::fs::write(&lenient, "overall_margin = 0.5\nslice_margin = 0.6\n").unwrap();
    let gate = weighbridge()
        .arg("gate")
        .arg(&out)
        .arg("--policy")
        .arg(&lenient)
        .arg("--out")
        .arg(dir.path().join("lenient"))
        .output()
        .unwrap();
    assert_eq!(code(&gate), 0, "{}", talk(&gate));
}

#[test]
fn json_on_standard_output_is_one_document() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 40);
    let output = weighbridge()
        .arg("run")
        .arg(&experiment)
        .arg("--out")
        .arg(dir.path().join("out"))
        .arg("--json")
        .output()
        .unwrap();
    let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let kept = std::fs::read(dir.path().join("out/verdict.json")).unwrap();
    assert_eq!(
        verdict,
        serde_json::from_slice::<serde_json::Value>(&kept).unwrap()
    );
}

fn accuracy(report: &serde_json::Value, policy: &str) -> f64 {
    let policies = report["policies"].as_array().unwrap();
    let of = policies.iter().find(|p| p["name"] == policy).unwrap();
    of["quality"]["point"].as_f64().unwrap()
}

#[test]
fn routellm_mmlu_reproduces_the_published_figures() {
    let Some(data) = shared("routellm") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let output = weighbridge()
        .arg("run")
        .arg(root().join("datasets/routellm/mmlu.toml"))
        .arg("--data")
        .arg(&data)
        .arg("--out")
        .arg(dir.path())
        .arg("--ledger")
        .arg(dir.path().join("ledger"))
        .output()
        .unwrap();
    assert!([1, 2].contains(&code(&output)), "{}", talk(&output));
    let text = std::fs::read(dir.path().join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert!((accuracy(&report, "always gpt-4") - 0.80587).abs() < 1e-5);
    assert!((accuracy(&report, "only mixtral-8x7b") - 0.68091).abs() < 1e-5);
    let routing = report["routing"].as_array().unwrap();
    let length = routing
        .iter()
        .find(|r| r["policy"] == "length 69 %")
        .unwrap();
    assert!((length["apgr"].as_f64().unwrap() - 0.586).abs() < 5e-4);
    let health = report["health"].as_array().unwrap();
    assert!(health.iter().any(|f| f["kind"] == "below_chance"
        && f["model"] == "gpt-4"
        && f["slice"] == "subject=high_school_mathematics"));
    let verdicts = report["verdicts"].as_array().unwrap();
    let length = verdicts
        .iter()
        .find(|v| v["candidate"] == "length 69 %")
        .unwrap();
    // The average hides it: within the margin overall, and subjects that lose far more.
    let claims = length["claims"].as_array().unwrap();
    let overall = claims
        .iter()
        .find(|c| c["slice"] == "overall" && c["kind"] == "quality");
    assert_eq!(overall.unwrap()["state"], "holds");
    assert_eq!(length["outcome"], "block");
    assert_eq!(log(dir.path()).len() as u64, 1 + 14_037 * policies(&report));
}

#[test]
fn a_sequential_run_over_routellm_mmlu_blocks_what_the_fixed_gate_blocks() {
    let Some(data) = shared("routellm") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let output = weighbridge()
        .args(["run", "--sequential"])
        .arg(root().join("datasets/routellm/mmlu.toml"))
        .arg("--data")
        .arg(&data)
        .arg("--out")
        .arg(dir.path())
        .arg("--ledger")
        .arg(dir.path().join("ledger"))
        .output()
        .unwrap();
    assert_eq!(code(&output), 1, "{}", talk(&output));
    let text = std::fs::read(dir.path().join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&text).unwrap();
    for verdict in report["verdicts"].as_array().unwrap() {
        assert_eq!(verdict["outcome"], "block", "{verdict}");
    }
    let used = report["sequential"]["samples_used"].as_u64().unwrap();
    assert!(used < 7_000, "{used} samples used");
}

fn policies(report: &serde_json::Value) -> u64 {
    report["policies"].as_array().unwrap().len() as u64
}

#[test]
fn routellm_gsm8k_and_llmrouter_run_as_shipped() {
    for (file, part) in [
        ("routellm/gsm8k.toml", "routellm"),
        ("llmrouter/experiment.toml", "llmrouter"),
    ] {
        let Some(data) = shared(part) else { continue };
        let dir = tempfile::tempdir().unwrap();
        let output = weighbridge()
            .arg("run")
            .arg(root().join("datasets").join(file))
            .arg("--data")
            .arg(&data)
            .arg("--out")
            .arg(dir.path())
            .arg("--ledger")
            .arg(dir.path().join("ledger"))
            .args(["--limit", "600"])
            .output()
            .unwrap();
        assert!(
            [0, 1, 2].contains(&code(&output)),
            "{file}: {}",
            talk(&output)
        );
    }
}
