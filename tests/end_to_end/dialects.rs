//! Every dialect that an experiment file can name, from the file to the wire and back.

use std::path::Path;

use serde_json::Value;

use crate::support::{code, talk, weighbridge};
use crate::wire::Captured;

/// All dialects, as the schema of the experiment file lists them.
fn dialects() -> Vec<String> {
    let output = weighbridge().args(["schema"]).output().unwrap();
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    fn find(value: &Value) -> Option<&Vec<Value>> {
        let own = value["properties"]["dialect"]["enum"].as_array();
        let inner = || match value {
            Value::Object(map) => map.values().find_map(find),
            Value::Array(list) => list.iter().find_map(find),
            _ => None,
        };
        own.or_else(inner)
    }
    let names = find(&schema).unwrap().iter();
    names.map(|n| n.as_str().unwrap().to_owned()).collect()
}

fn experiment(dir: &Path, backend: &str, model: &str) -> std::path::PathBuf {
    let sample = serde_json::json!({
        "id": "a",
        "messages": [
            {"role": "system", "content": "Answer with a number."},
            {"role": "user", "content": "Compute 2 + 2."},
        ],
        "target": {"kind": "number", "value": 4},
    });
    std::fs::write(dir.join("samples.jsonl"), format!("{sample}\n")).unwrap();
    let text = format!(
        r#"
name = "dialects"
[dataset]
path = "samples.jsonl"
[run]
concurrency = 1
retries = 0
isolate_cache = false
[controls]
single = false
shuffled = false
length = false
[[backend]]
name = "b"
{backend}
[[model]]
name = "small"
backend = "b"
price = {{ input_per_mtok_usd = 0.1, output_per_mtok_usd = 0.4 }}
{model}
[[policy]]
name = "production"
kind = "always"
model = "small"
role = "baseline"
[[policy]]
name = "same again"
kind = "always"
model = "small"
role = "candidate"
"#
    );
    let path = dir.join("experiment.toml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn the_doctor_gets_an_answer_in_every_dialect() {
    let dir = tempfile::tempdir().unwrap();
    let dialects = dialects();
    assert!(dialects.len() >= 25, "{dialects:?}");
    for dialect in dialects {
        let keys = format!("kind = \"embedded\"\nspeed = 50.0\ndialect = \"{dialect}\"");
        let output = weighbridge()
            .arg("doctor")
            .arg(experiment(dir.path(), &keys, ""))
            .arg("--json")
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{dialect}: {}", talk(&output));
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let checks = document["models"][0]["checks"].as_array().unwrap();
        let state = |name: &str| {
            let check = checks.iter().find(|c| c["name"] == name);
            check.map(|c| c["state"].as_str().unwrap().to_owned())
        };
        assert_eq!(
            state("answer").as_deref(),
            Some("ok"),
            "{dialect}: {document:#}"
        );
        // A router that cannot be asked for counts.
        let counted = if dialect == "routellm" {
            "absent"
        } else {
            "ok"
        };
        assert_eq!(
            state("usage").as_deref(),
            Some(counted),
            "{dialect}: {document:#}"
        );
    }
}

/// Body of the only call of a run in a dialect with these keys of backend and model.
fn body(backend: &str, model: &str) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let wire = Captured::start();
    let keys = format!("base_url = \"http://{}/v1\"\n{backend}", wire.address);
    let output = weighbridge()
        .arg("run")
        .arg(experiment(dir.path(), &keys, model))
        .arg("--out")
        .arg(dir.path().join("out"))
        .output()
        .unwrap();
    // The wire refuses everything: what was asked is the point.
    let calls = wire.calls();
    assert!(!calls.is_empty(), "{}", talk(&output));
    calls[0].clone()
}

#[test]
fn prompt_cache_controls_go_from_the_file_to_the_wire() {
    let marks = |ttl: &str| format!("prompt_cache = \"breakpoints{ttl}\"");
    let anthropic = |ttl: &str| body(&format!("dialect = \"anthropic\"\n{}", marks(ttl)), "");
    let short = serde_json::json!({"type": "ephemeral"});
    let long = serde_json::json!({"type": "ephemeral", "ttl": "1h"});
    for (body, control) in [(anthropic(""), &short), (anthropic("_long"), &long)] {
        assert_eq!(&body["system"][0]["cache_control"], control, "{body:#}");
        let last = &body["messages"][0]["content"][0];
        assert_eq!(&last["cache_control"], control, "{body:#}");
    }
    for dialect in ["openrouter", "litellm"] {
        let body = body(&format!("dialect = \"{dialect}\"\n{}", marks("")), "");
        let first = &body["messages"][0]["content"][0];
        assert_eq!(first["cache_control"], short, "{body:#}");
    }
    let openai = body(&format!("dialect = \"openai\"\n{}", marks("")), "");
    assert_eq!(openai["prompt_cache_options"]["mode"], "explicit");
    let part = &openai["messages"][0]["content"][0];
    assert_eq!(
        part["prompt_cache_breakpoint"]["mode"], "explicit",
        "{openai:#}"
    );
}

#[test]
fn prompt_cache_keys_and_switches_go_from_the_file_to_the_wire() {
    let key = "prompt_cache_key = \"team-a\"";
    for dialect in [
        "openai",
        "openai_responses",
        "fireworks",
        "mistral",
        "openrouter",
    ] {
        let body = body(&format!("dialect = \"{dialect}\"\n{key}"), "");
        assert_eq!(body["prompt_cache_key"], "team-a", "{dialect}: {body:#}");
    }
    let off = |dialect: &str| {
        body(
            &format!("dialect = \"{dialect}\"\nprompt_cache = \"off\""),
            "",
        )
    };
    assert_eq!(off("llama_cpp")["cache_prompt"], false);
    for dialect in ["openai", "openai_responses"] {
        let body = off(dialect);
        assert_eq!(body["prompt_cache_options"]["mode"], "explicit", "{body:#}");
        assert!(
            !body.to_string().contains("prompt_cache_breakpoint"),
            "{body:#}"
        );
    }
    for (dialect, field) in [
        ("vllm", "cache_salt"),
        ("sglang", "cache_salt"),
        ("trtllm", "cache_salt"),
        ("fireworks", "prompt_cache_isolation_key"),
        ("deepseek", "user_id"),
    ] {
        let body = off(dialect);
        assert!(
            body[field].as_str().is_some_and(|salt| !salt.is_empty()),
            "{dialect}: {body:#}"
        );
    }
    assert!(!off("anthropic").to_string().contains("cache_control"));
}

#[test]
fn an_explicit_cache_of_gemini_is_named_in_the_body() {
    let model = "body = { cachedContent = \"cachedContents/c1\" }";
    let body = body("dialect = \"gemini\"", model);
    assert_eq!(body["cachedContent"], "cachedContents/c1", "{body:#}");
    // It holds the system prompt, and the service refuses a request that repeats it.
    assert!(body["systemInstruction"].is_null(), "{body:#}");
}
