//! Faults declared over recorded outcomes, and what policies make of them.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::support::{RECORDED, code, log, recorded, root, talk, weighbridge};

fn run(experiment: &Path, out: &Path, threads: &str) -> std::process::Output {
    let mut command = weighbridge();
    command.arg("run").arg(experiment).arg("--out").arg(out);
    command.arg("--ledger").arg(out.join("ledger"));
    command.env("RAYON_NUM_THREADS", threads).output().unwrap()
}

/// Trials of one policy by sample.
fn of<'a>(log: &'a [Value], policy: &str) -> BTreeMap<&'a str, &'a Value> {
    let trials = log[1..].iter().filter(|t| t["policy"] == policy);
    trials.map(|t| (t["sample"].as_str().unwrap(), t)).collect()
}

fn attempts(trial: &Value) -> &[Value] {
    trial["attempts"].as_array().unwrap()
}

fn usd(trial: &Value) -> f64 {
    trial["cost_usd"].as_f64().unwrap()
}

fn report(out: &Path) -> Value {
    let text = std::fs::read_to_string(out.join("report.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Ids of the judged samples in their order.
fn order(out: &Path) -> Vec<String> {
    let lines = std::fs::read_to_string(out.join("samples.jsonl")).unwrap();
    let ids = lines.lines().map(|line| {
        let sample: Value = serde_json::from_str(line).unwrap();
        sample["id"].as_str().unwrap().to_owned()
    });
    ids.collect()
}

#[test]
fn a_fallback_keeps_quality_through_a_recorded_outage_and_the_lonely_lose_what_is_declared() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = root().join("datasets/quickstart/outage-recorded.toml");
    let output = run(&experiment, dir.path(), "2");
    assert_eq!(code(&output), 0, "{}", talk(&output));
    let log = log(dir.path());
    let (alone, chain) = (of(&log, "large, alone"), of(&log, "large, then medium"));
    let (medium, order) = (of(&log, "only medium"), order(dir.path()));
    assert_eq!((alone.len(), chain.len()), (order.len(), order.len()));

    let (mut down, mut cut) = (0, 0);
    for (number, sample) in (1..).zip(&order) {
        let (alone, chain) = (alone[sample.as_str()], chain[sample.as_str()]);
        let first = &attempts(alone)[0];
        let kind = first["error"]["kind"].as_str();
        // Both met the same failures, try for try.
        for (mine, theirs) in attempts(alone).iter().zip(attempts(chain)) {
            assert_eq!(mine, theirs);
        }
        if (41..=100).contains(&number) {
            assert_eq!(kind, Some("server"), "sample {number}");
            assert_eq!(attempts(alone).len(), 2, "one retry: {alone}");
            assert_eq!(usd(alone), 0.0);
            down += 1;
        } else if kind.is_some() {
            assert_eq!(kind, Some("truncated"), "sample {number}");
            assert_eq!(attempts(alone).len(), 1, "no retry: {alone}");
            assert!(usd(alone) > 0.0);
            cut += 1;
        }
        assert_eq!(alone["score"]["failed"].is_string(), kind.is_some());
        if kind.is_some() {
            // The answer of the other model, as it was recorded, and what both cost.
            let other = medium[sample.as_str()];
            assert_eq!(chain["model"], "medium");
            assert_eq!(chain["score"], other["score"]);
            assert!((usd(chain) - usd(alone) - usd(other)).abs() < 1e-15);
        } else {
            assert_eq!(chain["score"], alone["score"]);
        }
    }
    assert_eq!(down, 60);
    assert!((1..15).contains(&cut), "{cut}");
}

#[test]
fn the_report_shows_the_outage_and_what_it_cost() {
    let dir = tempfile::tempdir().unwrap();
    let experiment = root().join("datasets/quickstart/outage-recorded.toml");
    run(&experiment, dir.path(), "2");
    let report = report(dir.path());
    let all = &report["reliability"];
    let policy = |name: &str| {
        let all = all["policies"].as_array().unwrap();
        all.iter().find(|p| p["policy"] == name).unwrap().clone()
    };
    let (alone, chain) = (policy("large, alone"), policy("large, then medium"));
    assert_eq!(alone["met"], chain["met"]);
    assert_eq!((&alone["lost"], &chain["lost"]), (&alone["met"], &0.into()));
    assert_eq!(chain["by_fallback"], chain["met"]);
    assert_eq!(
        chain["tries"]["failures"][0],
        serde_json::json!(["server", 120])
    );
    let fallback = &all["fallbacks"][0];
    assert_eq!(
        (&fallback["from"], &fallback["to"]),
        (&"large".into(), &"medium".into())
    );
    assert!(fallback["quality"].as_f64().unwrap() > 0.5, "{fallback}");
    // Steps of four samples: from 41 to 100.
    let outage = &all["outages"][0];
    assert_eq!((&outage["from"], &outage["to"]), (&40.into(), &100.into()));
    let page = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
    assert!(page.contains("large: unavailable (first 41, last 100)"));
    assert!(page.contains("failed from sample 41 to 100"));
    let text = std::fs::read_to_string(dir.path().join("report.md")).unwrap();
    assert!(
        text.contains("requests fell back from large to medium"),
        "{text}"
    );
}

/// The recording of [`recorded`] with a fallback and these faults.
fn with_faults(dir: &Path, samples: usize, faults: &str) -> std::path::PathBuf {
    let path = recorded(dir, samples);
    let fallback =
        "[[policy]]\nname = \"chain\"\nkind = \"fallback\"\nchain = [\"strong\", \"weak\"]\n";
    std::fs::write(&path, format!("{RECORDED}\n{fallback}\n{faults}")).unwrap();
    path
}

#[test]
fn failed_tries_and_waits_count_in_the_time_to_first_token() {
    let dir = tempfile::tempdir().unwrap();
    let faults = "[[fault]]\nkind = \"unavailable\"\nmodel = \"strong\"\nms = 30\nlast = 10\n\
                  [[fault]]\nkind = \"slow\"\nmodel = \"weak\"\nfactor = 2\nms = 100\nlast = 5\n";
    let path = with_faults(dir.path(), 40, faults);
    let out = dir.path().join("out");
    let output = run(&path, &out, "2");
    assert!(
        code(&output) <= 4 && code(&output) != 3,
        "{}",
        talk(&output)
    );
    let log = log(&out);
    let chain = of(&log, "chain");
    let ms = |attempt: &Value, key: &str| attempt[key].as_f64().unwrap();
    for i in 0..10 {
        let trial = chain[format!("s{i}").as_str()];
        let tries = attempts(trial);
        assert_eq!(tries.len(), 4, "three tries, then the other: {trial}");
        for (n, pair) in tries[..3].windows(2).enumerate() {
            assert_eq!(ms(&pair[0], "end_ms") - ms(&pair[0], "intended_ms"), 30.0);
            let wait = ms(&pair[1], "intended_ms") - ms(&pair[0], "end_ms");
            assert!(wait >= 0.0 && wait <= 500.0 * 2f64.powi(n as i32), "{wait}");
        }
        let recorded = f64::from(10 + i % 7);
        let took = if i < 5 {
            2.0 * recorded + 100.0
        } else {
            recorded
        };
        let start = ms(&tries[3], "intended_ms");
        assert_eq!(start, ms(&tries[2], "end_ms"));
        assert!((trial["ttft_ms"].as_f64().unwrap() - start - took).abs() < 1e-9);
    }
    // Nothing else is touched.
    assert_eq!(chain["s12"]["ttft_ms"], 15.0);
    assert_eq!(attempts(chain["s12"]).len(), 1);
    let report = report(&out);
    let policies = report["reliability"]["policies"].as_array().unwrap();
    let chain = policies.iter().find(|p| p["policy"] == "chain").unwrap();
    let p50 = |key: &str| chain[key]["p50_ms"].as_f64().unwrap();
    assert_eq!(chain["ttft_met"]["n"], 10);
    assert!(p50("ttft_met") > p50("ttft_clean") + 90.0, "{chain}");
}

#[test]
fn the_same_failures_at_any_thread_count_and_others_by_another_seed() {
    let dir = tempfile::tempdir().unwrap();
    let faults = "[[fault]]\nkind = \"rate_limit\"\nshare = 0.4\nretry_after_s = 0.2\n\
                  [[fault]]\nkind = \"timeout\"\nmodel = \"weak\"\nshare = 0.2\nsticky = true\n";
    let path = with_faults(dir.path(), 300, faults);
    let bytes = |threads: &str, out: &str| {
        let out = dir.path().join(out);
        let output = run(&path, &out, threads);
        assert!(
            code(&output) <= 4 && code(&output) != 3,
            "{}",
            talk(&output)
        );
        ["run.jsonl", "report.html", "report.json", "report.md"]
            .map(|name| std::fs::read(out.join(name)).unwrap())
    };
    let one = bytes("1", "one");
    assert!(one == bytes("4", "four"), "threads change what fails");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("seed = 3", "seed = 4")).unwrap();
    let log_of = |out: &str| log(&dir.path().join(out));
    bytes("4", "other");
    let struck = |log: &[Value]| -> Vec<String> {
        let trials = of(log, "production");
        let struck = trials
            .iter()
            .filter(|(_, t)| !attempts(t)[0]["error"].is_null());
        struck.map(|(sample, _)| (*sample).to_owned()).collect()
    };
    let (first, other) = (struck(&log_of("one")), struck(&log_of("other")));
    assert!((80..160).contains(&first.len()), "{}", first.len());
    assert_ne!(first, other);
    // The faults are part of what a run is.
    let hash = |log: &[Value]| log[0]["experiment_hash"].as_str().unwrap().to_owned();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("share = 0.4", "share = 0.5")).unwrap();
    bytes("4", "more");
    assert_ne!(hash(&log_of("other")), hash(&log_of("more")));
}

