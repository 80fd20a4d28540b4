//! Portkey's gateway in front of llama.cpp, as a router under test.
//!
//! Answers in one piece: version 1.15.2 breaks every stream on Node 20 (`TypeError: immutable`).

use std::path::Path;
use std::process::Command;

use crate::experiment::{Experiment, TINY, attempt, check, contains, tokens};
use crate::server::{Server, free_port, llama, set_up};

/// Sent to the gateway and by it to the server; must never be written anywhere.
const KEY: &str = "sk-canary-7d41c09e5b8a2f63";

fn portkey(base: &Path, dir: &Path) -> Server {
    let port = free_port();
    let mut command = Command::new("node");
    command
        .arg(base.join("portkey/node_modules/@portkey-ai/gateway/build/start-server.js"))
        .arg(format!("--port={port}"))
        .arg("--headless")
        .current_dir(dir);
    Server::start(command, port, "/", &dir.join("portkey.log"))
}

/// One target behind the gateway.
fn target(port: u16, model: &str) -> serde_json::Value {
    serde_json::json!({
        "provider": "openai",
        "api_key": KEY,
        "custom_host": format!("http://127.0.0.1:{port}/v1"),
        "override_params": {"model": model},
    })
}

/// `[[backend]]` tables: the gateway with its configuration, then the server itself. What the gateway is
/// told holds a key, so it comes from the environment.
fn backends(gateway: u16, behind: u16, stream: bool) -> String {
    format!(
        "dialect = \"llama_cpp\"\nbase_url = \"http://127.0.0.1:{behind}/v1\"\n\
         [[backend]]\nname = \"gateway\"\ndialect = \"portkey\"\nstream = {stream}\n\
         base_url = \"http://127.0.0.1:{gateway}/v1\"\n\
         headers_env = {{ \"x-portkey-config\" = \"WEIGHBRIDGE_TEST_KEY\" }}"
    )
}

const AUTO: &str = "backend = \"gateway\"\nmodel = \"auto\"";

#[test]
fn it_is_weighed_as_a_router_and_says_which_target_answered() {
    let Some(base) = set_up(&["model", "llama", "portkey"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let behind = llama(&base, dir.path(), "0");
    let gateway = portkey(&base, dir.path());
    let config = serde_json::json!({
        "strategy": {"mode": "loadbalance"},
        "targets": [target(behind.port, "tiny-weak"), target(behind.port, "tiny-strong")],
    });
    let experiment = Experiment {
        backend: &backends(gateway.port, behind.port, false),
        models: [AUTO, TINY],
        run: "max_output_tokens = 8\nconcurrency = 2\nisolate_cache = false",
        samples: 24,
        key: &config.to_string(),
    };
    let model = experiment.doctor(dir.path());
    for name in ["answer", "usage", "cached tokens", "served model"] {
        assert_eq!(check(&model, name).0, "ok", "{name}: {model:#}");
    }
    assert_eq!(check(&model, "streaming").0, "absent", "{model:#}");
    let (trials, _) = experiment.run(dir.path(), "out");
    let mut chosen = Vec::new();
    for trial in trials.iter().filter(|t| t["policy"] == "cheap") {
        let attempt = attempt(trial);
        let said = &attempt["server"];
        let served = &said["served_model"];
        assert_eq!(
            served["from"], "x-portkey-last-used-option-index",
            "{said:#}"
        );
        assert_eq!(said["provider"], "openai", "{said:#}");
        chosen.push(served["name"].as_str().unwrap().to_owned());
        assert!(tokens(attempt, "output_tokens") > 0, "{attempt:#}");
        // In one piece, the first token is the last.
        assert_eq!(
            attempt["first_token_ms"], attempt["last_token_ms"],
            "{attempt:#}"
        );
    }
    for name in ["config.targets[0]", "config.targets[1]"] {
        assert!(chosen.iter().any(|c| c == name), "never {name}: {chosen:?}");
    }
    assert!(
        !contains(&dir.path().join("out"), KEY),
        "the key was written"
    );
}

#[test]
fn what_breaks_behind_it_is_its_failure_and_no_verdict_is_made_of_it() {
    let Some(base) = set_up(&["model", "llama", "portkey"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let behind = llama(&base, dir.path(), "0");
    let gateway = portkey(&base, dir.path());
    // Nobody listens there.
    let config = serde_json::json!({"strategy": {"mode": "single"}, "targets": [target(free_port(), "tiny")]});
    let experiment = Experiment {
        backend: &backends(gateway.port, behind.port, false),
        models: [AUTO; 2],
        run: "max_output_tokens = 8\nconcurrency = 1",
        samples: 1,
        key: &config.to_string(),
    };
    let ((code, talk), trials) = experiment.try_run(dir.path(), "broken");
    let error = &trials[0]["attempts"][0]["error"];
    assert_eq!(error["kind"], "server", "{error:#}");
    assert_eq!(code, 4, "{talk}");
}
