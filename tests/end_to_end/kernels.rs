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

#[test]
fn careless_files_are_told_what_is_wrong_and_existing_ones_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let run = |args: &[&str], file: &str| {
        let ran = weighbridge()
            .arg("kernels")
            .args(args)
            .arg(path(file))
            .output()
            .unwrap();
        (code(&ran), talk(&ran))
    };
    let (measured, said) = run(&["run", "--only", "C3", "--out"], "whole.jsonl");
    assert_eq!(measured, 0, "{said}");
    let whole = std::fs::read_to_string(path("whole.jsonl")).unwrap();
    std::fs::write(path("cut.jsonl"), &whole[..whole.len() - 40]).unwrap();
    std::fs::write(
        path("later.jsonl"),
        whole.replace("\"schema\":1", "\"schema\":9"),
    )
    .unwrap();
    std::fs::write(path("page.jsonl"), "<html>\n").unwrap();
    let lines = whole.lines().count();
    for (file, exit, says) in [
        ("gone.jsonl", 3, "kernels run --out FILE".to_owned()),
        ("cut.jsonl", 4, format!("cut.jsonl:{lines}:")),
        ("later.jsonl", 4, "schema 9 is not 1".to_owned()),
        (
            "page.jsonl",
            4,
            "page.jsonl:1:1: expected value; is this a file of".to_owned(),
        ),
    ] {
        let (found, said) = run(&["report"], file);
        assert_eq!(found, exit, "{file}: {said}");
        assert!(said.contains(&says), "{file}: {said}");
    }
    let (wrong, _) = run(&["run", "--only", "C99", "--out"], "whole.jsonl");
    assert_eq!(wrong, 3);
    assert_eq!(std::fs::read_to_string(path("whole.jsonl")).unwrap(), whole);
    let header: serde_json::Value = serde_json::from_str(whole.lines().next().unwrap()).unwrap();
    let cpu = header["header"]["host"]["cpu"].as_str().unwrap();
    let foreign = whole.replacen(&format!("\"cpu\":\"{cpu}\""), "\"cpu\":\"Other\"", 1);
    std::fs::write(path("foreign.jsonl"), foreign).unwrap();
    let first = path("whole.jsonl");
    let (same, said) = run(&["compare", first.to_str().unwrap()], "foreign.jsonl");
    assert_eq!(same, 0, "{said}");
    assert!(
        said.contains("warning: different processors") && said.contains("\"Other\""),
        "{said}"
    );
}
