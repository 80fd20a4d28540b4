//! `weighbridge slices discover`: finds what was planted, and writes what the experiment file reads.

use std::path::{Path, PathBuf};

use crate::support::{RECORDED, code, talk, weighbridge};

/// Two models that agree but for one conjunction: the weak one fails on every second long task `b`.
fn planted(dir: &Path) -> PathBuf {
    let (mut samples, mut outcomes) = (String::new(), String::new());
    for i in 0..1200usize {
        let task = ["a", "b", "c\\\"d"][i % 3];
        let length = i * 7919 % 300;
        samples += &format!(
            "{{\"id\":\"s{i}\",\"prompt\":\"q {}\",\"target\":{{\"kind\":\"recorded\"}},\
             \"labels\":{{\"task\":\"{task}\"}}}}\n",
            "x".repeat(length)
        );
        let fails = task == "b" && length >= 150 && i % 2 == 0;
        for (model, right) in [("weak", i % 11 != 0 && !fails), ("strong", i % 13 != 0)] {
            outcomes += &format!(
                "{{\"sample\":\"s{i}\",\"model\":\"{model}\",\"score\":{{\"value\":{}}}}}\n",
                f64::from(u8::from(right))
            );
        }
    }
    std::fs::write(dir.join("samples.jsonl"), samples).unwrap();
    std::fs::write(dir.join("outcomes.jsonl"), outcomes).unwrap();
    let path = dir.join("experiment.toml");
    let text = RECORDED.replace(
        "kind = \"length\"\nweak = \"weak\"\nstrong = \"strong\"\nshare_strong = 0.5",
        "kind = \"always\"\nmodel = \"weak\"",
    );
    assert_ne!(text, RECORDED);
    std::fs::write(&path, text).unwrap();
    path
}

fn run(experiment: &Path, out: &Path) -> i32 {
    let output = weighbridge()
        .arg("run")
        .arg(experiment)
        .arg("--out")
        .arg(out)
        .output()
        .unwrap();
    assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
    code(&output)
}

fn slice(out: &Path, name: &str) -> serde_json::Value {
    let text = std::fs::read(out.join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let slices = report["comparisons"][0]["slices"].as_array().unwrap();
    slices.iter().find(|s| s["name"] == name).unwrap().clone()
}

#[test]
fn the_patch_is_an_experiment_with_the_slice_and_does_not_gate_where_it_was_found() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = planted(dir.path());
    let out = dir.path().join("out");
    run(&experiment, &out);
    let verdict = std::fs::read(out.join("verdict.json")).unwrap();
    let discover = |arguments: &[&str]| {
        let output = weighbridge()
            .args(["slices", "discover"])
            .arg(&out)
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{}", talk(&output));
        output
    };
    let found: serde_json::Value = serde_json::from_slice(&discover(&["--json"]).stdout).unwrap();
    let first = &found["finds"][0];
    assert_eq!(first["confirmed"], true, "{found}");
    let kinds: Vec<_> = first["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["label", "chars"], "{first}");
    let name = first["name"].as_str().unwrap();

    let patch = String::from_utf8(discover(&[]).stdout).unwrap();
    let to_file = dir.path().join("slices.toml");
    let table = discover(&["--out", to_file.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&to_file).unwrap(), patch);
    assert!(
        String::from_utf8(table.stdout)
            .unwrap()
            .contains("loss shown")
    );

    // Nothing in the run changes by searching it.
    assert_eq!(std::fs::read(out.join("verdict.json")).unwrap(), verdict);
    let mut text = std::fs::read_to_string(&experiment).unwrap();
    text += &patch;
    std::fs::write(&experiment, &text).unwrap();
    let again = dir.path().join("again");
    run(&experiment, &again);
    let same = slice(&again, name);
    assert_eq!(same["tier"], "exploratory");
    let both = first["searched"]["n"].as_u64().unwrap() + first["tested"]["n"].as_u64().unwrap();
    assert_eq!(same["n"].as_u64().unwrap(), both);

    // Another candidate: the slice was registered before its results were known, and guards.
    std::fs::write(&experiment, text.replace("seed = 3", "seed = 4")).unwrap();
    let next = dir.path().join("next");
    run(&experiment, &next);
    assert_eq!(slice(&next, name)["tier"], "guarded");
}

#[test]
fn conditions_that_mean_nothing_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = planted(dir.path());
    let text = std::fs::read_to_string(&experiment).unwrap();
    for (condition, problem) in [
        ("", "needs `labels`, `prompt_chars` or `words`"),
        ("prompt_chars = { at_least = 9, below = 9 }", "is empty"),
        ("prompt_chars = {}", "neither"),
        ("words = [\"--\"]", "no letter or digit"),
        ("word = [\"x\"]", "unknown field"),
    ] {
        let slice = format!("\n[[slices.where]]\nname = \"odd one\"\n{condition}\n");
        std::fs::write(&experiment, format!("{text}{slice}")).unwrap();
        let output = weighbridge().arg("run").arg(&experiment).output().unwrap();
        assert_eq!(code(&output), 3, "{condition}");
        assert!(
            talk(&output).contains(problem),
            "{condition}: {}",
            talk(&output)
        );
    }
    let output = weighbridge()
        .args(["slices", "discover"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert_eq!(code(&output), 3, "there is no run: {}", talk(&output));
}
