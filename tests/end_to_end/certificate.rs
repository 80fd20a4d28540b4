//! What a run says of its own client: bursts, own overhead, connections; and runs that have little to say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::{code, log, talk, weighbridge};
use crate::wire::Captured;

/// Limits that no machine of a test fails.
const PATIENT: &str = "max_lag_ms = 1e6\nmax_cpu_share = 1.0\nmax_rate_error = 100.0\n\
                       max_cv_error = 100.0\nmax_ks = 1.0\n";

/// The embedded fleet.
const FLEET: &str = "kind = \"embedded\"\nspeed = 20.0";

fn experiment(dir: &Path, n: usize, backend: &str, run: &str) -> PathBuf {
    let line = |i: usize| {
        format!(
            "{{\"id\":\"s{i:03}\",\"prompt\":\"request {i}\",\"target\":{{\"kind\":\"answered\"}},\
             \"max_output_tokens\":8}}\n"
        )
    };
    let samples: String = (0..n).map(line).collect();
    std::fs::write(dir.join("samples.jsonl"), samples).unwrap();
    let text = format!(
        r#"
name = "certificate"
[dataset]
path = "samples.jsonl"
[controls]
single = false
shuffled = false
length = false
{run}
[[backend]]
name = "fleet"
{backend}
[[model]]
name = "nano"
backend = "fleet"
price = {{ input_per_mtok_usd = 0.05, output_per_mtok_usd = 0.2 }}
[[policy]]
name = "now"
kind = "always"
model = "nano"
role = "baseline"
[[policy]]
name = "next"
kind = "always"
model = "nano"
role = "candidate"
"#
    );
    let path = dir.join("experiment.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn run(experiment: &Path, out: &Path) -> Output {
    let mut command = weighbridge();
    command.arg("run").arg(experiment).arg("--out").arg(out);
    command.arg("--ledger").arg(out.join("ledger"));
    command.output().unwrap()
}

fn notes(out: &Path) -> BTreeMap<String, String> {
    serde_json::from_slice(&std::fs::read(out.join("client.json")).unwrap()).unwrap()
}

fn number(notes: &BTreeMap<String, String>, name: &str) -> f64 {
    notes[&format!("client.{name}")].parse().unwrap()
}

#[test]
fn trials_of_a_burst_start_together_and_bursts_keep_their_period() {
    let dir = tempfile::tempdir().unwrap();
    let load = "[run.arrivals]\nkind = \"burst\"\nsize = 16\nperiod_s = 0.3\n[run.client]\n";
    let path = experiment(dir.path(), 40, FLEET, &format!("{load}{PATIENT}"));
    let out = dir.path().join("out");
    let output = run(&path, &out);
    assert!([0, 2].contains(&code(&output)), "{}", talk(&output));
    let log = log(&out);
    assert_eq!(log[0]["experiment"]["load"]["arrivals"]["size"], 16);
    let mut starts: Vec<f64> = log[1..]
        .iter()
        .map(|t| t["start_ms"].as_f64().unwrap())
        .collect();
    starts.sort_by(f64::total_cmp);
    assert_eq!(starts.len(), 80);
    for (i, start) in starts.iter().enumerate() {
        let due = 300.0 * (i / 16) as f64;
        assert!((start - starts[0] - due).abs() < 0.01, "{start} for {due}");
    }
    let notes = notes(&out);
    assert_eq!(number(&notes, "bursts"), 5.0);
    assert_eq!(number(&notes, "burst_largest"), 16.0);
    assert!(number(&notes, "burst_spread_p50_ms") > 0.0);
    assert!((number(&notes, "offered_per_s") - 16.0 / 0.3).abs() < 0.01);
    assert!(number(&notes, "max_in_flight") >= 2.0);
    // The same in what people read.
    let html = std::fs::read_to_string(out.join("report.html")).unwrap();
    let markdown = std::fs::read_to_string(out.join("report.md")).unwrap();
    for text in [html, markdown] {
        assert!(text.contains("From the first to the last start of an instant"));
        assert!(text.contains("Own part of a time to first token"));
        assert!(text.contains("Most connections open at once"));
    }
}

#[test]
fn a_burst_that_no_machine_can_release_together_is_invalid() {
    let dir = tempfile::tempdir().unwrap();
    // 600 trials within a ten-thousandth of a millisecond.
    let load = "[run.arrivals]\nkind = \"burst\"\nsize = 600\nperiod_s = 1.0\n\
                [run.client]\nmax_lag_ms = 1e-4\n";
    let path = experiment(dir.path(), 300, FLEET, load);
    let out = dir.path().join("out");
    let output = run(&path, &out);
    assert_eq!(code(&output), 4, "{}", talk(&output));
    let validity = &notes(&out)["client.validity"];
    assert!(
        validity.contains("up to 600 trials were due at one instant"),
        "{validity}"
    );
}

#[test]
fn the_client_tells_what_it_adds_itself_unless_told_not_to() {
    let dir = tempfile::tempdir().unwrap();
    let load = |more: &str| format!("[run]\nconcurrency = 3\n[run.client]\n{PATIENT}{more}");
    let path = experiment(dir.path(), 20, FLEET, &load(""));
    let out = dir.path().join("out");
    let output = run(&path, &out);
    assert!([0, 2].contains(&code(&output)), "{}", talk(&output));
    let told = notes(&out);
    assert!(number(&told, "overhead_p50_ms") > 0.0);
    assert!(number(&told, "overhead_p99_ms") >= number(&told, "overhead_p50_ms"));
    assert!((1.0..=200.0).contains(&number(&told, "overhead_requests")));
    // One connection for each trial under way, and none for looking at the server.
    assert!(
        (1.0..=3.0).contains(&number(&told, "max_connections")),
        "{told:?}"
    );
    let json = std::fs::read_to_string(out.join("report.json")).unwrap();
    assert!(json.contains("client.overhead_p99_ms") && json.contains("client.max_connections"));
    let path = experiment(dir.path(), 20, FLEET, &load("calibrate = false\n"));
    let out = dir.path().join("silent");
    let output = run(&path, &out);
    assert!([0, 2].contains(&code(&output)), "{}", talk(&output));
    assert!(!notes(&out).keys().any(|key| key.contains("overhead")));
}

/// The null backend of another process, at once: its first token is all the client's own.
#[test]
fn a_server_that_is_faster_than_the_client_makes_the_run_invalid() {
    use std::io::BufRead;
    let mut child = weighbridge()
        .args([
            "mock",
            "--null",
            "--until-eof",
            "--port",
            "0",
            "--tokens",
            "2",
        ])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let talk_of = child.stderr.take().unwrap();
    std::io::BufReader::new(talk_of)
        .read_line(&mut line)
        .unwrap();
    let url = line
        .split_whitespace()
        .find(|w| w.starts_with("http://"))
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let backend = format!("dialect = \"openai\"\nbase_url = \"{url}\"");
    // Of times this short nothing may be the client's own, on whatever machine.
    let load = |share: &str| {
        format!("[run]\nconcurrency = 1\n[run.client]\n{PATIENT}max_overhead_share = {share}\n")
    };
    let path = experiment(dir.path(), 60, &backend, &load("0.0001"));
    let out = dir.path().join("out");
    let output = run(&path, &out);
    let told = notes(&out);
    let lenient = experiment(dir.path(), 60, &backend, &load("1e6"));
    let again = run(&lenient, &dir.path().join("again"));
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(code(&output), 4, "{}", talk(&output));
    let validity = &told["client.validity"];
    assert!(validity.contains("the client itself takes"), "{validity}");
    assert!(validity.contains("free this machine"), "{validity}");
    assert!([0, 2].contains(&code(&again)), "{}", talk(&again));
}

#[test]
fn one_trial_failures_and_a_warmup_alone_leave_a_certificate_that_claims_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let poisson = "[run.arrivals]\nkind = \"poisson\"\nrate_per_s = 200.0\n";
    let burst = "[run.arrivals]\nkind = \"burst\"\nsize = 8\nperiod_s = 1.0\n";
    for (name, n, load) in [
        ("one", 1, poisson),
        ("one-closed", 1, ""),
        ("one-burst", 1, burst),
        ("warm", 6, "[run.warmup]\ntrials = 1000\n"),
    ] {
        let path = experiment(
            dir.path(),
            n,
            FLEET,
            &format!("{load}[run.client]\n{PATIENT}"),
        );
        let out = dir.path().join(name);
        let output = run(&path, &out);
        assert!([0, 2].contains(&code(&output)), "{name}: {}", talk(&output));
        let notes = notes(&out);
        assert_eq!(notes["client.validity"], "valid", "{name}");
        assert!(!notes.contains_key("client.drift"), "{name}");
        let is_warm = name == "warm";
        assert_eq!(
            is_warm,
            !notes.contains_key("client.steady_trials") && is_warm,
            "{name}"
        );
    }
    // A server that refuses everything: no time to the first token, so that no share of it is judged.
    let server = Captured::start();
    let backend = format!(
        "dialect = \"vllm\"\nbase_url = \"http://{}/v1\"",
        server.address
    );
    let path = experiment(
        dir.path(),
        60,
        &backend,
        &format!("[run.client]\n{PATIENT}"),
    );
    let out = dir.path().join("refused");
    run(&path, &out);
    let notes = notes(&out);
    assert_eq!(notes["client.validity"], "valid");
    assert!(number(&notes, "overhead_p50_ms") > 0.0);
    assert!(!notes.contains_key("client.steady_ttft_p50_ms"));
    assert!(!notes.contains_key("client.steady_output_tokens_per_s"));
}

