//! The gate measured: injected losses, and the same policy twice.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{RECORDED, code, recorded, talk, weighbridge};

fn run(experiment: &Path, name: &str) -> PathBuf {
    let out = experiment.with_file_name(name);
    let mut command = weighbridge();
    command.arg("run").arg(experiment).arg("--out").arg(&out);
    let output = command.output().unwrap();
    assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
    out
}

/// The experiment of `recorded` with more at its end or something else in it.
fn variant(dir: &Path, change: impl Fn(&str) -> String) -> PathBuf {
    let path = dir.join("variant.toml");
    std::fs::write(&path, change(RECORDED)).unwrap();
    path
}

fn gate(args: &[&str], run: &Path) -> std::process::Output {
    let mut command = weighbridge();
    command
        .arg("gate")
        .args(&args[..1])
        .arg(run)
        .args(&args[1..]);
    command.output().unwrap()
}

fn json(output: &std::process::Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_gate_that_behaves_says_so_for_every_loss() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path(), 400);
    let experiment = variant(dir.path(), |text| {
        format!(
            "{text}\n[gate]\noverall_margin = 0.10\nslice_margin = 0.15\ncritical = [\"task=rare\"]\n"
        )
    });
    let out = run(&experiment, "out");
    let output = gate(&["selftest", "--trials", "200", "--json"], &out);
    assert_eq!(code(&output), 0, "{}", talk(&output));
    let result = json(&output);
    let candidate = &result["candidates"][0];
    assert_eq!(candidate["candidate"], "length");
    assert_eq!(candidate["behaves"], true);
    let targets = candidate["targets"].as_array().unwrap();
    let names: Vec<&str> = targets
        .iter()
        .map(|t| t["slice"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["overall", "task=rare"]);
    for target in targets {
        let rows = target["rows"].as_array().unwrap();
        let share = |row: &Value, what: &str| row[what]["share"].as_f64().unwrap();
        let margin = target["margin"].as_f64().unwrap();
        assert!(rows.iter().any(|r| r["loss"].as_f64().unwrap() == margin));
        for row in rows {
            let whole = ["pass", "block", "inconclusive"].map(|w| share(row, w));
            assert!((whole.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            if row["loss"].as_f64().unwrap() >= margin {
                assert!(share(row, "pass") <= 0.12, "{target}");
            }
        }
        // More is lost, less passes.
        assert!(share(&rows[0], "pass") > share(rows.last().unwrap(), "pass"));
    }
    let text = gate(&["selftest", "--trials", "50", "--loss", "20"], &out);
    let shown = String::from_utf8(text.stdout).unwrap();
    assert!(shown.contains("first draw at 20 points: BLOCK"), "{shown}");
    assert!(shown.contains("the gate behaves on this run"), "{shown}");
}

#[test]
fn the_self_test_is_the_same_at_any_thread_count() {
    let dir = tempfile::tempdir().unwrap();
    let out = run(&recorded(dir.path(), 120), "out");
    let test = |threads: &str, seed: &str| {
        let mut command = weighbridge();
        command.args(["gate", "selftest"]).arg(&out);
        command.args(["--trials", "60", "--json", "--seed", seed]);
        command
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap()
            .stdout
    };
    let one = test("1", "9");
    assert!(!one.is_empty());
    assert!(one == test("2", "9"));
    assert!(one != test("2", "10"), "the seed does nothing");
}

#[test]
fn a_gate_that_can_never_block_is_called_decoration() {
    let dir = tempfile::tempdir().unwrap();
    let out = run(&recorded(dir.path(), 5), "out");
    let output = gate(&["selftest", "--trials", "100", "--loss", "5"], &out);
    assert_eq!(code(&output), 4, "{}", talk(&output));
    assert!(
        talk(&output).contains("never seen to block is decoration"),
        "{}",
        talk(&output)
    );
}

#[test]
fn bad_input_of_the_self_test_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let out = run(&recorded(dir.path(), 40), "out");
    let refused = |args: &[&str], run: &Path, exit: i32, what: &str| {
        let output = gate(args, run);
        assert_eq!(code(&output), exit, "{}", talk(&output));
        assert!(
            talk(&output).contains(what),
            "{what:?} is missing in {}",
            talk(&output)
        );
    };
    refused(
        &["selftest"],
        &dir.path().join("nowhere"),
        3,
        "holds no run",
    );
    refused(
        &["selftest", "--slice", "task=none"],
        &out,
        3,
        "`task=common`, `task=rare`",
    );
    refused(&["selftest", "--loss", "100"], &out, 3, "below 100");
    refused(&["selftest", "--loss=-1"], &out, 3, "at least 0");
    refused(&["selftest", "--trials", "3"], &out, 3, "at least 20");
    let lone = run(&recorded(dir.path(), 40), "lone");
    let log = lone.join("run.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    let other = text.replacen("\"role\":\"candidate\"", "\"role\":\"other\"", 1);
    std::fs::write(&log, other).unwrap();
    refused(&["selftest"], &lone, 3, "no candidate policy");
    // A log with a third of its trials is not a run whose gate can be tested.
    let path = out.join("run.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &text[..text.len() / 3]).unwrap();
    refused(&["selftest"], &out, 4, "the run is not valid");
    refused(&["aa"], &dir.path().join("nowhere"), 3, "holds no run");
}

#[test]
fn gate_without_a_subcommand_judges_a_run_whatever_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = recorded(dir.path(), 240);
    run(&experiment, "selftest");
    let judge = |path: &str| {
        let mut command = weighbridge();
        command
            .current_dir(dir.path())
            .args(["gate", path, "--json"]);
        command.output().unwrap()
    };
    let output = judge("./selftest");
    assert_eq!(code(&output), 1, "{}", talk(&output));
    assert_eq!(json(&output)["outcome"], "block");
    // The bare word is the subcommand, which wants a run.
    assert_eq!(code(&judge("selftest")), 3);
    let bare = weighbridge().arg("gate").output().unwrap();
    assert_eq!(code(&bare), 3, "{}", talk(&bare));
}

#[test]
fn a_replay_has_no_noise_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path(), 60);
    for change in ["seed = 3", "seed = 3\nrepeats = 3"] {
        let experiment = variant(dir.path(), |text| text.replace("seed = 3", change));
        let out = run(&experiment, "out");
        let output = gate(&["aa", "--trials", "50"], &out);
        assert_eq!(code(&output), 0, "{}", talk(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.contains("one answer was recorded for each sample and model"),
            "{text}"
        );
        let result = json(&gate(&["aa", "--json"], &out));
        assert!(result["no_noise"].is_string());
        assert_eq!(result["policies"], serde_json::json!([]));
    }
}

