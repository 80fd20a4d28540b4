//! Job summary, comment and code quality, and what a hostile run may not do to a build log.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{RECORDED, code, recorded, talk, weighbridge};

/// Text that tries to break out of logs and pages, as it stands in JSON.
pub(crate) const HOSTILE: &str = "::error::pwned\\n::add-mask::x\\r\\n  ::set-output name=a::b ##[set-env]x \
    @everyone <!-- x --> </details> \\u001b[31mred `code` ![b](https://evil.example/b.png) \\u2028 \\u0000";

/// A run whose names, labels, prompts and answers are all hostile.
pub(crate) fn hostile(dir: &Path) -> PathBuf {
    let (mut samples, mut outcomes) = (String::new(), String::new());
    for i in 0..160usize {
        samples += &format!(
            "{{\"id\":\"{HOSTILE} {i}\",\"prompt\":\"{HOSTILE} {}\",\"target\":{{\"kind\":\"recorded\"}},\
             \"labels\":{{\"task\":\"{HOSTILE} {}\"}}}}\n",
            "x".repeat(i % 50),
            i % 4
        );
        for (model, right) in [("weak", i % 3 != 0), ("strong", i % 10 != 0)] {
            outcomes += &format!(
                "{{\"sample\":\"{HOSTILE} {i}\",\"model\":\"{model}\",\"score\":{{\"value\":{}}},\
                 \"answer\":\"{HOSTILE} {model}\"}}\n",
                f64::from(u8::from(right))
            );
        }
    }
    std::fs::write(dir.join("samples.jsonl"), samples).unwrap();
    std::fs::write(dir.join("outcomes.jsonl"), outcomes).unwrap();
    let path = dir.join("experiment.toml");
    let text = RECORDED
        .replace(
            "name = \"recorded\"",
            "name = \"::error::name\\n::error::x ##[x]\"",
        )
        .replace("name = \"length\"", "name = \"::warning::policy ##[x]\"");
    std::fs::write(&path, text).unwrap();
    path
}

fn run(experiment: &Path, dir: &Path) -> Command {
    let mut command = weighbridge();
    command
        .arg("run")
        .arg(experiment)
        .arg("--out")
        .arg(dir.join("out"))
        .env_remove("GITHUB_ACTIONS")
        .env_remove("GITHUB_STEP_SUMMARY");
    command
}

fn no_command(text: &str) {
    for line in text.split(['\n', '\r']) {
        assert!(!line.trim_start().starts_with("::"), "{line}");
    }
    assert!(!text.contains("##["), "{text}");
}

#[test]
fn every_output_is_written_and_none_changes_the_verdict() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 240);
    let file = |name: &str| dir.path().join(name);
    std::fs::write(file("summary.md"), "what was there\n").unwrap();
    let output = run(&experiment, dir.path())
        .arg("--github-summary")
        .arg("--comment")
        .arg(file("made/comment.md"))
        .arg("--gitlab-code-quality")
        .arg(file("quality.json"))
        .env("GITHUB_STEP_SUMMARY", file("summary.md"))
        .output()
        .unwrap();
    assert_eq!(code(&output), 1, "{}", talk(&output));
    let report = std::fs::read_to_string(dir.path().join("out/report.md")).unwrap();
    let read = |name: &str| std::fs::read_to_string(file(name)).unwrap();
    assert_eq!(read("made/comment.md"), report);
    assert_eq!(read("summary.md"), format!("what was there\n{report}"));
    let findings: serde_json::Value = serde_json::from_str(&read("quality.json")).unwrap();
    let finding = &findings.as_array().unwrap()[0];
    assert_eq!(finding["location"]["path"], experiment.to_str().unwrap());
    assert_eq!(finding["severity"], "blocker");

    let gate = weighbridge()
        .arg("gate")
        .arg(dir.path().join("out"))
        .arg("--comment")
        .arg(file("again.md"))
        .output()
        .unwrap();
    assert_eq!(code(&gate), 1);
    assert_eq!(read("again.md"), report);
}

