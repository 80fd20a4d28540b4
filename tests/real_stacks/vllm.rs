//! vLLM on CPU. It takes minutes to start, so it runs on request only.

use std::path::Path;
use std::process::Command;

use crate::experiment::{Experiment, TINY, attempt, check, tokens};
use crate::http::counter;
use crate::server::{Server, free_port, set_up};

fn vllm(base: &Path, dir: &Path) -> Server {
    let port = free_port();
    let mut command = Command::new(base.join("vllm/venv/bin/python"));
    command
        .arg(base.join("vllm/venv/bin/vllm"))
        .arg("serve")
        .arg(base.join("model/tiny-llama"))
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        .args(["--served-model-name", "tiny", "--max-model-len", "4096"])
        .args(["--enforce-eager", "--enable-prompt-tokens-details"])
        .current_dir(dir)
        .envs([
            ("VLLM_CPU_KVCACHE_SPACE", "1"),
            ("VLLM_NO_USAGE_STATS", "1"),
            ("HF_HUB_OFFLINE", "1"),
            // Opens the address that empties the prefix cache.
            ("VLLM_SERVER_DEV_MODE", "1"),
        ]);
    Server::start(command, port, "/health", &dir.join("vllm.log"))
}

#[test]
fn its_cache_counts_and_flush_are_read_from_the_real_server() {
    if std::env::var_os("WEIGHBRIDGE_TEST_VLLM").is_none() {
        println!("skipped: set WEIGHBRIDGE_TEST_VLLM=1 to start vLLM, which takes minutes");
        return;
    }
    let Some(base) = set_up(&["model", "vllm"]) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let server = vllm(&base, dir.path());
    let run = |keys: &str, out: &str| {
        let port = server.port;
        let backend =
            format!("dialect = \"vllm\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\n{keys}");
        let experiment = Experiment {
            backend: &backend,
            models: [TINY; 2],
            run: "max_output_tokens = 12\nconcurrency = 1\nisolate_cache = false",
            samples: 3,
            key: "",
        };
        (
            experiment.doctor(dir.path()),
            experiment.run(dir.path(), out),
        )
    };
    let names = [
        "vllm:prefix_cache_hits_total",
        "vllm:prefix_cache_queries_total",
    ];
    let (model, (trials, notes)) = run("flush_cache = true", "cold");
    for name in [
        "health",
        "model list",
        "counters",
        "answer",
        "usage",
        "cached tokens",
        "logprobs",
    ] {
        assert_eq!(check(&model, name).0, "ok", "{name}: {model:#}");
    }
    let reads = |trials: &[serde_json::Value]| -> Vec<u64> {
        let read = |t| tokens(attempt(t), "cache_read_tokens");
        trials.iter().map(read).collect()
    };
    let cold = reads(&trials);
    // Whole blocks of 128 tokens.
    assert_eq!(cold[0], 0, "{cold:?}");
    assert!(
        cold[1..].iter().all(|read| *read >= 128 && read % 128 == 0),
        "{cold:?}"
    );
    let note = |key: &str| {
        notes[format!("server.server.{key}")]
            .as_str()
            .map(str::to_owned)
    };
    let sum: u64 = cold.iter().sum();
    assert_eq!(
        note("prefix_hit_tokens"),
        Some(sum.to_string()),
        "{notes:#}"
    );
    assert!(names.iter().all(|name| counter(server.port, name) > 0.0));
    for trial in &trials {
        let attempt = attempt(trial);
        assert_eq!(attempt["usage"]["source"], "server");
        assert!(attempt["chunks"].as_u64().unwrap() >= 1, "{attempt:#}");
    }
    let (_, (trials, _)) = run("", "warm");
    assert!(reads(&trials)[0] >= 128);
    let (_, (trials, _)) = run("prompt_cache = \"off\"", "off");
    assert!(reads(&trials).iter().all(|read| *read == 0));
}
