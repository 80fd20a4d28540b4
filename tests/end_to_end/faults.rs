//! Faults of the embedded fleet, and what policies make of them.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::support::{code, log, root, talk, weighbridge};

fn run(experiment: &Path, out: &Path) -> std::process::Output {
    weighbridge()
        .arg("run")
        .arg(experiment)
        .arg("--out")
        .arg(out)
        .arg("--ledger")
        .arg(out.join("ledger"))
        .output()
        .unwrap()
}

/// Trials of one policy by sample.
fn of<'a>(log: &'a [Value], policy: &str) -> BTreeMap<&'a str, &'a Value> {
    let trials = log[1..].iter().filter(|t| t["policy"] == policy);
    trials.map(|t| (t["sample"].as_str().unwrap(), t)).collect()
}

fn attempts(trial: &Value) -> &[Value] {
    trial["attempts"].as_array().unwrap()
}

fn mean(trials: &BTreeMap<&str, &Value>) -> f64 {
    let value = |t: &&Value| t["score"]["value"].as_f64().unwrap_or(0.0);
    trials.values().map(value).sum::<f64>() / trials.len() as f64
}

#[test]
fn a_fallback_wins_an_outage_and_its_price_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = root().join("datasets/quickstart/outage.toml");
    let output = run(&experiment, dir.path());
    assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
    let log = log(dir.path());
    let alone = of(&log, "large, alone");
    let chain = of(&log, "large, then medium");
    assert_eq!((alone.len(), chain.len()), (200, 200));

    // Both policies met the same outage, try for try.
    let is_struck = |trial: &&Value| !attempts(trial)[0]["error"].is_null();
    let struck = |trials: &BTreeMap<&str, &Value>| -> Vec<String> {
        let struck = trials.iter().filter(|(_, t)| is_struck(t));
        struck.map(|(sample, _)| (*sample).to_owned()).collect()
    };
    let down = struck(&alone);
    assert_eq!(down, struck(&chain));
    assert!((30..80).contains(&down.len()), "{} of 200", down.len());

    for (sample, trial) in &alone {
        let failed = down.iter().any(|s| s == sample);
        assert_eq!(trial["score"]["failed"].is_string(), failed, "{trial}");
    }
    for sample in &down {
        let models: Vec<_> = attempts(chain[sample.as_str()])
            .iter()
            .map(|a| a["model"].as_str().unwrap())
            .collect();
        assert_eq!(models.first(), Some(&"large"), "{models:?}");
        assert_eq!(models.last(), Some(&"medium"), "{models:?}");
        assert_eq!(chain[sample.as_str()]["model"], "medium");
    }
    // What it wins: nearly all that was lost. What it costs: the answers of the other model.
    let won = mean(&chain) - mean(&alone);
    assert!(won > 0.08, "{won}");
    let usd = |trials: &BTreeMap<&str, &Value>| -> f64 {
        trials
            .values()
            .map(|t| t["cost_usd"].as_f64().unwrap())
            .sum()
    };
    assert!(usd(&chain) > usd(&alone));
    // Waiting for the failed call is part of the time to first token.
    let rescued = chain[down[0].as_str()];
    let last = attempts(rescued).last().unwrap();
    assert_eq!(rescued["ttft_ms"], last["first_token_ms"], "{rescued}");
    assert!(last["intended_ms"].as_f64() >= attempts(rescued)[0]["end_ms"].as_f64());

    let report = std::fs::read_to_string(dir.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["outcome"], "pass", "{}", talk(&output));
    let again = tempfile::tempdir().unwrap();
    run(&experiment, again.path());
    let log = crate::support::log(again.path());
    assert_eq!(struck(&of(&log, "large, alone")), down, "another outage");
}

