//! The gate policy as a file of its own: found, checked, hashed, swapped.

use std::path::Path;

use crate::support::{RECORDED, code, log, recorded, talk, weighbridge};

fn go(dir: &Path, args: &[&str]) -> (i32, String) {
    let output = weighbridge().current_dir(dir).args(args).output().unwrap();
    (code(&output), talk(&output))
}

fn with_policy(dir: &Path, policy: &str) {
    recorded(dir, 120);
    std::fs::write(dir.join("gate.toml"), policy).unwrap();
    let text = format!("{RECORDED}\n[gate]\npolicy = \"gate.toml\"\n");
    std::fs::write(dir.join("experiment.toml"), text).unwrap();
}

#[test]
fn errors_in_a_policy_file_point_into_it_for_run_and_gate() {
    let dir = tempfile::tempdir().unwrap();
    with_policy(dir.path(), "version = 1\n");
    assert!([1, 2].contains(&go(dir.path(), &["run", "experiment.toml", "--out", "good"]).0));
    let cases = [
        (
            "# overall_margin\nslice_margn = 0.1\n",
            "gate.toml:2:1:",
            "did you mean `slice_margin`?",
        ),
        (
            "# overall_margin\noverall_margin = 5\n",
            "gate.toml:2:18:",
            "`overall_margin` is 5",
        ),
        (
            "[margins]\n\"task=rare\" = 0.1\n\"task=common\" = 1.5\n",
            "gate.toml:3:17:",
            "1.5",
        ),
        (
            "critical = [\n  \"task=common\",\n  \"task=rar\",\n]\n",
            "gate.toml:3:3:",
            "did you mean `task=rare`?",
        ),
        (
            "exploratory = [\"zzz\"]\n",
            "gate.toml:1:16:",
            "the slices are task=common, task=rare",
        ),
        (
            "margins = { \"task=x\" = 0.1 }\n",
            "gate.toml:1:24:",
            "`task=x`, and there is none",
        ),
        (
            "critical = [\"routed to nobody\"]\n",
            "gate.toml:1:13:",
            "`routed to nobody`",
        ),
        (
            "critical = [\"task=rare\"]\nexploratory = [\"task=rare\"]\n",
            "gate.toml:2:16:",
            "both critical and exploratory",
        ),
        ("min_saving = 30\n", "gate.toml:1:14:", "`min_saving` is 30"),
    ];
    for (text, place, says) in cases {
        std::fs::write(dir.path().join("gate.toml"), text).unwrap();
        for args in [
            vec!["run", "experiment.toml", "--out", "bad"],
            vec!["gate", "good", "--policy", "gate.toml", "--out", "judged"],
        ] {
            let (code, talk) = go(dir.path(), &args);
            assert_eq!(code, 3, "{text}: {talk}");
            assert!(talk.contains(place), "{text}: {place}: {talk}");
            assert!(talk.contains(says), "{text}: {says}: {talk}");
            assert!(talk.contains("hint:"), "{text}: {talk}");
        }
        assert!(!dir.path().join("bad/run.jsonl").exists());
    }
}

#[test]
fn names_in_the_experiment_itself_are_pointed_at_too() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path(), 24);
    let text = format!("{RECORDED}\n[gate]\ncritical = [\"task=comon\"]\n");
    std::fs::write(dir.path().join("experiment.toml"), &text).unwrap();
    let (code, talk) = go(dir.path(), &["run", "experiment.toml"]);
    assert_eq!(code, 3, "{talk}");
    let line = text
        .lines()
        .position(|l| l.starts_with("critical"))
        .unwrap()
        + 1;
    assert!(
        talk.contains(&format!("experiment.toml:{line}:13:")),
        "{talk}"
    );
    assert!(talk.contains("did you mean `task=common`?"), "{talk}");
}

#[test]
fn a_missing_policy_file_is_pointed_at_where_it_is_named() {
    let dir = tempfile::tempdir().unwrap();
    with_policy(dir.path(), "");
    std::fs::remove_file(dir.path().join("gate.toml")).unwrap();
    let (code, talk) = go(dir.path(), &["run", "experiment.toml"]);
    assert_eq!(code, 3, "{talk}");
    assert!(
        talk.contains("experiment.toml:") && talk.contains("gate.toml"),
        "{talk}"
    );
}

#[test]
fn the_policys_hash_is_kept_with_the_run_and_another_policy_is_announced() {
    let dir = tempfile::tempdir().unwrap();
    with_policy(
        dir.path(),
        "version = 3\nslice_margin = 0.3\ncritical = [\"task=rare\", \"task=common\"]\n",
    );
    assert!([0, 1, 2].contains(&go(dir.path(), &["run", "experiment.toml", "--out", "out"]).0));
    let made = log(&dir.path().join("out"))[0]["notes"]["gate_hash"]
        .as_str()
        .unwrap()
        .to_owned();
    let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
    for file in ["verdict.json", "report.json", "report.html", "report.md"] {
        assert!(read(&format!("out/{file}")).contains(&made), "{file}");
    }
    // The same content in another form is the same policy: nothing to say.
    let same = "# reviewed\ncritical = [ \"task=common\", \"task=rare\" ]\nversion = 3\noverall_margin = 0.02\nslice_margin = 3e-1\n";
    std::fs::write(dir.path().join("same.toml"), same).unwrap();
    let (_, talk) = go(
        dir.path(),
        &["gate", "out", "--policy", "same.toml", "--out", "same"],
    );
    assert!(!talk.contains("note: judged by"), "{talk}");
    std::fs::write(
        dir.path().join("other.toml"),
        "version = 4\noverall_margin = 0.5\nslice_margin = 0.5\n",
    )
    .unwrap();
    let (code, talk) = go(
        dir.path(),
        &["gate", "out", "--policy", "other.toml", "--out", "other"],
    );
    assert_eq!(code, 0, "{talk}");
    assert!(
        talk.contains("note: judged by gate policy version 4") && talk.contains(&made),
        "{talk}"
    );
    let verdict: serde_json::Value = serde_json::from_str(&read("other/verdict.json")).unwrap();
    assert_eq!(verdict["run_gate_hash"], made.as_str());
    assert_ne!(verdict["gate_hash"], made.as_str());
    assert_eq!(verdict["gate_version"], 4);
    assert!(read("other/report.md").contains(&format!("made under {made}")));
}
