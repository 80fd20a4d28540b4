//! Two runs against each other.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::support::{RECORDED, code, log, recorded, talk, weighbridge};

const OUTPUTS: [&str; 7] = [
    "run.jsonl",
    "samples.jsonl",
    "report.html",
    "report.md",
    "report.json",
    "junit.xml",
    "verdict.json",
];

/// Runs an experiment file into a directory beside it.
fn run(experiment: &Path, name: &str, more: &[&str]) -> PathBuf {
    let out = experiment.with_file_name(name);
    let output = weighbridge()
        .arg("run")
        .arg(experiment)
        .arg("--out")
        .arg(&out)
        .args(more)
        .output()
        .unwrap();
    assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
    out
}

fn compare(a: &Path, b: &Path, more: &[&str]) -> Output {
    weighbridge()
        .arg("compare")
        .arg(a)
        .arg(b)
        .args(more)
        .output()
        .unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The experiment of `recorded` with one thing changed, beside it.
fn variant(dir: &Path, name: &str, change: impl Fn(&str) -> String) -> PathBuf {
    let text = change(RECORDED);
    assert_ne!(text, RECORDED, "the change changed nothing");
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_same_policy_on_two_nights_differs_in_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 240);
    let (a, b) = (run(&experiment, "a", &[]), run(&experiment, "b", &[]));
    let output = compare(&a, &b, &[]);
    assert_eq!(code(&output), 0, "{}", talk(&output));
    let out = b.join("compare");
    for name in OUTPUTS {
        assert!(out.join(name).exists(), "{name} is missing");
    }
    let report = json(&out.join("report.json"));
    let diff = &report["run_diff"];
    assert_eq!(diff["join"]["matched"], 240);
    assert_eq!(diff["join"]["config"], serde_json::json!([]));
    assert_eq!(diff["new_failures"], serde_json::json!([]));
    let failing = diff["still_failing"].as_array().unwrap().len();
    assert!(failing > 0);
    let verdict = &report["verdicts"][0];
    assert_eq!(verdict["candidate"], "length (B)");
    assert_eq!(verdict["baseline"], "length (A)");
}

#[test]
fn a_worse_policy_is_blocked_and_every_lost_sample_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 240);
    let (a, b) = (run(&experiment, "a", &[]), run(&experiment, "b", &[]));
    let out = dir.path().join("out");
    let names = [
        "--policy-a",
        "production",
        "--policy-b",
        "length",
        "--json",
        "--out",
    ];
    let output = compare(&a, &b, &[&names[..], &[out.to_str().unwrap()]].concat());
    assert_eq!(code(&output), 1, "{}", talk(&output));
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict, json(&out.join("verdict.json")));
    // What the log of B says of the two policies of the one recording.
    let score = |policy: &str, sample: &str| {
        let line = log(&b)
            .into_iter()
            .find(|l| l["policy"] == policy && l["sample"] == sample);
        line.unwrap()["score"]["value"].as_f64().unwrap()
    };
    let lost = verdict["run_diff"]["new_failures"].as_array().unwrap();
    assert!(lost.len() > 10);
    for id in lost {
        let id = id.as_str().unwrap();
        assert_eq!(
            (score("production", id), score("length", id)),
            (1.0, 0.0),
            "{id}"
        );
    }
    let junit = std::fs::read_to_string(out.join("junit.xml")).unwrap();
    assert!(
        junit.contains(&format!("name=\"new_failures\" value=\"{}\"", lost.len())),
        "{junit}"
    );
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("id=\"run-diff\"") && page.contains(lost[0].as_str().unwrap()));
    let markdown = std::fs::read_to_string(out.join("report.md")).unwrap();
    assert!(markdown.contains("### Run diff"));
}