#[test]
fn random_routing_over_one_recording_has_the_noise_of_its_routes() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path(), 300);
    let experiment = variant(dir.path(), |text| {
        text.replace("seed = 3", "seed = 3\nrepeats = 2")
            + "\n[[policy]]\nname = \"coin\"\nkind = \"random\"\n\
               weights = { weak = 0.5, strong = 0.5 }\nrole = \"candidate\"\n"
    });
    let out = run(&experiment, "out");
    let measure = |threads: &str| {
        let mut command = weighbridge();
        command
            .args(["gate", "aa"])
            .arg(&out)
            .args(["--trials", "100", "--json"]);
        command.env("RAYON_NUM_THREADS", threads).output().unwrap()
    };
    let output = measure("1");
    assert_eq!(code(&output), 0, "{}", talk(&output));
    assert!(output.stdout == measure("2").stdout);
    let result = json(&output);
    let policies = result["policies"].as_array().unwrap();
    let coin = policies
        .iter()
        .find(|p| p["policies"] == serde_json::json!(["coin"]))
        .unwrap();
    let overall = &coin["slices"][0];
    // The models disagree on 11 of 30 questions, and the two coins on half of those.
    let rate = overall["flip_rate"]["point"].as_f64().unwrap();
    let (lower, upper) = (
        &overall["flip_rate"]["lower"],
        &overall["flip_rate"]["upper"],
    );
    assert!(
        lower.as_f64().unwrap() < 11.0 / 60.0 && 11.0 / 60.0 < upper.as_f64().unwrap(),
        "{rate}"
    );
    // Two standard errors of a difference at that rate.
    let floor = overall["noise_floor"].as_f64().unwrap();
    assert!(
        (floor / (1.96 * (rate / 300.0).sqrt()) - 1.0).abs() < 0.25,
        "{floor}"
    );
    assert!(coin["false_alarms"]["share"].as_f64().unwrap() < 0.1);
    let still = policies
        .iter()
        .find(|p| p["policies"] == serde_json::json!(["production"]))
        .unwrap();
    assert_eq!(still["slices"][0]["flip_rate"]["point"], 0.0);
    assert_eq!(still["slices"][0]["floor_by_limit"], true);
    assert!(still["slices"][0]["noise_floor"].as_f64().unwrap() > 0.0);
    assert!(result["remarks"].to_string().contains("the routing alone"));
}

#[test]
fn a_policy_and_its_twin_are_two_draws_and_a_live_run_of_one_draw_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path(), 60);
    let experiment = variant(dir.path(), |text| {
        text.to_owned()
            + "\n[[policy]]\nname = \"twin\"\nkind = \"length\"\nweak = \"weak\"\n\
               strong = \"strong\"\nshare_strong = 0.5\n"
    });
    let out = run(&experiment, "out");
    // What a live run of it would have logged: other words for every fourth answer.
    let path = out.join("run.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let live: String = text
        .lines()
        .enumerate()
        .map(|(i, line)| {
            let line = line.replace("\"mode\":\"replay\"", "\"mode\":\"live\"");
            if line.contains("\"policy\":\"twin\"") && i % 4 == 0 {
                line.replace("\"answer\":\"answer", "\"answer\":\"other") + "\n"
            } else {
                line + "\n"
            }
        })
        .collect();
    std::fs::write(&path, &live).unwrap();
    let output = gate(&["aa", "--json", "--trials", "50"], &out);
    assert_eq!(code(&output), 0, "{}", talk(&output));
    let result = json(&output);
    assert_eq!(
        result["policies"][0]["policies"],
        serde_json::json!(["length", "twin"])
    );
    assert_eq!(result["policies"].as_array().unwrap().len(), 1);
    let reworded = result["policies"][0]["reworded"].as_f64().unwrap();
    let changed = live.matches("\"answer\":\"other").count() as f64 / 60.0;
    assert!(
        changed > 0.0 && (reworded - changed).abs() < 1e-12,
        "{reworded} {changed}"
    );
    // Both took the same recorded time.
    assert_eq!(result["policies"][0]["ttft"]["cv"], 0.0);

    let alone = live.replace(
        "\"name\":\"twin\",\"kind\":\"length\"",
        "\"name\":\"twin\",\"kind\":\"x\"",
    );
    assert_ne!(alone, live);
    std::fs::write(&path, alone).unwrap();
    let output = gate(&["aa"], &out);
    assert_eq!(code(&output), 3, "{}", talk(&output));
    assert!(
        talk(&output).contains("one draw of each policy"),
        "{}",
        talk(&output)
    );
}
