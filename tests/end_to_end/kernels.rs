//! `weighbridge kernels` as a user runs it, on whatever machine this is.

use crate::support::{code, talk, weighbridge};

#[test]
fn a_run_is_read_back_compared_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    for file in ["a.jsonl", "b.jsonl"] {
        let run = weighbridge()
            .args(["kernels", "run", "--only", "C3", "--out"])
            .arg(path(file))
            .output()
            .unwrap();
        assert_eq!(code(&run), 0, "{}", talk(&run));
    }
    let compared = weighbridge()
        .args(["kernels", "compare"])
        .args([path("a.jsonl"), path("b.jsonl")])
        .output()
        .unwrap();
    assert_eq!(code(&compared), 0, "{}", talk(&compared));
    assert!(talk(&compared).contains("2 configurations in both files, 0 in one only"));
    let report = weighbridge()
        .args(["kernels", "report"])
        .arg(path("a.jsonl"))
        .arg("--out")
        .arg(path("report.html"))
        .output()
        .unwrap();
    assert_eq!(code(&report), 0, "{}", talk(&report));
    let html = std::fs::read_to_string(path("report.html")).unwrap();
    assert!(html.contains("memcpy of the tables") && !html.contains("<script"));
}

#[test]
fn the_probe_always_ends_well() {
    let probe = weighbridge()
        .args(["kernels", "probe", "--json"])
        .output()
        .unwrap();
    assert_eq!(code(&probe), 0, "{}", talk(&probe));
    let found: serde_json::Value = serde_json::from_slice(&probe.stdout).unwrap();
    assert!(
        found.get("ready").is_some() || found.get("skipped").is_some(),
        "{found}"
    );
}

#[test]
fn the_model_is_modelled_only() {
    let model = weighbridge()
        .args(["kernels", "model", "--model", "llama3-8b"])
        .output()
        .unwrap();
    assert_eq!(code(&model), 0, "{}", talk(&model));
    let text = String::from_utf8(model.stdout).unwrap();
    assert!(text.lines().count() > 8);
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["record"]["outcome"]["modelled"].is_object(), "{line}");
    }
}

#[test]
fn unknown_names_are_usage_errors_with_the_known_ones() {
    for (args, hint) in [
        (["run", "--only", "C99"], "C1, C2"),
        (["model", "--model", "gpt"], "llama3-8b"),
    ] {
        let wrong = weighbridge().arg("kernels").args(args).output().unwrap();
        assert_eq!(code(&wrong), 3);
        assert!(talk(&wrong).contains(hint), "{}", talk(&wrong));
    }
}