#[test]
fn mistakes_are_shown_where_they_are() {
    for (fault, mode, place, text) in [
        (
            "kind = \"unavailabel\"",
            "replay",
            ":8:",
            "did you mean `unavailable`?",
        ),
        (
            "kind = \"cut\"\nsahre = 0.5",
            "replay",
            ":1:",
            "did you mean `share`?",
        ),
        (
            "kind = \"cut\"\nshare = 1.5",
            "replay",
            ":9:",
            "from 0 to 1",
        ),
        (
            "kind = \"cut\"\nmodel = \"stong\"",
            "replay",
            ":9:",
            "did you mean `strong`?",
        ),
        (
            "kind = \"cut\"\nfactor = 2.0",
            "replay",
            ":10:",
            "has no `factor`",
        ),
        (
            "kind = \"cut\"\nfirst = 0",
            "replay",
            ":9:",
            "counted from 1",
        ),
        (
            "kind = \"cut\"\nfirst = 9\nlast = 3",
            "replay",
            ":8:",
            "before the first one",
        ),
        (
            "kind = \"cut\"\nsticky = true",
            "replay",
            ":1:",
            "`share`, and there is none",
        ),
        ("kind = \"cut\"", "live", ":1:", "[[backend.fault]]"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = with_faults(dir.path(), 8, &format!("[[fault]]\n{fault}\n"));
        let text_of = std::fs::read_to_string(&path).unwrap();
        let written = text_of.replace("mode = \"replay\"", &format!("mode = \"{mode}\""));
        // A live run needs a backend before it gets to the faults.
        let written = match mode {
            "live" => {
                written.replace(
                    "[[model]]\nname = ",
                    "[[model]]\nbackend = \"fleet\"\nname = ",
                ) + "[[backend]]\nname = \"fleet\"\nkind = \"embedded\"\n"
            }
            _ => written,
        };
        std::fs::write(&path, written).unwrap();
        let output = run(&path, &dir.path().join("out"), "1");
        let talk = talk(&output);
        assert_eq!(code(&output), 3, "{fault}: {talk}");
        assert!(talk.contains(text), "{fault}: {talk}");
        let first = talk
            .lines()
            .find(|l| l.contains("experiment.toml:"))
            .unwrap_or_default();
        assert!(first.contains(place), "{fault}: {talk}");
    }
}

#[test]
fn faults_that_would_not_be_seen_are_refused() {
    for (fault, place, text) in [
        (
            "kind = \"cut\"\nfirst = 9",
            ":9:",
            "only 8 samples are judged",
        ),
        ("kind = \"cut\"\nshare = 0.0", ":9:", "its `share` is 0"),
        ("kind = \"slow\"\nfactor = 1", ":1:", "changes nothing"),
        (
            "kind = \"cut\"\nlast = 5\n[[fault]]\nkind = \"refused\"\nfirst = 2\nlast = 5",
            ":1:",
            "strikes all of its calls first",
        ),
        (
            "kind = \"slow\"\nms = 1e300",
            ":6:",
            "`ms` is 1e300; it must be from 0 to 1e9",
        ),
        (
            "kind = \"cut\"\nfirst = -1",
            ":9:",
            "expected a whole number of at least 0",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = with_faults(dir.path(), 8, &format!("[[fault]]\n{fault}\n"));
        let output = run(&path, &dir.path().join("out"), "1");
        let talk = talk(&output);
        assert_eq!(code(&output), 3, "{fault}: {talk}");
        let first = talk.lines().find(|l| l.contains("experiment.toml:"));
        let first = first.unwrap_or_default();
        assert!(
            first.contains(place) && first.contains(text),
            "{fault}: {talk}"
        );
        assert!(!dir.path().join("out").exists(), "{fault}");
    }
}
