//! Failure 8 on a real server: llama.cpp remembers prompts, and must not be measured by them.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::server::{llama, set_up};

/// A trace of eight requests of 300 tokens that share nothing.
fn imported(dir: &Path) {
    let row = |i: u64| {
        format!(
            "{{\"timestamp\": {i}, \"input_length\": 300, \"output_length\": 12, \"hash_ids\": [{i}]}}\n"
        )
    };
    std::fs::write(dir.join("trace.jsonl"), (0..8).map(row).collect::<String>()).unwrap();
    let import = Command::new(env!("CARGO_BIN_EXE_weighbridge"))
        .args(["import", "mooncake"])
        .arg(dir.join("trace.jsonl"))
        .arg("--out")
        .arg(dir)
        .output()
        .unwrap();
    assert!(import.status.success());
}

/// Runs every request twice, once for each arm; the exit code and the notes. The arms share a cache: to keep
/// them apart, llama.cpp goes without one.
fn run(dir: &Path, port: u16, out: &str, rule: &str) -> (i32, BTreeMap<String, String>) {
    let text = format!(
        r#"
name = "prefix"
[dataset]
path = "samples.jsonl"
[run]
concurrency = 1
isolate_cache = false
client = {{ max_overhead_share = 1e6, max_lag_ms = 1e6 }}
prefix = {{ {rule} }}
[controls]
single = false
shuffled = false
length = false
[[backend]]
name = "server"
dialect = "llama_cpp"
base_url = "http://127.0.0.1:{port}/v1"
[[model]]
name = "tiny"
backend = "server"
price = {{ input_per_mtok_usd = 0.1, output_per_mtok_usd = 0.4 }}
[[policy]]
name = "now"
kind = "always"
model = "tiny"
role = "baseline"
[[policy]]
name = "next"
kind = "always"
model = "tiny"
role = "candidate"
"#
    );
    std::fs::write(dir.join("experiment.toml"), text).unwrap();
    let out = dir.join(out);
    let output = Command::new(env!("CARGO_BIN_EXE_weighbridge"))
        .arg("run")
        .arg(dir.join("experiment.toml"))
        .arg("--out")
        .arg(&out)
        .arg("--ledger")
        .arg(dir.join("ledger"))
        .output()
        .unwrap();
    let notes = std::fs::read(out.join("client.json")).unwrap();
    let notes = serde_json::from_slice(&notes).unwrap();
    (output.status.code().unwrap(), notes)
}

#[test]
fn equal_runs_find_nothing_of_each_other_and_repeated_prompts_are_found_out() {
    let Some(base) = set_up(&["model", "llama"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    // Its cache in main memory keeps every prompt, not only the last.
    let server = llama(&base, dir.path(), "8192");
    imported(dir.path());
    let port = server.port;
    for out in ["one", "two"] {
        let (code, notes) = run(dir.path(), port, out, "");
        // A random model may also have nothing to say; that its prompts were new is what counts.
        assert!(
            !notes.contains_key("client.prefix_problem"),
            "{out}: {code} {notes:?}"
        );
        assert_eq!(
            notes["server.server.prefix_check"], "as designed",
            "{notes:?}"
        );
    }
    let forced = "nonce = \"00000000000000ab\"";
    let (code, notes) = run(dir.path(), port, "first", forced);
    assert!(
        !notes.contains_key("client.prefix_problem"),
        "{code} {notes:?}"
    );
    let (code, notes) = run(dir.path(), port, "again", forced);
    assert_eq!(code, 4, "{notes:?}");
    let problem = &notes["client.prefix_problem"];
    assert!(
        problem.contains("it had seen these prompts before"),
        "{problem}"
    );
}
