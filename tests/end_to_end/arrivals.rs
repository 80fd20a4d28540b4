//! Load on a schedule: experiments that say when requests come, on the embedded fleet.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{code, log, talk, weighbridge};

/// Limits that no machine of a test fails: what is tested here is what is sent and kept, not the machine.
const PATIENT: &str =
    "[run.client]\nmax_lag_ms = 1e6\nmax_rate_error = 100.0\nmax_cv_error = 100.0\nmax_ks = 1.0\n";

/// An experiment with `n` samples that any whole answer satisfies, two of them to a conversation.
fn experiment(dir: &Path, n: usize, run: &str) -> PathBuf {
    let mut samples = String::new();
    for i in 0..n {
        samples += &format!(
            "{{\"id\":\"s{i:03}\",\"prompt\":\"request {i}\",\"target\":{{\"kind\":\"answered\"}},\
             \"cluster\":\"c{}\",\"max_output_tokens\":8}}\n",
            i / 2
        );
    }
    std::fs::write(dir.join("samples.jsonl"), samples).unwrap();
    let text = format!(
        r#"
name = "load"
seed = 5

[dataset]
path = "samples.jsonl"

[controls]
single = false
shuffled = false
length = false

{run}

[[backend]]
name = "fleet"
kind = "embedded"
speed = 20.0

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

fn verdict(out: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(out.join("verdict.json")).unwrap()).unwrap()
}

fn starts(out: &Path) -> Vec<(f64, String)> {
    let trials = log(out);
    let mut starts: Vec<(f64, String)> = trials[1..]
        .iter()
        .map(|t| {
            (
                t["start_ms"].as_f64().unwrap(),
                t["sample"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    starts
}

#[test]
fn an_open_loop_is_measured_from_the_schedule_and_says_how_it_was_kept() {
    let dir = tempfile::tempdir().unwrap();
    let arrivals =
        "[run.arrivals]\nkind = \"poisson\"\nrate_per_s = 200.0\n[run.warmup]\ntrials = 20\n";
    let path = experiment(dir.path(), 100, &format!("{arrivals}{PATIENT}"));
    let out = dir.path().join("out");
    let output = run(&path, &out);
    assert!([0, 2].contains(&code(&output)), "{}", talk(&output));
    let trials = log(&out);
    assert_eq!(trials.len(), 1 + 200);
    assert_eq!(
        trials[0]["experiment"]["load"]["arrivals"]["kind"],
        "poisson"
    );
    let mut warm = 0;
    for trial in &trials[1..] {
        let number = |value: &Value| value.as_f64().unwrap();
        assert_eq!(trial["score"]["value"], 1.0);
        let lag = number(&trial["arrival"]["lag_ms"]);
        // Sent after the start that was meant, and counted from it.
        assert!(number(&trial["attempts"][0]["sent_ms"]) >= lag);
        assert!(number(&trial["ttft_ms"]) >= lag);
        warm += u32::from(trial["arrival"]["is_warmup"] == true);
    }
    assert_eq!(warm, 20);
    // Policies take turns at random, sample by sample.
    let order: Vec<String> = starts(&out).into_iter().map(|(_, sample)| sample).collect();
    assert!(
        order.is_sorted(),
        "arrivals are not in the order of the samples"
    );
    let notes = notes(&out);
    assert_eq!(notes["client.validity"], "valid");
    assert_eq!(notes["client.arrivals_sent"], "200");
    for name in [
        "offered_per_s",
        "achieved_per_s",
        "cv_sent",
        "ks",
        "lag_p99_ms",
        "steady_trials",
    ] {
        assert!(
            notes.contains_key(&format!("client.{name}")),
            "{name} in {notes:?}"
        );
    }
    let claims = &verdict(&out)["candidates"][0]["claims"];
    let client = claims
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["kind"] == "client")
        .unwrap();
    assert_eq!(client["state"], "holds");
    // The same file gives the same schedule, and its hash.
    let again = dir.path().join("again");
    run(&path, &again);
    assert_eq!(
        notes["client.schedule_hash"],
        self::notes(&again)["client.schedule_hash"]
    );
    let latency: Value =
        serde_json::from_slice(&std::fs::read(out.join("report.json")).unwrap()).unwrap();
    let counted: u64 = latency["latency"]
        .as_array()
        .unwrap()
        .iter()
        .map(|policy| policy["ttft"][0]["n"].as_u64().unwrap())
        .sum();
    assert_eq!(counted, 180, "the warm-up is in the latencies");
}

#[test]
fn a_load_that_the_client_cannot_send_makes_the_run_invalid_and_stays_so() {
    let dir = tempfile::tempdir().unwrap();
    // Five million a second: one every 200 ns.
    let arrivals = "[run.arrivals]\nkind = \"constant\"\nrate_per_s = 5e6\n";
    let path = experiment(dir.path(), 200, arrivals);
    let out = dir.path().join("out");
    let output = run(&path, &out);
    assert_eq!(code(&output), 4, "{}", talk(&output));
    assert_eq!(log(&out).len(), 1 + 400, "the run is kept");
    let verdict = verdict(&out);
    assert_eq!(verdict["outcome"], "invalid");
    let sentence = verdict["candidates"][0]["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("the measuring client was the bottleneck"),
        "{sentence}"
    );
    assert!(
        sentence.contains("arrivals per second were sent where"),
        "{sentence}"
    );
    assert!(
        verdict["candidates"][0]["next_steps"][0]
            .as_str()
            .unwrap()
            .contains("--fresh")
    );
    // Judging it again, or running again over what is there, does not make it valid.
    let report = weighbridge().arg("gate").arg(&out).output().unwrap();
    assert_eq!(code(&report), 4, "{}", talk(&report));
    assert_eq!(code(&run(&path, &out)), 4);
    let junit = std::fs::read_to_string(out.join("junit.xml")).unwrap();
    assert!(junit.contains("measuring client"), "{junit}");
}

#[test]
fn a_killed_open_loop_goes_on_over_the_trials_that_are_left() {
    let dir = tempfile::tempdir().unwrap();
    let arrivals = "[run.arrivals]\nkind = \"gamma\"\nrate_per_s = 100.0\nburstiness = 0.5\n";
    let path = experiment(dir.path(), 100, &format!("{arrivals}{PATIENT}"));
    let out = dir.path().join("out");
    let mut command = weighbridge();
    command.arg("run").arg(&path).arg("--out").arg(&out);
    command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    let lines = || {
        let text = std::fs::read_to_string(out.join("run.jsonl"));
        text.map_or(0, |t| t.matches('\n').count())
    };
    let patience = Instant::now() + Duration::from_secs(60);
    while lines() < 30 && Instant::now() < patience {
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let finished = lines() - 1;
    assert!(
        (29..200).contains(&finished),
        "killed too late or too early: {finished}"
    );
    let output = run(&path, &out);
    assert!([0, 2].contains(&code(&output)), "{}", talk(&output));
    let sent: usize = notes(&out)["client.arrivals_sent"].parse().unwrap();
    // A line that was half written when the run was killed is made again.
    assert!(
        (200 - finished..=200 - finished + 1).contains(&sent),
        "{sent} after {finished}"
    );
    let keys: BTreeSet<String> = log(&out)[1..]
        .iter()
        .map(|t| format!("{} {}", t["sample"], t["policy"]))
        .collect();
    assert_eq!(keys.len(), 200);
    assert_eq!(log(&out).len(), 201);
}

#[test]
fn a_trace_is_imported_and_replayed_at_its_own_times() {
    let dir = tempfile::tempdir().unwrap();
    let rows: String = (0..30u64)
        .map(|i| {
            let blocks = if i % 2 == 0 { "[7, 8]" } else { "[9]" };
            format!(
                "{{\"timestamp\": {}, \"input_length\": 600, \"output_length\": 4, \"hash_ids\": {blocks}}}\n",
                1_000 + i * i * 4
            )
        })
        .collect();
    std::fs::write(dir.path().join("trace.jsonl"), rows).unwrap();
    let arrivals = "[run.arrivals]\nkind = \"trace\"\nformat = \"mooncake\"\npath = \"trace.jsonl\"\ntime_scale = 0.5\n";
    let path = experiment(dir.path(), 1, &format!("{arrivals}{PATIENT}"));
    let import = weighbridge()
        .args(["import", "mooncake"])
        .arg(dir.path().join("trace.jsonl"))
        .args(["--limit", "15", "--out"])
        .arg(dir.path())
        .output()
        .unwrap();
    assert_eq!(code(&import), 0, "{}", talk(&import));
    let out = dir.path().join("out");
    let output = run(&path, &out);
    assert!([0, 2].contains(&code(&output)), "{}", talk(&output));
    let starts = starts(&out);
    assert_eq!(starts.len(), 30, "15 samples under two policies");
    for (i, (start, _)) in starts.iter().enumerate() {
        let due = (i * i * 4) as f64 * 0.5;
        assert!(
            (start - starts[0].0 - due).abs() < 0.01,
            "{start} for {due}"
        );
    }
    let samples = std::fs::read_to_string(out.join("samples.jsonl")).unwrap();
    assert_eq!(samples.lines().count(), 15);
    // A trace of another length than the run is said to be cut or repeated.
    let text = std::fs::read_to_string(&path).unwrap();
    let written = "path = \"samples.jsonl\"";
    std::fs::write(
        &path,
        text.replace(written, &format!("{written}\nlimit = 10")),
    )
    .unwrap();
    let output = run(&path, &dir.path().join("cut"));
    assert!(
        talk(&output).contains("the trace is cut: 20 of its 30"),
        "{}",
        talk(&output)
    );
}

#[test]
fn turns_of_a_conversation_wait_for_their_answers() {
    let dir = tempfile::tempdir().unwrap();
    let load = "[run.arrivals]\nkind = \"constant\"\nrate_per_s = 100.0\n\
                [run.think]\nkind = \"constant\"\nmean_s = 0.2\n";
    let path = experiment(dir.path(), 20, &format!("{load}{PATIENT}"));
    let out = dir.path().join("out");
    let output = run(&path, &out);
    assert!([0, 2].contains(&code(&output)), "{}", talk(&output));
    let trials = log(&out);
    assert_eq!(trials.len(), 1 + 40);
    let find = |sample: &str, policy: &str| {
        let found = trials[1..]
            .iter()
            .find(|t| t["sample"] == sample && t["policy"] == policy);
        let number = |name: &str| found.unwrap()[name].as_f64().unwrap();
        (number("start_ms"), number("e2e_ms"))
    };
    for conversation in 0..10 {
        for policy in ["now", "next"] {
            let first = find(&format!("s{:03}", 2 * conversation), policy);
            let second = find(&format!("s{:03}", 2 * conversation + 1), policy);
            assert!(
                second.0 >= first.0 + first.1 + 200.0,
                "{first:?} {second:?}"
            );
        }
    }
}

#[test]
fn arrivals_that_make_no_sense_are_refused_at_their_place() {
    let dir = tempfile::tempdir().unwrap();
    for (run_table, place, message) in [
        ("kind = \"poison\"", ":14:", "did you mean `poisson`?"),
        ("kind = \"poisson\"", ":14:", "need `rate_per_s`"),
        (
            "kind = \"poisson\"\nrate_per_s = -1.0",
            ":15:",
            "more than 0",
        ),
        (
            "kind = \"poisson\"\nrate_per_s = 5.0\nburstiness = 2.0",
            ":16:",
            "`burstiness` has no effect",
        ),
        (
            "kind = \"gamma\"\nrate_per_s = 5.0",
            ":14:",
            "need `burstiness`",
        ),
        (
            "kind = \"ramp\"\nstages = [{ rate_per_s = 0.0, seconds = 1.0 }]",
            ":15:",
            "the last rate is 0",
        ),
        (
            "kind = \"trace\"\npath = \"t\"\nformat = \"moonkake\"",
            ":16:",
            "did you mean `mooncake`?",
        ),
        (
            "kind = \"closed\"\nmax_in_flight = 3",
            ":15:",
            "`max_in_flight` has no effect",
        ),
        (
            "kind = \"poisson\"\nrate = 5.0",
            ":15:",
            "unknown field `rate`",
        ),
    ] {
        let path = experiment(dir.path(), 2, &format!("[run.arrivals]\n{run_table}\n"));
        let output = run(&path, &dir.path().join("out"));
        let talk = talk(&output);
        assert_eq!(code(&output), 3, "{run_table}: {talk}");
        assert!(
            talk.contains(place) && talk.contains(message),
            "{run_table}: {talk}"
        );
    }
    let replayed = experiment(
        dir.path(),
        2,
        "[run]\nmode = \"replay\"\n[run.arrivals]\nkind = \"poisson\"\nrate_per_s = 5.0\n",
    );
    let output = run(&replayed, &dir.path().join("out"));
    assert!(
        talk(&output).contains("a replay sends nothing"),
        "{}",
        talk(&output)
    );
}
