//! Counters as Prometheus text, under the names of the server that is imitated.

use super::provider::Provider;
use super::state::FleetState;
use crate::engine::EngineCounters;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// One series: name, labels beside the model's, kind, meaning, value.
struct Series {
    name: &'static str,
    labels: &'static str,
    kind: &'static str,
    help: &'static str,
    read: fn(&EngineCounters) -> u64,
}

const fn counter(
    name: &'static str,
    help: &'static str,
    read: fn(&EngineCounters) -> u64,
) -> Series {
    Series {
        name,
        labels: "",
        kind: "counter",
        help,
        read,
    }
}

const fn gauge(name: &'static str, help: &'static str, read: fn(&EngineCounters) -> u64) -> Series {
    Series {
        kind: "gauge",
        ..counter(name, help, read)
    }
}

fn load(value: &AtomicU64) -> u64 {
    value.load(Ordering::Relaxed)
}

fn hits(c: &EngineCounters) -> u64 {
    load(&c.hit_tokens)
}

fn queries(c: &EngineCounters) -> u64 {
    load(&c.queried_tokens)
}

fn misses(c: &EngineCounters) -> u64 {
    queries(c).saturating_sub(hits(c))
}

fn generated(c: &EngineCounters) -> u64 {
    load(&c.generated_tokens)
}

fn running(c: &EngineCounters) -> u64 {
    load(&c.running)
}

fn waiting(c: &EngineCounters) -> u64 {
    load(&c.waiting)
}

const VLLM: &[Series] = &[
    counter(
        "vllm:prefix_cache_queries_total",
        "Prefix cache queries, in tokens.",
        queries,
    ),
    counter(
        "vllm:prefix_cache_hits_total",
        "Prefix cache hits, in tokens.",
        hits,
    ),
    counter(
        "vllm:prompt_tokens_total",
        "Prompt tokens processed.",
        queries,
    ),
    counter(
        "vllm:generation_tokens_total",
        "Tokens generated.",
        generated,
    ),
    counter("vllm:request_success_total", "Requests finished.", |c| {
        load(&c.finished)
    }),
    gauge("vllm:num_requests_running", "Requests running.", running),
    gauge(
        "vllm:num_requests_waiting",
        "Requests waiting for a slot.",
        waiting,
    ),
];

const SGLANG: &[Series] = &[
    Series {
        labels: ",cache_source=\"device\"",
        ..counter("sglang:cached_tokens_total", "Cached tokens.", hits)
    },
    Series {
        labels: ",cache_source=\"total\"",
        ..counter("sglang:cached_tokens_total", "Cached tokens.", hits)
    },
    counter("sglang:prompt_tokens_total", "Prompt tokens.", queries),
    counter(
        "sglang:generation_tokens_total",
        "Tokens generated.",
        generated,
    ),
    gauge("sglang:num_running_reqs", "Requests running.", running),
    gauge("sglang:num_queue_reqs", "Requests waiting.", waiting),
];

const TRTLLM: &[Series] = &[
    counter(
        "trtllm_prompt_cached_tokens_total",
        "Cached prompt tokens.",
        hits,
    ),
    counter("trtllm_prompt_tokens_total", "Prompt tokens.", queries),
    counter(
        "trtllm_generation_tokens_total",
        "Tokens generated.",
        generated,
    ),
    gauge("trtllm_num_requests_running", "Requests running.", running),
    gauge("trtllm_num_requests_waiting", "Requests waiting.", waiting),
];

const LLAMA_CPP: &[Series] = &[
    counter(
        "llamacpp:prompt_tokens_total",
        "Prompt tokens processed, without cached ones.",
        misses,
    ),
    counter(
        "llamacpp:prompt_tokens_cached_total",
        "Prompt tokens from the cache.",
        hits,
    ),
    counter(
        "llamacpp:tokens_predicted_total",
        "Tokens generated.",
        generated,
    ),
    gauge(
        "llamacpp:requests_processing",
        "Requests processing.",
        running,
    ),
    gauge("llamacpp:requests_deferred", "Requests deferred.", waiting),
];

const TGI: &[Series] = &[
    gauge("tgi_batch_current_size", "Current batch size.", running),
    gauge("tgi_queue_size", "Current queue size.", waiting),
];

/// Where the imitated server shows its counters, and under which names.
pub(super) fn place(provider: Provider) -> &'static str {
    match provider {
        Provider::Trtllm => "/prometheus/metrics",
        _ => "/metrics",
    }
}

fn series(provider: Provider) -> &'static [Series] {
    match provider {
        Provider::Sglang => SGLANG,
        Provider::Trtllm => TRTLLM,
        Provider::LlamaCpp => LLAMA_CPP,
        Provider::TgiChat => TGI,
        _ => VLLM,
    }
}

/// The text exposition of all tiers.
pub(super) fn text(state: &FleetState) -> String {
    let mut out = String::new();
    let mut last = "";
    for series in series(state.provider) {
        let Series {
            name,
            labels,
            kind,
            help,
            read,
        } = series;
        // Writing to memory cannot fail.
        if last != *name {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        }
        last = name;
        for model in &state.models {
            let value = read(model.engine.counters());
            let label = label(&model.name);
            let _ = writeln!(
                out,
                "{name}{{model_name=\"{label}\",engine=\"0\"{labels}}} {value}"
            );
        }
    }
    out
}

fn label(name: &str) -> String {
    name.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
