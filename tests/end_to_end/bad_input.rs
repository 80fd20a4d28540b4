//! Careless input: each gives file, line, what is wrong, what to do, and the documented code.

use std::path::Path;

use crate::support::{RECORDED, code, recorded, talk, weighbridge};

/// Runs an experiment file that differs from the good one; returns exit code and talk.
fn run(dir: &Path, experiment: &str) -> (i32, String) {
    recorded(dir, 24);
    std::fs::write(dir.join("experiment.toml"), experiment).unwrap();
    go(dir)
}

fn go(dir: &Path) -> (i32, String) {
    let output = weighbridge()
        .arg("run")
        .arg(dir.join("experiment.toml"))
        .arg("--out")
        .arg(dir.join("out"))
        .output()
        .unwrap();
    (code(&output), talk(&output))
}

/// Line and column (from 1) of a text in the experiment.
fn place(experiment: &str, text: &str) -> String {
    let offset = experiment.find(text).unwrap();
    let before = &experiment[..offset];
    let column = before.len() - before.rfind('\n').map_or(0, |i| i + 1) + 1;
    format!(
        "experiment.toml:{}:{column}:",
        before.matches('\n').count() + 1
    )
}

fn refused(dir: &Path, experiment: &str, at: &str, says: &str) {
    let (code, talk) = run(dir, experiment);
    assert_eq!(code, 3, "{talk}");
    assert!(talk.contains(&place(experiment, at)), "{at}: {talk}");
    assert!(talk.contains(says), "{says}: {talk}");
    assert!(
        !dir.join("out/run.jsonl").exists(),
        "nothing may be written"
    );
}

#[test]
fn an_error_in_the_third_policy_points_at_its_own_value() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = RECORDED.replace("label = \"task\"", "lable = \"task\"");
    refused(dir.path(), &wrong, "lable", "did you mean `label`?");
    let wrong = RECORDED.replace("share_strong = 0.5", "share_strong = \"half\"");
    refused(dir.path(), &wrong, "\"half\"", "invalid type");
    let wrong = RECORDED.replace("kind = \"table\"", "kind = \"tabel\"");
    refused(dir.path(), &wrong, "\"tabel\"", "did you mean `table`?");
    let wrong = RECORDED.replace("share_strong = 0.5", "share_strong = 0.5\noverhead_ms = -7");
    refused(dir.path(), &wrong, "-7", "`overhead_ms` is -7");
    let wrong = RECORDED.replace("share_strong = 0.5", "share_strong = 1.5");
    refused(dir.path(), &wrong, "1.5", "share_strong");
}

#[test]
fn an_unknown_model_is_pointed_at() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = RECORDED.replace("weak = \"weak\"\nstrong", "weak = \"weka\"\nstrong");
    refused(
        dir.path(),
        &wrong,
        "\"weka\"",
        "unknown model `weka`; the fleet has weak, strong",
    );
    let wrong = RECORDED.replacen("name = \"weak\"", "name = \"wek\"", 1);
    refused(dir.path(), &wrong, "[[model]]", "did you mean `weak`?");
}

#[test]
fn a_missing_price_is_pointed_at() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = RECORDED.replacen(
        "price = { input_per_mtok_usd = 0.1, output_per_mtok_usd = 0.4 }",
        "",
        1,
    );
    refused(dir.path(), &wrong, "[[model]]", "has no price");
}

#[test]
fn a_policy_is_never_judged_on_what_it_learned_from() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = RECORDED.replace("fit = { folds = 4 }", "");
    let (code, talk) = run(dir.path(), &wrong);
    assert_eq!(code, 3, "{talk}");
    assert!(
        talk.contains("needs recorded outcomes to learn from"),
        "{talk}"
    );
}

#[test]
fn data_errors_name_file_and_line() {
    let good = "{\"id\":\"a\",\"prompt\":\"q\",\"target\":{\"kind\":\"recorded\"}}\n";
    let cases = [
        (
            "{\"id\":\"b\",\"prompt\":\"q\"}\n",
            "samples.jsonl:2: ",
            "missing field `target`",
        ),
        ("{\"id\":\"b\",\"prom", "samples.jsonl:2: ", "invalid JSON"),
        (good, "samples.jsonl:2: ", "duplicate sample id `a`"),
        (
            "{\"id\":\"b\",\"prompt\":\"q\",\"target\":{\"kind\":\"choice\",\"answer\":\"E\",\
             \"choices\":[\"A\",\"B\"]}}\n",
            "samples.jsonl:2: ",
            "not one of the choices",
        ),
    ];
    for (line, place, says) in cases {
        let dir = tempfile::tempdir().unwrap();
        recorded(dir.path(), 4);
        std::fs::write(dir.path().join("samples.jsonl"), format!("{good}{line}")).unwrap();
        let (code, talk) = go(dir.path());
        assert_eq!(code, 3, "{talk}");
        assert!(
            talk.contains(place) && talk.contains(says),
            "{says}: {talk}"
        );
        assert!(talk.contains("hint: "), "{talk}");
    }
}