#[test]
fn samples_of_one_run_and_changed_samples_are_listed_and_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 120);
    let a = run(&experiment, "a", &[]);
    let samples = dir.path().join("samples.jsonl");
    let text = std::fs::read_to_string(&samples).unwrap();
    let edited: Vec<String> = text
        .lines()
        .filter(|line| !line.contains("\"id\":\"s5\""))
        .map(|line| match line {
            line if line.contains("\"id\":\"s7\"") => line.replace("question 7", "another 7"),
            // Not content: the sample counts, in the slice that B puts it into.
            line if line.contains("\"id\":\"s9\"") => line.replace("common", "rare"),
            line => line.to_owned(),
        })
        .collect();
    std::fs::write(&samples, edited.join("\n") + "\n").unwrap();
    let outcomes = dir.path().join("outcomes.jsonl");
    let kept = std::fs::read_to_string(&outcomes).unwrap();
    let kept: Vec<&str> = kept
        .lines()
        .filter(|l| !l.contains("\"sample\":\"s5\""))
        .collect();
    std::fs::write(&outcomes, kept.join("\n") + "\n").unwrap();
    let b = run(&experiment, "b", &[]);
    let output = compare(&a, &b, &[]);
    assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
    assert!(
        talk(&output).contains("excluded, only in A: 1 (s5)"),
        "{}",
        talk(&output)
    );
    let report = json(&b.join("compare/report.json"));
    let join = &report["run_diff"]["join"];
    assert_eq!(join["matched"], 118);
    assert_eq!(join["only_a"], serde_json::json!(["s5"]));
    assert_eq!(
        join["changed"],
        serde_json::json!([{ "id": "s7", "what": "the prompt" }])
    );
    assert_eq!(join["relabelled"], serde_json::json!(["s9"]));
    assert_eq!(report["comparisons"][0]["pairs"], 118);
    assert_eq!(report["provenance"]["dataset"]["samples"], 118);
    let markdown = std::fs::read_to_string(b.join("compare/report.md")).unwrap();
    assert!(
        markdown.contains("118 samples are in both runs"),
        "{markdown}"
    );
    let brief = json(&b.join("compare/verdict.json"));
    assert_eq!(brief["run_diff"]["excluded"], 2);
}

#[test]
fn the_same_bytes_at_any_thread_count_and_from_the_log_again() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 240);
    let (a, b) = (
        run(&experiment, "a", &[]),
        run(&experiment, "b", &["--limit", "200"]),
    );
    let outs = ["one", "two"].map(|name| dir.path().join(name));
    for (out, threads) in outs.iter().zip(["1", "2"]) {
        let output = weighbridge()
            .arg("compare")
            .args([&a, &b])
            .args(["--policy-a", "production", "--policy-b", "table", "--out"])
            .arg(out)
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
    }
    let again = dir.path().join("again");
    let mut report = weighbridge();
    report.arg("report").arg(&outs[0]).arg("--out").arg(&again);
    assert_eq!(code(&report.output().unwrap()), 0);
    for name in OUTPUTS {
        let one = std::fs::read(outs[0].join(name)).unwrap();
        assert!(
            one == std::fs::read(outs[1].join(name)).unwrap(),
            "{name} differs"
        );
        if name.starts_with("report") || name.starts_with("verdict") || name.starts_with("junit") {
            assert!(
                one == std::fs::read(again.join(name)).unwrap(),
                "{name} differs"
            );
        }
    }
    // A comparison can be made again over itself, and judged like any other run.
    assert_eq!(
        code(&compare(
            &a,
            &b,
            &[
                "--policy-a",
                "production",
                "--policy-b",
                "table",
                "--out",
                outs[0].to_str().unwrap()
            ]
        )),
        code(&weighbridge().arg("gate").arg(&outs[0]).output().unwrap())
    );
}

#[test]
fn prices_repeats_and_slices_that_differ_are_put_on_one_footing() {
    let dir = tempfile::tempdir().unwrap();
    let first = recorded(dir.path(), 240);
    let second = variant(dir.path(), "second.toml", |text| {
        text.replace("input_per_mtok_usd = 2.0", "input_per_mtok_usd = 4.0")
            .replace("output_per_mtok_usd = 8.0", "output_per_mtok_usd = 16.0")
            .replace("seed = 3", "seed = 4\nrepeats = 2")
            .replace("by = [\"task\"]", "by = []")
    });
    let (a, b) = (run(&first, "a", &[]), run(&second, "b", &[]));
    let output = compare(&a, &b, &["--policy-a", "production"]);
    assert_eq!(code(&output), 0, "{}", talk(&output));
    let report = json(&b.join("compare/report.json"));
    // The same answers of the same model: at one price book they cost the same.
    let cost = &report["comparisons"][0]["cost"];
    let (old, new) = (&cost["baseline_per_1k_usd"], &cost["candidate_per_1k_usd"]);
    assert!(
        (old.as_f64().unwrap() - new.as_f64().unwrap()).abs() < 1e-9,
        "{cost}"
    );
    assert_eq!(report["provenance"]["repeats"], 1);
    assert_eq!(report["comparisons"][0]["slices"], serde_json::json!([]));
    let notes = report["run_diff"]["join"]["notes"].to_string();
    for what in [
        "repeats differ, 1 in A and 2 in B",
        "slices differ",
        "priced by B's price book",
    ] {
        assert!(notes.contains(what), "{what} is missing in {notes}");
    }
    let paths = report["run_diff"]["join"]["config"].to_string();
    for path in [
        "seed",
        "repeats",
        "fleet[strong].price.input_per_mtok_usd",
        "slices",
    ] {
        assert!(paths.contains(path), "{path} is missing in {paths}");
    }
}

