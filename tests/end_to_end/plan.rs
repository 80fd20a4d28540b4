//! A plan before a run: chances, costs, and slices that can never pass.

use std::path::Path;
use std::process::Output;

use crate::support::{RECORDED, code, recorded, talk, weighbridge};

fn plan(dir: &Path, more: &[&str]) -> Output {
    weighbridge()
        .current_dir(dir)
        .args(["plan", "experiment.toml"])
        .args(more)
        .output()
        .unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

const GATE: &str = "[gate]\noverall_margin = 0.10\nslice_margin = 0.2\n";

#[test]
fn a_plan_says_what_the_gate_can_prove_and_leaves_no_run() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path(), 240);
    std::fs::write(
        dir.path().join("experiment.toml"),
        format!("{RECORDED}\n{GATE}"),
    )
    .unwrap();
    let output = plan(dir.path(), &[]);
    assert_eq!(code(&output), 0, "{}", talk(&output));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for says in [
        "length against production; flip rates of the recorded outcomes",
        "whole gate if nothing changed: PASS",
        "Monte-Carlo error",
        "task=rare",
        "no calls, no money",
    ] {
        assert!(text.contains(says), "{says}: {text}");
    }
    assert!(!dir.path().join("runs").exists());
    // The same seed, the same bytes; another seed, other chances.
    assert_eq!(plan(dir.path(), &[]).stdout, output.stdout);
    let doc = json(&plan(dir.path(), &["--json"]));
    let candidate = &doc["candidates"][0];
    let slices = candidate["slices"].as_array().unwrap();
    assert_eq!(slices[0]["name"], "overall");
    assert_eq!(slices[0]["n"], 240);
    assert_eq!(candidate["flip_rates"], "recorded");
    // Two of five of the recorded answers differ where the router leaves the strong model.
    let flips = slices[0]["expected_flips"].as_f64().unwrap();
    assert!(flips > 20.0 && flips < 70.0, "{flips}");
    assert_eq!(doc["effort"]["calls"], 0.0);
}

#[test]
fn a_critical_slice_that_can_never_pass_is_an_error_that_says_what_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path(), 240);
    let gate = "[gate]\noverall_margin = 0.10\ncritical = [\"task=rare\"]\nmargins = { \"task=rare\" = 0.02 }\n";
    std::fs::write(
        dir.path().join("experiment.toml"),
        format!("{RECORDED}\n{gate}"),
    )
    .unwrap();
    let output = plan(dir.path(), &["--json"]);
    assert_eq!(code(&output), 3);
    let talk = talk(&output);
    assert!(
        talk.contains("critical slice `task=rare` can never pass: 60 samples"),
        "{talk}"
    );
    assert!(
        talk.contains("150 samples are needed, which could prove 2.0 points")
            || talk.contains("149 samples"),
        "{talk}"
    );
    assert!(talk.contains("hint:"), "{talk}");
    assert_eq!(json(&output)["errors"].as_array().unwrap().len(), 1);
}

#[test]
fn flip_rates_come_from_an_earlier_run_first() {
    let dir = tempfile::tempdir().unwrap();
    recorded(dir.path(), 240);
    std::fs::write(
        dir.path().join("experiment.toml"),
        format!("{RECORDED}\n{GATE}"),
    )
    .unwrap();
    let run = weighbridge()
        .current_dir(dir.path())
        .args(["run", "experiment.toml", "--out", "before"])
        .output()
        .unwrap();
    assert!([0, 1, 2].contains(&code(&run)), "{}", talk(&run));
    let doc = json(&plan(dir.path(), &["--from", "before", "--json"]));
    assert_eq!(doc["candidates"][0]["flip_rates"], "earlier_run");
    let missing = plan(dir.path(), &["--from", "nowhere"]);
    assert_eq!(code(&missing), 3, "{}", talk(&missing));
}

const LIVE: &str = r#"
name = "live"
[dataset]
path = "samples.jsonl"
[slices]
by = ["task"]
[run]
mode = "live"
max_output_tokens = 100
retries = 1
max_cost_usd = 0.01
[controls]
single = false
[[backend]]
name = "fleet"
kind = "embedded"
[[model]]
name = "small"
backend = "fleet"
price = { input_per_mtok_usd = 1.0, output_per_mtok_usd = 10.0 }
[[model]]
name = "large"
backend = "fleet"
price = { input_per_mtok_usd = 10.0, output_per_mtok_usd = 100.0 }
[[policy]]
name = "prod"
kind = "always"
model = "large"
role = "baseline"
[[policy]]
name = "cascade"
kind = "cascade"
models = ["small", "large"]
accept = { confidence_at_least = 0.9 }
role = "candidate"
[gate]
overall_margin = 0.2
"#;

#[test]
fn a_live_plan_prices_calls_as_expected_and_at_most() {
    let dir = tempfile::tempdir().unwrap();
    let line = |i: usize| {
        format!(
            "{{\"id\":\"s{i}\",\"prompt\":\"12345678\",\"target\":{{\"kind\":\"exact\",\"answer\":\"1\"}},\"labels\":{{\"task\":\"t\"}}}}\n"
        )
    };
    std::fs::write(
        dir.path().join("samples.jsonl"),
        (0..40).map(line).collect::<String>(),
    )
    .unwrap();
    std::fs::write(dir.path().join("experiment.toml"), LIVE).unwrap();
    let output = plan(dir.path(), &["--json", "--flip-rate", "0.03"]);
    assert_eq!(code(&output), 0, "{}", talk(&output));
    let doc = json(&output);
    assert_eq!(doc["candidates"][0]["flip_rates"], "given");
    let policies = doc["effort"]["policies"].as_array().unwrap();
    let of = |name: &str| policies.iter().find(|p| p["policy"] == name).unwrap();
    let usd = |name: &str, key: &str| of(name)[key].as_f64().unwrap();
    // Two input tokens and fifty output tokens expected; twenty and a hundred at most, two tries each.
    let price = |input: f64, output: f64| (input * 10.0 + output * 100.0) / 1e6;
    assert!(
        (usd("prod", "usd") - 40.0 * price(2.0, 50.0)).abs() < 1e-9,
        "{}",
        of("prod")
    );
    assert!(
        (usd("prod", "most_usd") - 80.0 * price(20.0, 100.0)).abs() < 1e-9,
        "{}",
        of("prod")
    );
    // A cascade calls the small model, and at most both.
    assert_eq!(of("cascade")["calls"], 40.0);
    assert_eq!(of("cascade")["most_calls"], 160);
    assert!((usd("cascade", "most_usd") - 88.0 * price(20.0, 100.0)).abs() < 1e-9);
    assert!(of("prod")["minutes"].is_null());
    assert!(
        doc["effort"]["budgets"][0]
            .as_str()
            .unwrap()
            .starts_with("max_cost_usd")
    );
    let wrong = plan(dir.path(), &["--flip-rate", "6"]);
    assert_eq!(code(&wrong), 3);
    assert!(
        talk(&wrong).contains("--flip-rate is 6"),
        "{}",
        talk(&wrong)
    );
}