#[test]
fn a_full_or_missing_summary_is_no_failure() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 240);
    let summary = dir.path().join("summary.md");
    for before in [1_048_576 - 3000, 1_048_576, 2_000_000] {
        std::fs::write(&summary, "x".repeat(before)).unwrap();
        let output = run(&experiment, dir.path())
            .arg("--github-summary")
            .env("GITHUB_STEP_SUMMARY", &summary)
            .output()
            .unwrap();
        assert_eq!(code(&output), 1, "{}", talk(&output));
        let after = std::fs::read_to_string(&summary).unwrap();
        assert!(
            after.len() <= before.max(1_048_576),
            "{before}: {}",
            after.len()
        );
        assert_eq!(after.len() > before, before < 1_048_000, "{before}");
        assert_eq!(after.len() > before, after.contains("left out for length"));
    }
    for summary in [None, Some(dir.path())] {
        let mut command = run(&experiment, dir.path());
        command.arg("--github-summary");
        if let Some(folder) = summary {
            command.env("GITHUB_STEP_SUMMARY", folder);
        }
        let output = command.output().unwrap();
        assert_eq!(code(&output), 1);
        assert!(talk(&output).contains("warning"), "{}", talk(&output));
    }
}

#[test]
fn an_output_that_cannot_be_written_is_said_before_anything_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 40);
    let output = run(&experiment, dir.path())
        .arg("--comment")
        .arg(dir.path())
        .output()
        .unwrap();
    assert_eq!(code(&output), 3);
    assert!(talk(&output).contains("nothing was spent"));
    assert!(!dir.path().join("out/run.jsonl").exists());
}

#[test]
fn a_hostile_run_gives_no_command_to_a_build_log() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = hostile(dir.path());
    for arguments in [&[][..], &["--json"]] {
        let output = run(&experiment, dir.path())
            .args(arguments)
            .arg("--comment")
            .arg(dir.path().join("comment.md"))
            .env("GITHUB_ACTIONS", "true")
            .output()
            .unwrap();
        assert_eq!(code(&output), 1, "{}", talk(&output));
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        no_command(&text);
        no_command(&talk(&output));
        if arguments.is_empty() {
            assert!(!text.contains(['\x1b', '\0', '\u{2028}']));
        } else {
            let verdict: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(
                verdict["name"], "::error::name\n::error::x ##[x]",
                "means the same"
            );
        }
    }
    let comment = std::fs::read_to_string(dir.path().join("comment.md")).unwrap();
    assert!(comment.chars().count() < 65_536);
    assert_eq!(comment.matches("<!--").count(), 1, "its own marker alone");
    for bad in [
        "@everyone",
        "::error",
        "##[",
        "://",
        "\x1b",
        "\0",
        "\u{2028}",
    ] {
        assert!(!comment.contains(bad), "{bad}");
    }
    assert_eq!(
        comment.matches("<details>").count(),
        comment.matches("</details>").count()
    );
    let found = weighbridge()
        .args(["slices", "discover"])
        .arg(dir.path().join("out"))
        .env("GITHUB_ACTIONS", "true")
        .output()
        .unwrap();
    assert_eq!(code(&found), 0, "{}", talk(&found));
    no_command(&String::from_utf8(found.stdout.clone()).unwrap());
    no_command(&talk(&found));
}

#[test]
fn an_error_message_that_quotes_a_file_is_taken_apart() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bad.toml");
    std::fs::write(
        &path,
        "name = \"\"\"\n::error::x\n##[error]y\n\"\"\"\n::error::z = 1\n",
    )
    .unwrap();
    let output = weighbridge()
        .arg("run")
        .arg(&path)
        .env("GITHUB_ACTIONS", "true")
        .output()
        .unwrap();
    assert_eq!(code(&output), 3);
    no_command(&talk(&output));
}