#[test]
fn an_empty_dataset_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path(), 4);
    std::fs::write(dir.path().join("samples.jsonl"), "").unwrap();
    let (code, talk) = go(dir.path());
    assert_eq!(code, 3, "{talk}");
    assert!(talk.contains("samples.jsonl: no samples found"), "{talk}");
}

#[test]
fn a_prompt_of_ten_megabytes_is_no_problem() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path(), 24);
    let path = dir.path().join("samples.jsonl");
    let samples = std::fs::read_to_string(&path).unwrap();
    let big = format!("question 1 {}", "long ".repeat(2_000_000));
    std::fs::write(&path, samples.replacen("question 1 x", &big, 1)).unwrap();
    let (code, talk) = go(dir.path());
    assert!([0, 1, 2].contains(&code), "{talk}");
    let html = dir.path().join("out/report.html").metadata().unwrap().len();
    assert!(
        html < 2_000_000,
        "the report holds the whole prompt: {html} bytes"
    );
}

#[test]
fn an_unwritable_output_fails_before_anything_is_done() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path(), 4);
    std::fs::write(dir.path().join("out"), "a file, not a folder").unwrap();
    let (code, talk) = go(dir.path());
    assert_eq!(code, 3, "{talk}");
    assert!(
        talk.contains("cannot write") && talk.contains("--out"),
        "{talk}"
    );
}

#[test]
fn a_port_that_does_not_answer_is_an_invalid_run() {
    let dir = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let live = RECORDED
        .replace("mode = \"replay\"", "mode = \"live\"")
        .replace("[[model]]\n", "[[model]]\nbackend = \"here\"\n")
        .replace("[[policy]]\nname = \"table\"\nkind = \"table\"\nlabel = \"task\"\nfit = { folds = 4 }\n", "")
        + &format!(
            "\n[[backend]]\nname = \"here\"\nkind = \"openai_chat\"\n\
             base_url = \"http://127.0.0.1:{port}/v1\"\n"
        );
    // Recorded targets cannot be graded live, and the program says so before it calls anybody.
    let (refused, talk) = run(dir.path(), &live);
    assert_eq!(refused, 3, "{talk}");
    assert!(
        talk.contains("samples.jsonl") && talk.contains("live"),
        "{talk}"
    );
    let samples = dir.path().join("samples.jsonl");
    let gradable = "{\"kind\":\"number\",\"value\":1}";
    let text = std::fs::read_to_string(&samples).unwrap();
    std::fs::write(&samples, text.replace("{\"kind\":\"recorded\"}", gradable)).unwrap();
    let (code, talk) = go(dir.path());
    assert_eq!(code, 4, "{talk}");
    assert!(
        talk.contains("here") && talk.contains(&port.to_string()),
        "{talk}"
    );
    assert!(talk.contains("hint: "), "{talk}");
}

#[test]
fn usage_errors_have_the_documented_code() {
    let output = weighbridge().arg("rnu").output().unwrap();
    assert_eq!(code(&output), 3, "{}", talk(&output));
    let output = weighbridge()
        .args(["run", "no-such-file.toml"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 3);
    assert!(
        talk(&output).contains("no-such-file.toml"),
        "{}",
        talk(&output)
    );
    let help = weighbridge().arg("--help").output().unwrap();
    assert_eq!(code(&help), 0);
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    for line in [
        "0    pass",
        "1    block",
        "2    inconclusive",
        "5    budget",
        "130  interrupted",
    ] {
        assert!(text.contains(line), "{line} is missing from the help");
    }
}

#[test]
fn numbers_out_of_reach_and_keys_without_effect_are_refused_before_anything_is_sent() {
    let mode = "mode = \"replay\"";
    for timeout in ["1e300", "inf", "nan", "0.0", "-1.0"] {
        let dir = tempfile::tempdir().unwrap();
        let wrong = RECORDED.replace(mode, &format!("{mode}\ntimeout_s = {timeout}"));
        refused(dir.path(), &wrong, "timeout_s", "at most 1000000");
    }
    let dir = tempfile::tempdir().unwrap();
    let rule = "[run.prefix]\nmax_excess = 0.25\n[dataset]";
    let wrong = RECORDED.replace("[dataset]", rule);
    refused(dir.path(), &wrong, "0.25", "a replay sends nothing");
    let backend = "[[backend]]\nname = \"fleet\"\nkind = \"embedded\"\n[[model]]";
    let live = wrong
        .replace(mode, "mode = \"live\"")
        .replacen("[[model]]", backend, 1)
        .replace("[[model]]\nname", "[[model]]\nbackend = \"fleet\"\nname");
    refused(
        dir.path(),
        &live,
        "0.25",
        "none of the prompts is synthetic",
    );
}