#[test]
fn a_run_with_nothing_left_keeps_what_was_said_of_its_trials() {
    let dir = tempfile::tempdir().unwrap();
    let load =
        format!("[run.arrivals]\nkind = \"constant\"\nrate_per_s = 400.0\n[run.client]\n{PATIENT}");
    let path = experiment(dir.path(), 30, FLEET, &load);
    let out = dir.path().join("out");
    assert!([0, 2].contains(&code(&run(&path, &out))));
    let before = std::fs::read_to_string(out.join("client.json")).unwrap();
    let again = run(&path, &out);
    assert!([0, 2].contains(&code(&again)), "{}", talk(&again));
    let after = std::fs::read_to_string(out.join("client.json")).unwrap();
    assert_eq!(after, before);
}

#[test]
fn bursts_that_make_no_sense_are_refused_at_their_place() {
    let dir = tempfile::tempdir().unwrap();
    for (load, place, message) in [
        ("kind = \"burst\"\nperiod_s = 1.0", ":10:", "need `size`"),
        ("kind = \"burst\"\nsize = 4", ":10:", "need `period_s`"),
        (
            "kind = \"burst\"\nsize = 0\nperiod_s = 1.0",
            ":11:",
            "at least one trial",
        ),
        (
            "kind = \"burst\"\nsize = 4\nperiod_s = 0.0",
            ":12:",
            "more than 0",
        ),
        (
            "kind = \"poisson\"\nrate_per_s = 5.0\nsize = 4",
            ":12:",
            "`size` has no effect",
        ),
        (
            "kind = \"burst\"\nsize = 4\nperiod_s = 1.0\nrate_per_s = 5.0",
            ":13:",
            "`rate_per_s` has no effect",
        ),
    ] {
        let path = experiment(dir.path(), 2, FLEET, &format!("[run.arrivals]\n{load}\n"));
        let output = run(&path, &dir.path().join("out"));
        let talk = talk(&output);
        assert_eq!(code(&output), 3, "{load}: {talk}");
        assert!(
            talk.contains(place) && talk.contains(message),
            "{load}: {talk}"
        );
    }
}

