//! llama.cpp's own server.

use crate::experiment::{Experiment, TINY, attempt, check, tokens};
use crate::http::counter;
use crate::server::{Server, llama, set_up};

/// A server of its own for one test, and a folder.
fn start() -> Option<(tempfile::TempDir, Server)> {
    let base = set_up(&["model", "llama"])?;
    let dir = tempfile::tempdir().unwrap();
    let server = llama(&base, dir.path(), "0");
    Some((dir, server))
}

fn backend(server: &Server, dialect: &str, more: &str) -> String {
    let port = server.port;
    format!("dialect = \"{dialect}\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\n{more}")
}

const WARM: &str = "max_output_tokens = 12\nconcurrency = 1\nisolate_cache = false";

#[test]
fn the_doctor_finds_everything_that_works() {
    let Some((dir, server)) = start() else { return };
    let backend = backend(&server, "llama_cpp", "");
    let experiment = Experiment {
        backend: &backend,
        models: [TINY; 2],
        run: "",
        samples: 1,
        key: "",
    };
    let model = experiment.doctor(dir.path());
    for name in [
        "health",
        "model list",
        "counters",
        "answer",
        "streaming",
        "usage",
        "cached tokens",
        "logprobs",
    ] {
        assert_eq!(check(&model, name).0, "ok", "{name}: {model:#}");
    }
    assert!(model["ttft_ms"].as_f64().unwrap() > 0.0);
    assert!(model["cost_usd"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_shared_prefix_is_cached_and_response_and_metrics_agree() {
    let Some((dir, server)) = start() else { return };
    let backend = backend(&server, "llama_cpp", "record_gaps = true");
    let experiment = Experiment {
        backend: &backend,
        models: [TINY; 2],
        run: WARM,
        samples: 4,
        key: "",
    };
    let names = [
        "llamacpp:prompt_tokens_cached_total",
        "llamacpp:prompt_tokens_total",
    ];
    let before = names.map(|name| counter(server.port, name));
    let (trials, notes) = experiment.run(dir.path(), "out");
    let after = names.map(|name| counter(server.port, name));
    let (mut cached, mut fresh) = (0, 0);
    for (i, trial) in trials.iter().enumerate() {
        let attempt = attempt(trial);
        let (read, input) = (
            tokens(attempt, "cache_read_tokens"),
            tokens(attempt, "input_tokens"),
        );
        assert!(read + input > 200, "{attempt:#}");
        // The first one is cold, all others find the system prompt.
        assert_eq!(read > 200, i > 0, "{i}: {attempt:#}");
        assert_eq!(attempt["usage"]["source"], "server");
        assert!(tokens(attempt, "output_tokens") <= 12);
        assert!(attempt["chunks"].as_u64().unwrap() > 1, "{attempt:#}");
        assert_eq!(
            attempt["gaps"].as_array().unwrap().len() as u64,
            attempt["chunks"].as_u64().unwrap()
        );
        assert_eq!(attempt["finish"], "length");
        let mark = |name: &str| attempt[name].as_f64().unwrap();
        assert!(mark("sent_ms") < mark("first_token_ms"));
        assert!(mark("first_token_ms") < mark("last_token_ms"));
        cached += read;
        fresh += input;
    }
    assert_eq!(after[0] - before[0], cached as f64);
    assert_eq!(after[1] - before[1], fresh as f64);
    let note = |key: &str| {
        notes[format!("server.server.{key}")]
            .as_str()
            .map(str::to_owned)
    };
    assert_eq!(
        note("prefix_hit_tokens"),
        Some(cached.to_string()),
        "{notes:#}"
    );
    assert_eq!(
        note("prefix_queried_tokens"),
        Some((cached + fresh).to_string()),
        "{notes:#}"
    );
}

#[test]
fn a_flushed_cache_is_cold_and_one_that_is_off_stays_cold() {
    let Some((dir, server)) = start() else { return };
    let first_read = |keys: &str, out: &str| {
        let backend = backend(&server, "llama_cpp", keys);
        let experiment = Experiment {
            backend: &backend,
            models: [TINY; 2],
            run: WARM,
            samples: 2,
            key: "",
        };
        let (trials, _) = experiment.run(dir.path(), out);
        let reads: Vec<u64> = trials
            .iter()
            .map(|t| tokens(attempt(t), "cache_read_tokens"))
            .collect();
        reads
    };
    let cold = first_read("", "cold");
    assert!(cold[0] == 0 && cold[3] > 200, "{cold:?}");
    let warm = first_read("", "warm");
    assert!(warm[0] > 200, "{warm:?}");
    let flushed = first_read("flush_cache = true", "flushed");
    assert!(flushed[0] == 0 && flushed[3] > 200, "{flushed:?}");
    let off = first_read("prompt_cache = \"off\"", "off");
    assert_eq!(off, [0; 4]);
}

#[test]
fn its_other_interfaces_are_read_by_their_own_codecs() {
    let Some((dir, server)) = start() else { return };
    for dialect in ["openai_chat", "openai_responses", "anthropic"] {
        let backend = backend(&server, dialect, "");
        let experiment = Experiment {
            backend: &backend,
            models: [TINY; 2],
            run: WARM,
            samples: 2,
            key: "",
        };
        let (trials, _) = experiment.run(dir.path(), dialect);
        for (i, trial) in trials.iter().enumerate() {
            let attempt = attempt(trial);
            let read = tokens(attempt, "cache_read_tokens");
            assert!(
                read + tokens(attempt, "input_tokens") > 200,
                "{dialect}: {attempt:#}"
            );
            assert!(i == 0 || read > 200, "{dialect}: {attempt:#}");
            assert!(
                attempt["chunks"].as_u64().unwrap() > 1,
                "{dialect}: {attempt:#}"
            );
            assert!(attempt["finish"].is_string(), "{dialect}: {attempt:#}");
        }
    }
}

#[test]
fn two_policies_are_compared_under_load() {
    let Some((dir, server)) = start() else { return };
    let backend = backend(&server, "llama_cpp", "");
    let experiment = Experiment {
        backend: &backend,
        models: [TINY; 2],
        run: "max_output_tokens = 12\nconcurrency = 8",
        samples: 24,
        key: "",
    };
    let (trials, notes) = experiment.run(dir.path(), "out");
    let spent = |policy: &str| -> f64 {
        let own = trials.iter().filter(|t| t["policy"] == policy);
        own.map(|t| attempt(t)["cost"]["total_usd"].as_f64().unwrap())
            .sum()
    };
    assert!(spent("cheap") * 10.0 < spent("production"));
    assert!(notes["client.calls"] == "48", "{notes:#}");
    let peak = notes["server.server.peak_running"].as_str();
    assert!(peak.is_some(), "{notes:#}");
}
