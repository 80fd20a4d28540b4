//! The GitHub Action: its metadata, and its scripts with a stand-in for `gh`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::ci_outputs::hostile;
use crate::support::{recorded, root};

fn script(name: &str) -> PathBuf {
    root().join(".github/actions/weighbridge").join(name)
}

fn bash(name: &str) -> Command {
    let mut command = Command::new("bash");
    command.arg(script(name));
    command
}

fn said(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&text).into_owned()
}

/// Words between `${{` and `}}`.
fn expressions(text: &str) -> Vec<&str> {
    let parts = text.split("${{").skip(1);
    parts
        .map(|p| p.split("}}").next().unwrap().trim())
        .collect()
}

#[test]
fn metadata_and_scripts_fit_together() {
    let text = std::fs::read_to_string(root().join("action.yml")).unwrap();
    assert!(!text.contains('\t'), "YAML is indented by spaces");
    let of = |head: &str, next: &str| {
        let rest = text.split(&format!("\n{head}:\n")).nth(1).unwrap();
        rest.split(&format!("\n{next}:\n"))
            .next()
            .unwrap()
            .to_owned()
    };
    let keys = |part: &str| -> Vec<String> {
        let top = part
            .lines()
            .filter(|l| l.starts_with("  ") && !l.starts_with("   "));
        top.filter_map(|l| l.trim().strip_suffix(':'))
            .map(str::to_owned)
            .collect()
    };
    let (inputs, outputs) = (of("inputs", "outputs"), of("outputs", "runs"));
    let steps = text.split("\nruns:\n").nth(1).unwrap();
    assert!(steps.starts_with("  using: composite\n"));
    for input in keys(&inputs) {
        assert!(
            steps.contains(&format!("inputs.{input}")),
            "input {input} is not used"
        );
    }
    let weigh = std::fs::read_to_string(script("weigh.sh")).unwrap();
    let wanted = ["verdict", "exit-code", "report"];
    let outputs = keys(&outputs);
    assert!(
        wanted.iter().all(|w| outputs.iter().any(|o| o == w)),
        "{outputs:?}"
    );
    for output in &outputs {
        assert!(
            weigh.contains(&format!("\noutput {output} ")),
            "output {output} is not set"
        );
    }
    for expression in expressions(&text) {
        for word in expression.split(|c: char| !c.is_alphanumeric() && !"._-".contains(c)) {
            if let Some(input) = word.strip_prefix("inputs.") {
                assert!(keys(&inputs).iter().any(|k| k == input), "{word}");
            }
            if let Some(step) = word.strip_prefix("steps.") {
                let id = step.split('.').next().unwrap();
                assert!(steps.contains(&format!("- id: {id}\n")), "{word}");
            }
        }
    }
    // An expression in a script would be pasted into it before the shell reads it.
    for line in steps
        .lines()
        .filter(|l| l.trim_start().trim_start_matches("- ").starts_with("run:"))
    {
        assert!(!line.contains("${{"), "{line}");
        if let Some(name) = line.split("weighbridge/").nth(1) {
            assert!(script(name.trim_end_matches('"')).is_file(), "{line}");
        }
    }
    for step in steps.split("\n    - ").skip(1) {
        assert_eq!(
            step.contains("run: "),
            step.contains("shell: bash"),
            "{step}"
        );
        assert_ne!(step.contains("run: "), step.contains("uses: "), "{step}");
    }
}

/// Outputs a script wrote, as `name=value` lines.
struct Weighed {
    output: Output,
    outputs: String,
}