/// An experiment of a few samples with one fault.
fn experiment(dir: &Path, backend: &str, run: &str) -> std::path::PathBuf {
    let samples = root().join("datasets/quickstart/samples.jsonl");
    let text = format!(
        "name = \"faults\"\nseed = 1\n\
         [dataset]\npath = {samples:?}\nsplit = \"test\"\nlimit = 12\n\
         [run]\nmode = \"live\"\nconcurrency = 4\nretries = 0\n{run}\n\
         [controls]\nsingle = false\nshuffled = false\nlength = false\n\
         [[backend]]\nname = \"fleet\"\nkind = \"embedded\"\nspeed = 50.0\n{backend}\n\
         [[model]]\nname = \"small\"\nbackend = \"fleet\"\nprice = {{ input_per_mtok_usd = 1.0, output_per_mtok_usd = 2.0 }}\n\
         [[model]]\nname = \"large\"\nbackend = \"fleet\"\nprice = {{ input_per_mtok_usd = 1.0, output_per_mtok_usd = 2.0 }}\n\
         [[policy]]\nname = \"small\"\nkind = \"always\"\nmodel = \"small\"\nrole = \"baseline\"\n\
         [[policy]]\nname = \"large\"\nkind = \"always\"\nmodel = \"large\"\nrole = \"candidate\"\n"
    );
    let path = dir.join("experiment.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// Error kinds of all attempts at one model, sorted; `ok` where there is none.
fn kinds(log: &[Value], model: &str) -> Vec<String> {
    let attempts = log[1..].iter().flat_map(attempts);
    let of_model = attempts.filter(|a| a["model"] == model);
    let kind = |a: &Value| a["error"]["kind"].as_str().unwrap_or("ok").to_owned();
    let mut kinds: Vec<_> = of_model.map(kind).collect();
    kinds.sort();
    kinds
}

#[test]
fn every_fault_is_told_for_what_it_is_and_harmless_ones_do_no_harm() {
    for (fault, kind) in [
        ("kind = \"server_error\"", "server"),
        ("kind = \"unavailable\"", "server"),
        ("kind = \"rate_limit\"\nretry_after_s = 0", "rate_limited"),
        ("kind = \"hang_up\"", "reset"),
        ("kind = \"redirect\"", "rejected"),
        ("kind = \"stall_headers\"\nms = 30000", "timeout"),
        (
            "kind = \"stall_stream\"\nms = 30000\nafter_tokens = 1",
            "timeout",
        ),
        ("kind = \"cut\"\nafter_tokens = 0", "reset"),
        ("kind = \"error_event\"\nafter_tokens = 0", "error_event"),
        ("kind = \"malformed_json\"\nafter_tokens = 0", "malformed"),
        ("kind = \"compressed\"", "malformed"),
        ("kind = \"long_line\"", "ok"),
        ("kind = \"byte_order_mark\"", "ok"),
        ("kind = \"lone_cr\"", "ok"),
        ("kind = \"slow_stream\"\nms = 2", "ok"),
        ("kind = \"wrong_usage\"\nfactor = 3", "ok"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let backend = format!("[[backend.fault]]\nmodel = \"large\"\n{fault}");
        let timeout = if kind == "timeout" {
            "timeout_s = 0.3"
        } else {
            ""
        };
        let path = experiment(dir.path(), &backend, timeout);
        let out = dir.path().join("out");
        let output = run(&path, &out);
        assert!(
            code(&output) <= 4 && code(&output) != 3,
            "{fault}: {}",
            talk(&output)
        );
        let log = log(&out);
        let large = kinds(&log, "large");
        assert_eq!(large.len(), 12, "{fault}");
        assert!(large.iter().all(|k| k == kind), "{fault}: {large:?}");
        assert!(kinds(&log, "small").iter().all(|k| k == "ok"), "{fault}");
    }
}

#[test]
fn wrong_usage_shows_in_the_money() {
    let dir = tempfile::tempdir().unwrap();
    let usd = |backend: &str, out: &str| -> f64 {
        let out = dir.path().join(out);
        run(&experiment(dir.path(), backend, ""), &out);
        let log = log(&out);
        of(&log, "large")
            .values()
            .map(|t| t["cost_usd"].as_f64().unwrap())
            .sum()
    };
    let right = usd("", "right");
    let fault = "[[backend.fault]]\nkind = \"wrong_usage\"\nfactor = 10.0\nmodel = \"large\"";
    assert!(usd(fault, "wrong") > 9.0 * right);
}

#[test]
fn an_open_breaker_fails_at_once_and_costs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let backend = "breaker = { failures = 3, open_s = 600 }\n\
                   [[backend.fault]]\nkind = \"unavailable\"\nmodel = \"large\"";
    // One at a time, so that answers of the other model do not come between the failures.
    let path = experiment(dir.path(), backend, "");
    let text = std::fs::read_to_string(&path).unwrap();
    let own = "[[backend]]\nname = \"other\"\nkind = \"embedded\"\nspeed = 50.0\n\
               [[model]]\nname = \"small\"\nbackend = \"other\"";
    let text = text.replace("[[model]]\nname = \"small\"\nbackend = \"fleet\"", own);
    std::fs::write(&path, text.replace("concurrency = 4", "concurrency = 1")).unwrap();
    let out = dir.path().join("out");
    let output = run(&path, &out);
    let log = log(&out);
    let large = kinds(&log, "large");
    let count = |kind: &str| large.iter().filter(|k| *k == kind).count();
    assert_eq!(
        (count("server"), count("circuit_open")),
        (3, 9),
        "{}",
        talk(&output)
    );
    for trial in of(&log, "large").values() {
        assert_eq!(trial["cost_usd"], 0.0);
    }
    let notes = std::fs::read_to_string(out.join("client.json")).unwrap();
    let notes: Value = serde_json::from_str(&notes).unwrap();
    assert_eq!(
        notes["limits.fleet"],
        "1 opening of the breaker; 9 calls failed at once, unsent"
    );
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("1 opening of the breaker") && page.contains("circuit_open"));
}

#[test]
fn a_pause_that_the_server_asks_for_holds_for_the_whole_backend() {
    let dir = tempfile::tempdir().unwrap();
    let backend = "[[backend.fault]]\nkind = \"rate_limit\"\nfirst = 1\nlast = 1";
    let path = experiment(dir.path(), backend, "");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("retries = 0", "retries = 1")).unwrap();
    let out = dir.path().join("out");
    let output = run(&path, &out);
    let log = log(&out);
    let all: Vec<_> = log[1..].iter().flat_map(attempts).collect();
    assert_eq!(all.len(), 25, "{}", talk(&output));
    // What was under way ends; the next calls of all others wait for the end of the second. That none
    // slips through is shown in virtual time, where no machine is slow.
    let wait = |a: &&&Value| a["sent_ms"].as_f64().unwrap() - a["intended_ms"].as_f64().unwrap();
    let waited = all.iter().filter(|a| wait(a) > 500.0).count();
    assert!(waited >= 1, "the wait belongs to the attempts");
    let notes = std::fs::read_to_string(out.join("client.json")).unwrap();
    let notes: Value = serde_json::from_str(&notes).unwrap();
    let limits = notes["limits.fleet"].as_str().unwrap();
    let expected = "1 rate-limit refusal; 1 pause that the server asked for; ";
    assert!(limits.starts_with(expected), "{limits}");
}
