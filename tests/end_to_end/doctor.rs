//! `weighbridge doctor`, and live runs in dialects other than the first.

use std::path::Path;

use serde_json::Value;

use crate::support::{code, log, root, talk, weighbridge};

/// An experiment on the embedded fleet with these keys of the backend.
fn experiment(dir: &Path, backend: &str) -> std::path::PathBuf {
    let samples = root().join("datasets/quickstart/samples.jsonl");
    let text = format!(
        r#"
name = "dialects"
[dataset]
path = "{}"
limit = 12
[[backend]]
name = "fleet"
{backend}
[[model]]
name = "nano"
backend = "fleet"
price = {{ input_per_mtok_usd = 0.1, output_per_mtok_usd = 0.4 }}
[[model]]
name = "large"
backend = "fleet"
price = {{ input_per_mtok_usd = 2.0, output_per_mtok_usd = 8.0 }}
[[policy]]
name = "production"
kind = "always"
model = "large"
role = "baseline"
[[policy]]
name = "cheap"
kind = "always"
model = "nano"
role = "candidate"
"#,
        samples.display()
    );
    let path = dir.join("experiment.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn doctor(path: &Path) -> (i32, Value, String) {
    let output = weighbridge()
        .arg("doctor")
        .arg(path)
        .arg("--json")
        .output()
        .unwrap();
    let document = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (code(&output), document, talk(&output))
}

fn state<'d>(model: &'d Value, name: &str) -> &'d str {
    let checks = model["checks"].as_array().unwrap();
    let check = checks.iter().find(|c| c["name"] == name);
    check.map_or("", |c| c["state"].as_str().unwrap())
}

#[test]
fn the_doctor_says_what_works_and_what_it_cost() {
    let dir = tempfile::tempdir().unwrap();
    for (dialect, cached, logprobs, counters) in [
        ("vllm", "ok", "ok", "ok"),
        ("anthropic", "ok", "absent", ""),
        ("tgi", "absent", "ok", "absent"),
        ("ollama", "absent", "ok", ""),
        ("gemini", "absent", "ok", ""),
        ("openai_responses", "ok", "ok", ""),
    ] {
        let keys = format!("kind = \"embedded\"\nspeed = 0.5\ndialect = \"{dialect}\"");
        let (code, document, talk) = doctor(&experiment(dir.path(), &keys));
        assert_eq!(code, 0, "{dialect}: {talk}");
        assert!(document["cost_usd"].as_f64().unwrap() > 0.0);
        let models = document["models"].as_array().unwrap();
        assert_eq!(models.len(), 2);
        for model in models {
            assert_eq!(model["dialect"], dialect);
            for name in ["answer", "usage"] {
                assert_eq!(state(model, name), "ok", "{dialect} {name}: {model:#}");
            }
            // A busy machine may hold a stream back; one piece it never is.
            assert!(
                model.to_string().contains(" chunks"),
                "{dialect}: {model:#}"
            );
            assert_eq!(
                state(model, "cached tokens"),
                cached,
                "{dialect}: {model:#}"
            );
            assert_eq!(state(model, "logprobs"), logprobs, "{dialect}: {model:#}");
            assert_eq!(state(model, "counters"), counters, "{dialect}: {model:#}");
        }
    }
}

#[test]
fn a_backend_that_is_not_there_fails_the_checkup() {
    let dir = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let keys = format!("dialect = \"sglang\"\nbase_url = \"http://{free}/v1\"");
    let (code, document, _) = doctor(&experiment(dir.path(), &keys));
    assert_eq!(code, 4);
    assert_eq!(state(&document["models"][0], "health"), "failed");
    assert_eq!(state(&document["models"][0], "answer"), "failed");
    let keys = "dialect = \"anthropic\"\napi_key_env = \"WEIGHBRIDGE_TEST_UNSET\"";
    let (code, document, _) = doctor(&experiment(dir.path(), keys));
    assert_eq!(code, 4);
    let text = document.to_string();
    assert!(text.contains("WEIGHBRIDGE_TEST_UNSET is not set"), "{text}");
}

#[test]
fn an_unknown_dialect_is_shown_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = experiment(dir.path(), "dialect = \"antropic\"");
    let output = weighbridge().arg("doctor").arg(&path).output().unwrap();
    assert_eq!(code(&output), 3);
    let talk = talk(&output);
    assert!(talk.contains("experiment.toml:8:11"), "{talk}");
    assert!(talk.contains("did you mean `anthropic`?"), "{talk}");
}

#[test]
fn a_run_in_another_dialect_watches_and_flushes_its_server() {
    let dir = tempfile::tempdir().unwrap();
    for (keys, is_watched) in [
        (
            "kind = \"embedded\"\nspeed = 50.0\nflush_cache = true\nrecord_gaps = true",
            true,
        ),
        (
            "kind = \"embedded\"\nspeed = 50.0\ndialect = \"anthropic\"\nprompt_cache = \"breakpoints\"",
            false,
        ),
    ] {
        let out = dir.path().join(if is_watched { "a" } else { "b" });
        let run = weighbridge()
            .arg("run")
            .arg(experiment(dir.path(), keys))
            .arg("--out")
            .arg(&out)
            .output()
            .unwrap();
        assert!([0, 1, 2].contains(&code(&run)), "{}", talk(&run));
        let lines = log(&out);
        assert!(lines.len() > 24);
        for trial in &lines[1..] {
            let attempt = &trial["attempts"][0];
            assert!(attempt["error"].is_null(), "{attempt}");
            assert!(attempt["usage"]["cache_read_tokens"].is_u64(), "{attempt}");
            assert_eq!(attempt["gaps"].is_array(), is_watched, "{attempt}");
        }
        let notes = std::fs::read_to_string(out.join("client.json")).unwrap_or_default();
        assert_eq!(
            notes.contains("server.fleet.prefix_queried_tokens"),
            is_watched,
            "{notes}"
        );
    }
}
