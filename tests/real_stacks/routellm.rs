//! RouteLLM's server in front of llama.cpp, as a router under test, with its random router: the others
//! fetch what they learned from the net.

use std::path::Path;
use std::process::Command;

use crate::experiment::{Experiment, TINY, attempt, check, tokens};
use crate::server::{Server, free_port, llama, set_up};

fn routellm(base: &Path, dir: &Path, behind: u16) -> Server {
    let port = free_port();
    let mut command = Command::new(base.join("routellm/venv/bin/python"));
    command
        .args(["-m", "routellm.openai_server", "--routers", "random"])
        .args(["--base-url", &format!("http://127.0.0.1:{behind}/v1")])
        .args(["--api-key", "none", "--port", &port.to_string()])
        .args(["--strong-model", "openai/tiny-strong"])
        .args(["--weak-model", "openai/tiny-weak"])
        .current_dir(dir)
        // It makes a client for embeddings that the random router never uses.
        .env("OPENAI_API_KEY", "none")
        .env("HF_HUB_OFFLINE", "1")
        .env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
    Server::start(command, port, "/openapi.json", &dir.join("routellm.log"))
}

#[test]
fn it_is_weighed_as_a_router_and_says_which_model_answered() {
    let Some(base) = set_up(&["model", "llama", "routellm"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let behind = llama(&base, dir.path(), "0");
    let router = routellm(&base, dir.path(), behind.port);
    let backend = format!(
        "dialect = \"llama_cpp\"\nbase_url = \"http://127.0.0.1:{}/v1\"\n[[backend]]\nname = \"gateway\"\n\
         dialect = \"routellm\"\nbase_url = \"http://127.0.0.1:{}/v1\"",
        behind.port, router.port
    );
    let experiment = Experiment {
        backend: &backend,
        models: ["backend = \"gateway\"\nmodel = \"router-random-0.5\"", TINY],
        run: "max_output_tokens = 12\nconcurrency = 2\nisolate_cache = false",
        samples: 24,
        key: "",
    };
    let model = experiment.doctor(dir.path());
    for name in [
        "answer",
        "streaming",
        "usage",
        "cached tokens",
        "served model",
    ] {
        assert_eq!(check(&model, name).0, "ok", "{name}: {model:#}");
    }
    let (trials, _) = experiment.run(dir.path(), "out");
    let mut chosen = Vec::new();
    for trial in trials.iter().filter(|t| t["policy"] == "cheap") {
        let attempt = attempt(trial);
        let served = &attempt["server"]["served_model"];
        chosen.push(served["name"].as_str().unwrap().to_owned());
        assert_eq!(served["from"], "body", "{attempt:#}");
        assert_eq!(tokens(attempt, "output_tokens"), 12, "{attempt:#}");
        assert!(attempt["chunks"].as_u64().unwrap() > 1, "{attempt:#}");
    }
    for name in ["tiny-weak", "tiny-strong"] {
        assert!(chosen.iter().any(|c| c == name), "never {name}: {chosen:?}");
    }
}
