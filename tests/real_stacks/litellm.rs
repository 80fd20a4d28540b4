//! LiteLLM proxy in front of llama.cpp, as a router under test.

use std::path::Path;
use std::process::Command;

use crate::experiment::{Experiment, TINY, attempt, check, contains, tokens};
use crate::server::{Server, free_port, llama, set_up};

/// Long enough for the proxy, which refuses weak ones; must never be written anywhere.
const KEY: &str = "sk-canary-0f3b7a5c9d1e2468";

/// Dollars per token of the two deployments, input and output; cached input costs a tenth.
const PRICES: [(&str, f64, f64); 2] = [
    ("openai/tiny-weak", 1e-7, 4e-7),
    ("openai/tiny-strong", 2e-6, 8e-6),
];

/// The proxy with one alias for two deployments, between which it chooses at random.
fn litellm(base: &Path, dir: &Path, behind: u16) -> Server {
    let deployments = PRICES.map(|(model, input, output)| {
        serde_json::json!({
            "model_name": "auto",
            "litellm_params": {
                "model": model,
                "api_base": format!("http://127.0.0.1:{behind}/v1"),
                "api_key": "none",
                "input_cost_per_token": input,
                "output_cost_per_token": output,
                "cache_read_input_token_cost": input / 10.0,
            },
            "model_info": {"id": format!("deployment-of-{model}")},
        })
    });
    // A deployment where nobody listens, for which the others step in after a retry.
    let down = serde_json::json!({
        "model_name": "down",
        "litellm_params": {
            "model": "openai/tiny-down",
            "api_base": format!("http://127.0.0.1:{}/v1", free_port()),
            "api_key": "none",
            "num_retries": 0,
        },
        "model_info": {"id": "deployment-down"},
    });
    let mut deployments = deployments.to_vec();
    deployments.push(down);
    let config = serde_json::json!({
        "model_list": deployments,
        "router_settings": {
            "routing_strategy": "simple-shuffle",
            "num_retries": 0,
            "fallbacks": [{"down": ["auto"]}],
        },
    });
    // JSON is YAML.
    let path = dir.join("litellm.yaml");
    std::fs::write(&path, config.to_string()).unwrap();
    let port = free_port();
    let mut command = Command::new(base.join("litellm/venv/bin/python"));
    command
        .arg(base.join("litellm/venv/bin/litellm"))
        .arg("--config")
        .arg(path)
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        .current_dir(dir)
        .env("LITELLM_MASTER_KEY", KEY)
        // Its list of prices is looked up on the net otherwise.
        .env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
    Server::start(
        command,
        port,
        "/health/liveliness",
        &dir.join("litellm.log"),
    )
}

