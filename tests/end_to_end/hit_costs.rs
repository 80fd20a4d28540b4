//! What a prefix hit costs in the embedded fleet: from records and presets to the report.

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::{code, log, talk, weighbridge};

/// Words that every prompt begins with: well over a thousand tokens.
fn shared() -> String {
    (0..1500).map(|i| format!("w{i} ")).collect()
}

/// Six samples behind one long prefix; the production model keeps its cache on the device, the
/// candidate's engine is `engine`.
fn experiment(dir: &Path, engine: &str) -> PathBuf {
    let sample = |i: usize| {
        format!(
            "{{\"id\":\"s{i}\",\"prompt\":\"{}end {i}\",\"target\":{{\"kind\":\"answered\"}},\
             \"max_output_tokens\":4}}\n",
            shared()
        )
    };
    let samples: String = (0..6).map(sample).collect();
    std::fs::write(dir.join("samples.jsonl"), samples).unwrap();
    let text = format!(
        r#"name = "hits"
seed = 5
[dataset]
path = "samples.jsonl"
[controls]
single = false
shuffled = false
length = false
[run]
concurrency = 1
isolate_cache = false
[[backend]]
name = "near"
kind = "embedded"
speed = 10.0
[[backend.engine]]
shape = "llama3-8b"
tflops = 40.0
[[backend]]
name = "far"
kind = "embedded"
speed = 10.0
[[backend.engine]]
model = "nano"
{engine}
[[model]]
name = "device"
model = "nano"
backend = "near"
price = {{ input_per_mtok_usd = 0.05, output_per_mtok_usd = 0.2 }}
[[model]]
name = "host"
model = "nano"
backend = "far"
price = {{ input_per_mtok_usd = 0.05, output_per_mtok_usd = 0.2 }}
[[policy]]
name = "now"
kind = "always"
model = "device"
role = "baseline"
[[policy]]
name = "next"
kind = "always"
model = "host"
role = "candidate"
"#
    );
    let path = dir.join("experiment.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn run(dir: &Path, engine: &str) -> Output {
    let path = experiment(dir, engine);
    let mut command = weighbridge();
    command
        .arg("run")
        .arg(path)
        .arg("--out")
        .arg(dir.join("out"));
    command.arg("--ledger").arg(dir.join("ledger"));
    command.output().unwrap()
}

/// A record file that measures hash and index of a machine called "Test CPU".
fn records(dir: &Path, index_ns: f64) {
    let header = r#"{"header":{"schema":1,"writer":"test 0","seed":1,"grid":"quick","host":{"cpu":"Test CPU","threads":1,"memory_bytes":0,"system":"","features":[],"llc_bytes":0,"huge_pages":"","virtual_machine":false},"gpu":{"skipped":"no_device"}}}"#;
    let record = |bench: &str, config: &str, ns: f64, work: &str| {
        format!(
            r#"{{"record":{{"bench":"{bench}","by":"weighbridge","config":{{{config}}},"outcome":{{"measured":{{"time":{{"median_ns":{ns},"p20_ns":{ns},"p80_ns":{ns},"p99_ns":{ns},"n":20,"noise_rel":0.0}},"work":{{{work}}},"cache":"hot","oracle":"none"}}}}}}}}"#
        )
    };
    let chain = r#""algorithm":"xxh3-64-two-level","block":16,"tokens":1000"#;
    let hash = record("C1", chain, 5000.0, r#""tokens":1000.0"#);
    let radix = record("C2", r#""index":"radix""#, index_ns, r#""blocks":100.0"#);
    let text = format!("{header}\n{hash}\n{radix}\n");
    std::fs::write(dir.join("here.jsonl"), text).unwrap();
}

const ENGINE: &str = r#"shape = "llama3-8b"
records = "here.jsonl"
hits_from = "host-pcie5"
tflops = 40.0
device_tokens = 0
least_fetch_tokens = 64"#;

#[test]
fn a_report_says_what_hits_cost_and_what_was_measured() {
    let dir = tempfile::tempdir().unwrap();
    records(dir.path(), 300.0);
    let output = run(dir.path(), ENGINE);
    assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
    let log = log(&dir.path().join("out"));
    let note = |key: &str| log[0]["notes"][key].as_str().unwrap_or_default().to_owned();
    let lookup = note("hit_costs.far/nano.lookup");
    assert!(
        lookup.starts_with("5.00 ns a token to hash, 3.00 ns a block to find, measured"),
        "{lookup}"
    );
    assert!(note("hit_costs.far/nano.fetch").contains("host-pcie5, 55.0 GB/s"));
    assert!(note("hit_costs.far/nano.fetch").contains("not measured: a preset"));
    assert!(note("hit_costs.far/nano.break_even").contains("over host-pcie5 it saves"));
    assert!(note("hit_costs.far/nano.records").contains("Test CPU"));
    assert!(note("hit_costs.near/all.lookup").contains("not measured"));
    let read = |name: &str| std::fs::read_to_string(dir.path().join("out").join(name)).unwrap();
    for report in ["report.html", "report.md"] {
        let text = read(report);
        let part = "far/nano: what it means for a cache policy";
        assert!(
            text.contains(part) && text.contains("What a prefix hit costs"),
            "{report}"
        );
    }
    let trials = &log[1..];
    let of = |policy| -> Vec<&serde_json::Value> {
        trials.iter().filter(|t| t["policy"] == policy).collect()
    };
    // A miss computes at 40 TFLOP/s: never faster than the weights of its tokens, at speed 10.
    let least_ms = 1500.0 * 2.0 * 6.9e9 / 40e12 / 10.0 * 1e3;
    for policy in ["now", "next"] {
        let first = of(policy)[0];
        let ttft = first["ttft_ms"].as_f64().unwrap();
        assert!(ttft >= least_ms, "{policy}: {ttft} ms, at least {least_ms}");
        let cached = |t: &serde_json::Value| {
            t["attempts"][0]["usage"]["cache_read_tokens"]
                .as_u64()
                .unwrap_or(0)
        };
        assert_eq!(cached(first), 0, "{policy}");
        assert!(of(policy)[1..].iter().all(|t| cached(t) > 1000), "{policy}");
    }
}

#[test]
fn other_records_are_another_experiment() {
    let hash = |index_ns: f64| {
        let dir = tempfile::tempdir().unwrap();
        records(dir.path(), index_ns);
        let output = run(dir.path(), ENGINE);
        assert!([0, 1, 2].contains(&code(&output)), "{}", talk(&output));
        log(&dir.path().join("out"))[0]["experiment_hash"].clone()
    };
    let first = hash(300.0);
    assert_eq!(first, hash(300.0));
    assert_ne!(first, hash(301.0));
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let dir = tempfile::tempdir().unwrap();
    records(dir.path(), 300.0);
    std::fs::write(dir.path().join("cut.jsonl"), "{\"header\":{\"schema\":1,").unwrap();
    // The engine of the candidate begins in line 25.
    for (engine, place, says) in [
        (
            "shape = \"llama3-9b\"",
            ":25:9:",
            "the presets are llama3-8b",
        ),
        ("shap = \"llama3-8b\"", ":25:1:", "did you mean `shape`?"),
        (
            "shape = \"llama3-8b\"\nrecords = \"gone.jsonl\"",
            ":26:11:",
            "kernels run --out FILE",
        ),
        (
            "shape = \"llama3-8b\"\nrecords = \"cut.jsonl\"",
            ":26:11:",
            "cut.jsonl:1:22: EOF while parsing",
        ),
        (
            "shape = \"llama3-8b\"\nrecords = \"here.jsonl\"\nhits_from = \"host\"",
            ":26:11:",
            "no measured G3",
        ),
        (
            "shape = \"llama3-8b\"\nhits_from = \"moon\"",
            ":26:13:",
            "nothing is known of hits from `moon`",
        ),
        (
            "shape = \"llama3-8b\"\nleast_fetch_tokens = 256",
            ":26:22:",
            "nothing is fetched",
        ),
        (
            "shape = \"llama3-8b\"\nhits_from = \"nvme\"\nlayout = \"page_first\"",
            ":27:10:",
            "`layout` has no effect",
        ),
        (
            "shape = \"llama3-8b\"\ntflops = -1.0",
            ":26:10:",
            "must be more than 0",
        ),
    ] {
        let output = run(dir.path(), engine);
        let said = talk(&output);
        assert_eq!(code(&output), 3, "{engine}: {said}");
        assert!(
            said.contains(place) && said.contains(says),
            "{engine}: {said}"
        );
    }
}