/// Failure 7, as a user sees it: half of the requests come while the server still warms up.
#[test]
fn times_that_change_under_a_steady_load_are_a_warning_with_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let slow =
        "[[backend.fault]]\nkind = \"stall_headers\"\nms = 60\nfirst = 1\nevery = 1\nlast = 100";
    let load = format!("[run]\nconcurrency = 4\n[run.client]\n{PATIENT}");
    let path = experiment(dir.path(), 100, &format!("{FLEET}\n{slow}"), &load);
    let out = dir.path().join("out");
    let output = run(&path, &out);
    assert!([0, 2].contains(&code(&output)), "{}", talk(&output));
    let said = "under a load that stayed the same, the median time to first token went from";
    assert!(talk(&output).contains(said), "{}", talk(&output));
    let told = notes(&out);
    assert_eq!(told["client.validity"], "valid", "a warning, not a verdict");
    let at = number(&told, "drift_at_ms");
    assert!(number(&told, "steady_from_ms") < at && at < number(&told, "steady_to_ms"));
    let report = std::fs::read_to_string(out.join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let health = report["health"].as_array().unwrap();
    let drift = health.iter().find(|f| f["kind"] == "drift").unwrap();
    assert_eq!(drift["severity"], "warning");
    for file in ["report.md", "report.html"] {
        let text = std::fs::read_to_string(out.join(file)).unwrap();
        assert!(text.contains(said), "{file}");
    }
    // A ramp changes by design: nothing is to be found.
    let ramp = "[run.arrivals]\nkind = \"ramp\"\nstages = [{ from_per_s = 20, rate_per_s = 400, seconds = 1 }]\n";
    let path = experiment(
        dir.path(),
        100,
        &format!("{FLEET}\n{slow}"),
        &format!("{ramp}[run.client]\n{PATIENT}"),
    );
    let out = dir.path().join("ramp");
    run(&path, &out);
    assert!(!notes(&out).contains_key("client.drift"));
}
