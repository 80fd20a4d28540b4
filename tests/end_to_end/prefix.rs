//! Failure 8: what a server's prefix cache still holds of an earlier run must not be measured as speed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};

use serde_json::Value;

use crate::support::{code, log, talk, weighbridge};
use crate::wire::Captured;

/// The embedded fleet in a process of its own, whose caches outlive a run.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start() -> Self {
        let mut child = weighbridge()
            .args(["mock", "--port", "0", "--speed", "50"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.split_whitespace().find(|w| w.starts_with("http://"));
        Self {
            url: url.unwrap().to_owned(),
            child,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A trace of 24 requests of 600 tokens, imported; two of three share their first block of 512.
fn imported(dir: &Path, shares: bool) {
    let rows: String = (0..24)
        .map(|i| {
            let first = if shares && i % 3 > 0 { 1 } else { 1_000 + i };
            format!(
                "{{\"timestamp\": {i}, \"input_length\": 600, \"output_length\": 4, \
                 \"hash_ids\": [{first}, {}]}}\n",
                2_000 + i
            )
        })
        .collect();
    std::fs::write(dir.join("trace.jsonl"), rows).unwrap();
    let import = weighbridge()
        .args(["import", "mooncake"])
        .arg(dir.join("trace.jsonl"))
        .arg("--out")
        .arg(dir)
        .output()
        .unwrap();
    assert_eq!(code(&import), 0, "{}", talk(&import));
}

/// One request after the other, so that each finds what the one before it left. No limit of the client:
/// the machine is not what is tested.
fn experiment(dir: &Path, url: &str, run: &str) -> PathBuf {
    let text = format!(
        r#"
name = "prefix"
[dataset]
path = "samples.jsonl"
[run]
concurrency = 1
retries = 0
{run}
[run.client]
max_lag_ms = 1e6
max_overhead_share = 1e6
max_cpu_share = 1.0
[controls]
single = false
shuffled = false
length = false
[[backend]]
name = "far"
dialect = "vllm"
base_url = "{url}"
[[model]]
name = "nano"
backend = "far"
price = {{ input_per_mtok_usd = 0.1, output_per_mtok_usd = 0.4 }}
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

fn nonce(out: &Path) -> String {
    let nonce = &log(out)[0]["notes"]["prompt_nonce"];
    nonce.as_str().unwrap_or("none").to_owned()
}

#[test]
fn failure_8_two_equal_runs_find_nothing_of_each_other() {
    let dir = tempfile::tempdir().unwrap();
    imported(dir.path(), false);
    let server = Server::start();
    let path = experiment(dir.path(), &server.url, "");
    let outs = ["one", "two"].map(|name| dir.path().join(name));
    for out in &outs {
        let output = run(&path, out);
        assert!([0, 2].contains(&code(&output)), "{}", talk(&output));
        let notes = notes(out);
        // Not even the arms, which send the same prompts, find anything of each other.
        assert_eq!(notes["server.far.prefix_hit_tokens"], "0");
        assert_eq!(notes["server.far.prefix_designed_rate"], "0.0000");
        assert_eq!(notes["server.far.prefix_check"], "as designed");
    }
    assert_ne!(nonce(&outs[0]), nonce(&outs[1]));
    let hash = |out: &Path| log(out)[0]["experiment_hash"].clone();
    assert_eq!(
        hash(&outs[0]),
        hash(&outs[1]),
        "the nonce is no part of the experiment"
    );
    let prompts = |out: &Path| std::fs::read_to_string(out.join("samples.jsonl")).unwrap();
    assert_eq!(
        prompts(&outs[0]),
        prompts(&outs[1]),
        "policies and reports see the samples as they are"
    );
}

#[test]
fn failure_8_prompts_that_the_server_knows_make_the_run_invalid_and_stay_so() {
    let dir = tempfile::tempdir().unwrap();
    imported(dir.path(), false);
    let server = Server::start();
    let forced = "[run.prefix]\nnonce = \"00000000000000ab\"";
    let path = experiment(dir.path(), &server.url, forced);
    let first = run(&path, &dir.path().join("first"));
    assert!([0, 2].contains(&code(&first)), "{}", talk(&first));
    let out = dir.path().join("again");
    let again = run(&path, &out);
    assert_eq!(code(&again), 4, "{}", talk(&again));
    let verdict: Value =
        serde_json::from_slice(&std::fs::read(out.join("verdict.json")).unwrap()).unwrap();
    assert_eq!(verdict["outcome"], "invalid");
    let sentence = verdict["candidates"][0]["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("the prompts were not new to the server"),
        "{sentence}"
    );
    assert!(!sentence.contains("the bottleneck"), "{sentence}");
    let problem = &notes(&out)["client.prefix_problem"];
    assert!(
        problem.contains("share 0.0% by design") && problem.contains("flush_cache"),
        "{problem}"
    );
    // Judged again, and run again with nothing left to do, it is what it was.
    let judged = weighbridge().arg("gate").arg(&out).output().unwrap();
    assert_eq!(code(&judged), 4, "{}", talk(&judged));
    assert_eq!(code(&run(&path, &out)), 4);
    let html = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(html.contains("Prompts that servers knew"));
}

#[test]
fn failure_8_a_run_with_its_own_words_is_valid_where_its_prompts_were_sent_before() {
    let dir = tempfile::tempdir().unwrap();
    imported(dir.path(), false);
    let server = Server::start();
    let plain = experiment(dir.path(), &server.url, "[run.prefix]\nnonce = \"none\"");
    for name in ["cold", "warm"] {
        let out = dir.path().join(name);
        let output = run(&plain, &out);
        // Warm caches were asked for: told, not judged.
        assert!([0, 2].contains(&code(&output)), "{}", talk(&output));
        let check = &notes(&out)["client.prefix_check"];
        assert!(
            check.contains("not checked") && check.contains("as they are"),
            "{check}"
        );
        assert_eq!(nonce(&out), "none");
    }
    let hits = &notes(&dir.path().join("warm"))["server.far.prefix_hit_tokens"];
    assert!(hits.parse::<u64>().unwrap() > 20_000, "{hits}");
    let fresh = experiment(dir.path(), &server.url, "");
    let out = dir.path().join("fresh");
    let output = run(&fresh, &out);
    assert!([0, 2].contains(&code(&output)), "{}", talk(&output));
    assert_eq!(notes(&out)["server.far.prefix_hit_tokens"], "0");
}

#[test]
fn failure_8_what_a_trace_shares_is_still_shared_and_no_contamination() {
    let dir = tempfile::tempdir().unwrap();
    imported(dir.path(), true);
    let server = Server::start();
    let path = experiment(dir.path(), &server.url, "");
    let out = dir.path().join("out");
    let output = run(&path, &out);
    assert!([0, 2].contains(&code(&output)), "{}", talk(&output));
    let notes = notes(&out);
    assert_eq!(notes["server.far.prefix_check"], "as designed");
    let rate = |name: &str| notes[&format!("server.far.{name}")].parse::<f64>().unwrap();
    // 15 of 24 requests of an arm find 512 of their 608 tokens.
    let designed = rate("prefix_designed_rate");
    assert!(
        (designed - 15.0 * 512.0 / (24.0 * 608.0)).abs() < 1e-3,
        "{designed}"
    );
    assert!(
        (rate("prefix_hit_rate") - designed).abs() < 0.03,
        "{notes:?}"
    );
}

#[test]
fn a_resumed_run_keeps_its_words_and_says_that_it_was_not_checked() {
    let dir = tempfile::tempdir().unwrap();
    imported(dir.path(), false);
    let server = Server::start();
    let text = |max: &str| format!("{max}\n[run.prefix]\nmax_excess = 0.02");
    let out = dir.path().join("out");
    let part = run(
        &experiment(dir.path(), &server.url, &text("max_calls = 20")),
        &out,
    );
    assert_eq!(code(&part), 5, "{}", talk(&part));
    let (before, first) = (nonce(&out), notes(&out));
    assert_eq!(first["server.far.prefix_check"], "as designed");
    assert_eq!(first["budget_reached"], "max_calls");
    let whole = run(&experiment(dir.path(), &server.url, &text("")), &out);
    assert!([0, 2].contains(&code(&whole)), "{}", talk(&whole));
    assert_eq!(log(&out).len(), 1 + 48);
    assert_eq!(nonce(&out), before);
    assert!(notes(&out)["client.prefix_check"].contains("resumed"));
    assert!(!notes(&out).contains_key("budget_reached"));
}

#[test]
fn labelled_prompts_are_sent_as_they_are_and_synthetic_ones_begin_with_their_words() {
    let dir = tempfile::tempdir().unwrap();
    for synthetic in [false, true] {
        let sample = serde_json::json!({
            "id": "a", "prompt": "the very prompt", "target": {"kind": "answered"},
            "synthetic": synthetic,
        });
        std::fs::write(dir.path().join("samples.jsonl"), format!("{sample}\n")).unwrap();
        let server = Captured::start();
        let path = experiment(dir.path(), &format!("http://{}/v1", server.address), "");
        run(&path, &dir.path().join(synthetic.to_string()));
        let calls = server.calls();
        assert!(!calls.is_empty());
        for call in calls {
            let content = call["messages"][0]["content"].as_str().unwrap();
            assert!(content.ends_with("the very prompt"), "{content}");
            let words = content.split(' ').count();
            assert_eq!(words, if synthetic { 11 } else { 3 }, "{content}");
        }
    }
}

#[test]
fn rules_that_make_no_sense_are_refused_at_their_place() {
    let dir = tempfile::tempdir().unwrap();
    imported(dir.path(), false);
    for (rule, message) in [
        ("nonce = \"abc\"", "16 hexadecimal digits"),
        ("nonce = \"+0000000000000ab\"", "16 hexadecimal digits"),
        ("max_excess = 1.5", "share from 0 to 1"),
        ("max_shortfall = -0.1", "share from 0 to 1"),
        ("words = 3", "unknown field `words`"),
    ] {
        let path = experiment(
            dir.path(),
            "http://127.0.0.1:9/v1",
            &format!("[run.prefix]\n{rule}"),
        );
        let output = run(&path, &dir.path().join("out"));
        assert_eq!(code(&output), 3, "{rule}: {}", talk(&output));
        assert!(
            talk(&output).contains(message) && talk(&output).contains(":9:"),
            "{rule}: {}",
            talk(&output)
        );
    }
}