#[test]
fn another_gate_policy_judges_the_comparison() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 240);
    let a = run(&experiment, "a", &[]);
    let lenient = dir.path().join("gate.toml");
    std::fs::write(&lenient, "overall_margin = 0.5\nslice_margin = 0.6\n").unwrap();
    let out = dir.path().join("out");
    let names = [
        "--policy-a",
        "production",
        "--policy-b",
        "length",
        "--policy",
    ];
    let more = [lenient.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let output = compare(&a, &a, &[&names[..], &more].concat());
    assert_eq!(code(&output), 0, "{}", talk(&output));
}

/// Exit code and what is said, for runs that cannot be compared.
fn refused(output: &Output, exit: i32, what: &str) {
    assert_eq!(code(output), exit, "{}", talk(output));
    assert!(
        talk(output).contains(what),
        "{what:?} is missing in {}",
        talk(output)
    );
    assert!(talk(output).contains("hint:"), "no hint: {}", talk(output));
}

#[test]
fn what_cannot_be_compared_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 60);
    let (a, b) = (run(&experiment, "a", &[]), run(&experiment, "b", &[]));
    refused(
        &compare(&a, &dir.path().join("nowhere"), &[]),
        3,
        "holds no run",
    );
    refused(
        &compare(&a, &b, &["--policy-a", "nobody"]),
        3,
        "run A has no policy `nobody`; it has `production` (baseline)",
    );
    refused(
        &compare(&a, &a, &[]),
        3,
        "same run and the same policy `length`",
    );
    refused(
        &compare(&a, &b, &["--out", a.to_str().unwrap()]),
        3,
        "would overwrite",
    );
    assert!(
        !b.join("compare").exists(),
        "a refused comparison left something behind"
    );
    let two = variant(dir.path(), "two.toml", |text| {
        text.replace(
            "fit = { folds = 4 }",
            "fit = { folds = 4 }\nrole = \"candidate\"",
        )
    });
    let c = run(&two, "c", &[]);
    refused(
        &compare(&c, &c, &[]),
        3,
        "`length` (candidate), `table` (candidate)",
    );
    let gate = dir.path().join("gate.toml");
    std::fs::write(&gate, "overall_margin = 2.0\n").unwrap();
    let output = compare(&a, &b, &["--policy", gate.to_str().unwrap()]);
    assert_eq!(code(&output), 3, "{}", talk(&output));
}

#[test]
fn runs_without_a_common_sample_are_invalid() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 30);
    let a = run(&experiment, "a", &[]);
    for file in ["samples.jsonl", "outcomes.jsonl"] {
        let path = dir.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(
            &path,
            text.replace("\"id\":\"s", "\"id\":\"t")
                .replace("\"sample\":\"s", "\"sample\":\"t"),
        )
        .unwrap();
    }
    let b = run(&experiment, "b", &[]);
    refused(&compare(&a, &b, &[]), 4, "30 ids only in A, 30 only in B");
}

#[test]
fn damaged_logs_are_named_and_torn_ones_are_short() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 60);
    let (a, b) = (run(&experiment, "a", &[]), run(&experiment, "b", &[]));
    let path = b.join("run.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    // Torn in the middle of a line: a tenth of the trials is gone, which the coverage floor catches.
    let end = whole.len() - whole.len() / 10;
    std::fs::write(&path, &whole[..end]).unwrap();
    let output = compare(&a, &b, &[]);
    assert_eq!(code(&output), 4, "{}", talk(&output));
    assert!(talk(&output).contains("torn line"), "{}", talk(&output));
    let report = json(&b.join("compare/report.json"));
    assert_eq!(report["run_diff"]["join"]["b"]["torn"], true);
    assert!(
        !report["run_diff"]["unjudged"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    // A line that is no trial.
    let broken = whole.replacen("{\"sample\"", "{\"simple\"", 2);
    std::fs::write(&path, broken).unwrap();
    refused(&compare(&a, &b, &[]), 4, "run.jsonl:2: not a trial");
    // No header at all.
    std::fs::write(&path, "").unwrap();
    refused(&compare(&a, &b, &[]), 4, "not a run header");
    std::fs::write(&path, whole).unwrap();
    std::fs::remove_file(b.join("samples.jsonl")).unwrap();
    let output = compare(&a, &b, &[]);
    assert_eq!(code(&output), 3, "{}", talk(&output));
    assert!(talk(&output).contains("samples.jsonl"), "{}", talk(&output));
}