#[test]
fn it_is_weighed_as_a_router() {
    let Some(base) = set_up(&["model", "llama", "litellm"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let behind = llama(&base, dir.path(), "0");
    let proxy = litellm(&base, dir.path(), behind.port);
    let backend = format!(
        "dialect = \"llama_cpp\"\nbase_url = \"http://127.0.0.1:{}/v1\"\n[[backend]]\nname = \"gateway\"\n\
         dialect = \"litellm\"\nbase_url = \"http://127.0.0.1:{}/v1\"\napi_key_env = \"WEIGHBRIDGE_TEST_KEY\"",
        behind.port, proxy.port
    );
    let experiment = Experiment {
        backend: &backend,
        models: ["backend = \"gateway\"\nmodel = \"auto\"", TINY],
        run: "max_output_tokens = 12\nconcurrency = 2\nisolate_cache = false",
        samples: 24,
        key: KEY,
    };
    let model = experiment.doctor(dir.path());
    for name in [
        "answer",
        "streaming",
        "usage",
        "cached tokens",
        "logprobs",
        "model list",
        "served model",
    ] {
        assert_eq!(check(&model, name).0, "ok", "{name}: {model:#}");
    }
    let (trials, _) = experiment.run(dir.path(), "out");
    let mut chosen = Vec::new();
    for trial in trials.iter().filter(|t| t["policy"] == "cheap") {
        let attempt = attempt(trial);
        let said = &attempt["server"];
        assert_eq!(
            said["served_model"]["from"], "x-litellm-model-name",
            "{said:#}"
        );
        let name = said["served_model"]["name"].as_str().unwrap();
        let (_, input, output) = PRICES.into_iter().find(|(m, ..)| *m == name).unwrap();
        chosen.push(name.to_owned());
        // What it says the call cost is its own price of what was counted.
        let [fresh, read, out] = ["input_tokens", "cache_read_tokens", "output_tokens"]
            .map(|b| tokens(attempt, b) as f64);
        let expected = input * (fresh + read / 10.0) + output * out;
        let cost = said["cost_usd"].as_f64().unwrap();
        assert!(
            (cost - expected).abs() < 1e-9,
            "{cost} is not {expected}: {attempt:#}"
        );
        assert!(said["gateway_ms"].as_f64().unwrap() > 0.0, "{said:#}");
        // It went straight to the deployment.
        assert_eq!(
            said["gateway_target"],
            format!("deployment-of-{name}"),
            "{said:#}"
        );
        assert_eq!(said["gateway_fallbacks"], 0, "{said:#}");
        assert_eq!(said["gateway_retries"], 0, "{said:#}");
        assert!(
            attempt["request_id"].as_str().unwrap().len() > 20,
            "{attempt:#}"
        );
        assert!(attempt["chunks"].as_u64().unwrap() > 1, "{attempt:#}");
    }
    for (name, ..) in PRICES {
        assert!(chosen.iter().any(|c| c == name), "never {name}: {chosen:?}");
    }
    assert!(
        !contains(&dir.path().join("out"), KEY),
        "the key was written"
    );
}

#[test]
fn what_it_refuses_and_what_breaks_behind_it_are_told_apart() {
    let Some(base) = set_up(&["model", "llama", "litellm"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let behind = llama(&base, dir.path(), "0");
    let proxy = litellm(&base, dir.path(), behind.port);
    let backend = format!(
        "dialect = \"litellm\"\nbase_url = \"http://127.0.0.1:{}/v1\"\napi_key_env = \"WEIGHBRIDGE_TEST_KEY\"",
        proxy.port
    );
    let experiment = |model| Experiment {
        backend: &backend,
        models: [model; 2],
        run: "max_output_tokens = 12\nconcurrency = 1",
        samples: 1,
        key: KEY,
    };
    let (_, refused) =
        experiment("backend = \"server\"\nmodel = \"absent\"").try_run(dir.path(), "refused");
    let error = &refused[0]["attempts"][0]["error"];
    assert_eq!(
        (&error["kind"], &error["status"]),
        (&"rejected".into(), &400.into()),
        "{error:#}"
    );
    assert!(
        error["message"].as_str().unwrap().contains("model=absent"),
        "{error:#}"
    );
    drop(behind);
    let ((code, talk), broken) =
        experiment("backend = \"server\"\nmodel = \"auto\"").try_run(dir.path(), "broken");
    let error = &broken[0]["attempts"][0]["error"];
    assert_eq!(
        (&error["kind"], &error["status"]),
        (&"server".into(), &500.into()),
        "{error:#}"
    );
    // Nothing was measured: no verdict.
    assert_eq!(code, 4, "{talk}");
}

#[test]
fn what_it_does_inside_when_a_deployment_is_down_is_told() {
    let Some(base) = set_up(&["model", "llama", "litellm"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let behind = llama(&base, dir.path(), "0");
    let proxy = litellm(&base, dir.path(), behind.port);
    let backend = format!(
        "dialect = \"litellm\"\nbase_url = \"http://127.0.0.1:{}/v1\"\napi_key_env = \"WEIGHBRIDGE_TEST_KEY\"",
        proxy.port
    );
    let experiment = Experiment {
        backend: &backend,
        models: ["backend = \"server\"\nmodel = \"down\""; 2],
        run: "max_output_tokens = 12\nconcurrency = 1\nisolate_cache = false",
        samples: 4,
        key: KEY,
    };
    let (trials, out) = experiment.run(dir.path(), "out");
    for trial in &trials {
        let said = &attempt(trial)["server"];
        assert_eq!(said["gateway_fallbacks"], 1, "{said:#}");
        let target = said["gateway_target"].as_str().unwrap();
        assert!(target.starts_with("deployment-of-"), "{said:#}");
    }
    let report = std::fs::read_to_string(dir.path().join("out/report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let gateway = &report["reliability"]["gateways"][0];
    assert_eq!(gateway["fallbacks"], gateway["told"], "{gateway:#}");
    assert!(
        gateway["told"].as_u64().unwrap() >= 4,
        "{gateway:#} {out:?}"
    );
}