fn weigh(dir: &Path, set: &[(&str, &str)]) -> Weighed {
    let file = dir.join("outputs");
    std::fs::write(&file, "").unwrap();
    let mut command = bash("weigh.sh");
    command
        .current_dir(dir)
        .env("GITHUB_OUTPUT", &file)
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", dir.join("summary.md"))
        .env("RUNNER_TEMP", dir)
        .env("INPUT_BINARY", env!("CARGO_BIN_EXE_weighbridge"))
        .env("INPUT_EXPERIMENT", "experiment.toml");
    let output = command.envs(set.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let outputs = std::fs::read_to_string(&file).unwrap();
    Weighed { output, outputs }
}

#[test]
fn a_run_sets_outputs_and_leaves_summary_and_comment() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path(), 240);
    let made = weigh(dir.path(), &[("INPUT_ARGS", "--seed\n5\n")]);
    let run = dir.path().canonicalize().unwrap().join("weighbridge-run");
    for line in [
        "verdict=block".to_owned(),
        "exit-code=1".to_owned(),
        format!("report={}", run.join("report.html").display()),
        format!("run={}", run.display()),
    ] {
        assert!(
            made.outputs.lines().any(|l| l == line),
            "{line}: {}",
            made.outputs
        );
    }
    let header = std::fs::read_to_string(run.join("run.jsonl")).unwrap();
    assert!(header.lines().next().unwrap().contains("\"seed\":5"));
    assert!(
        std::fs::read_to_string(dir.path().join("summary.md"))
            .unwrap()
            .contains("BLOCK")
    );
    assert!(dir.path().join("weighbridge-comment.md").is_file());

    // The same directory again through the gate, then a file that is none: an old verdict is not taken.
    let gated = weigh(dir.path(), &[("INPUT_COMMAND", "gate")]);
    assert!(gated.outputs.contains("verdict=block\nexit-code=1\n"));
    let broken = weigh(dir.path(), &[("INPUT_EXPERIMENT", "absent.toml")]);
    assert!(
        broken.outputs.contains("verdict=none\nexit-code=3\n"),
        "{}",
        broken.outputs
    );
    assert!(
        broken.outputs.contains("comment=\n"),
        "no comment of an earlier run"
    );
    let neither = weigh(dir.path(), &[("INPUT_COMMAND", "run; echo pwned")]);
    assert!(neither.outputs.contains("verdict=none\nexit-code=3\n"));
    assert!(!said(&neither.output).lines().any(|l| l == "pwned"));
}

#[test]
fn a_hostile_run_speaks_no_command_and_adds_no_output() {
    let dir = tempfile::tempdir().unwrap();
    hostile(dir.path());
    let made = weigh(dir.path(), &[("INPUT_RUN", "a\nverdict=pass")]);
    let text = said(&made.output);
    let commands: Vec<&str> = text
        .split(['\n', '\r'])
        .map(str::trim_start)
        .filter(|l| l.starts_with("::"))
        .collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    let token = commands[0].strip_prefix("::stop-commands::").unwrap();
    assert_eq!(commands[1], format!("::{token}::"));
    assert!(token.len() == 32 && !text.contains("##["));
    assert_eq!(made.outputs.lines().count(), 5, "{}", made.outputs);
    assert!(
        made.outputs.starts_with("verdict=block\n"),
        "{}",
        made.outputs
    );
}

/// A `gh` that writes its arguments to a log, prints the ids it is told to, and fails where it is told
/// to.
fn fake_gh(dir: &Path) -> PathBuf {
    let bin = dir.join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let gh = bin.join("gh");
    std::fs::write(
        &gh,
        "#!/usr/bin/env bash\n\
         printf '%s\\n' \"$*\" >>\"$GH_LOG\"\n\
         for argument in \"$@\"; do case $argument in body=@*) cp \"${argument#body=@}\" \"$GH_LOG.body\";; esac; done\n\
         case \"$*\" in *\"$GH_FAILS\"*) [[ -z $GH_FAILS ]] || { echo 'HTTP 403' >&2; exit 1; };; esac\n\
         case \"$*\" in *--paginate*) printf '%s' \"$GH_IDS\"; printf '%s %s\\n' \"$AUTHOR\" \"$MARKER\" >\"$GH_LOG.asked\";; esac\n",
    )
    .unwrap();
    let mut allow = std::fs::metadata(&gh).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut allow, 0o755);
    std::fs::set_permissions(&gh, allow).unwrap();
    bin
}

/// Runs the comment script; what it said and the calls it made.
fn comment(dir: &Path, set: &[(&str, &str)]) -> (String, Vec<String>) {
    let bin = fake_gh(dir);
    let log = dir.join("gh.log");
    std::fs::write(&log, "").unwrap();
    let file = dir.join("comment.md");
    std::fs::write(&file, "the report `$(touch pwned)`\n").unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = bash("comment.sh");
    command
        .current_dir(dir)
        .env("PATH", path)
        .env("GH_LOG", &log)
        .env("GH_IDS", "")
        .env("GH_FAILS", "")
        .env("GH_TOKEN", "t")
        .env("GITHUB_REPOSITORY", "some/where")
        .env("PR_NUMBER", "7")
        .env("COMMENT_FILE", &file);
    let output = command.envs(set.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let calls = std::fs::read_to_string(&log).unwrap();
    (said(&output), calls.lines().map(str::to_owned).collect())
}

#[test]
fn the_first_comment_is_made_and_later_ones_update_it() {
    let dir = tempfile::tempdir().unwrap();
    let (text, calls) = comment(dir.path(), &[]);
    assert!(text.contains("Commented."), "{text}");
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(calls[0].contains("repos/some/where/issues/7/comments?per_page=100"));
    assert!(calls[1].contains("--method POST repos/some/where/issues/7/comments"));
    let body = std::fs::read_to_string(dir.path().join("gh.log.body")).unwrap();
    assert_eq!(
        body,
        "<!-- weighbridge-comment default -->\nthe report `$(touch pwned)`\n"
    );
    assert!(!dir.path().join("pwned").exists());

    let (text, calls) = comment(
        dir.path(),
        &[("GH_IDS", "4242\n4300\n"), ("COMMENT_KEY", "nightly")],
    );
    assert!(text.contains("Comment 4242 is up to date."), "{text}");
    assert!(calls[1].contains("--method PATCH repos/some/where/issues/comments/4242"));
    let asked = std::fs::read_to_string(dir.path().join("gh.log.asked")).unwrap();
    assert_eq!(
        asked,
        "github-actions[bot] <!-- weighbridge-comment nightly -->\n"
    );
}

#[test]
fn without_a_right_to_comment_it_says_so_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    for (set, calls_made, word) in [
        (("PR_NUMBER", ""), 0, "no pull request"),
        (("PR_NUMBER", "7; echo x"), 0, "no pull request"),
        (("GH_TOKEN", ""), 0, "no token"),
        (("COMMENT_FILE", "absent.md"), 0, "no report"),
        (("COMMENT_KEY", "a b -->"), 0, "comment-key"),
        (("GITHUB_REPOSITORY", "../../x y"), 0, "repository"),
        (("GH_FAILS", "--paginate"), 1, "cannot be read"),
        (("GH_FAILS", "POST"), 2, "fork"),
    ] {
        let (text, calls) = comment(dir.path(), &[set]);
        assert!(text.contains(word), "{set:?}: {text}");
        assert_eq!(calls.len(), calls_made, "{set:?}: {calls:?}");
        assert!(
            !text.contains("403"),
            "what the forge answers is not for the log"
        );
    }
    let (text, _) = comment(dir.path(), &[("GH_IDS", "5\n"), ("GH_FAILS", "PATCH")]);
    assert!(text.contains("may not update"), "{text}");
}

#[test]
fn the_source_key_names_a_place_and_a_hash() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("outputs");
    let output = bash("source-key.sh")
        .env("GITHUB_OUTPUT", &file)
        .env("RUNNER_TEMP", dir.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let outputs = std::fs::read_to_string(&file).unwrap();
    let key = outputs
        .lines()
        .find_map(|l| l.strip_prefix("key="))
        .unwrap();
    assert!(
        key.len() == 32 && key.bytes().all(|b| b.is_ascii_hexdigit()),
        "{outputs}"
    );
    assert!(outputs.contains("bin="));
}
