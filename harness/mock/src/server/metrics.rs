//! `GET /metrics` under the names of vLLM.

use super::state::FleetState;
use crate::engine::EngineCounters;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

type Series = (
    &'static str,
    &'static str,
    &'static str,
    fn(&EngineCounters) -> &AtomicU64,
);

const SERIES: &[Series] = &[
    (
        "vllm:prefix_cache_queries_total",
        "counter",
        "Prefix cache queries, in tokens.",
        |c| &c.queried_tokens,
    ),
    (
        "vllm:prefix_cache_hits_total",
        "counter",
        "Prefix cache hits, in tokens.",
        |c| &c.hit_tokens,
    ),
    (
        "vllm:prompt_tokens_total",
        "counter",
        "Prompt tokens processed.",
        |c| &c.queried_tokens,
    ),
    (
        "vllm:generation_tokens_total",
        "counter",
        "Tokens generated.",
        |c| &c.generated_tokens,
    ),
    (
        "vllm:request_success_total",
        "counter",
        "Requests finished.",
        |c| &c.finished,
    ),
    (
        "vllm:num_requests_running",
        "gauge",
        "Requests running.",
        |c| &c.running,
    ),
    (
        "vllm:num_requests_waiting",
        "gauge",
        "Requests waiting for a slot.",
        |c| &c.waiting,
    ),
];

/// The text exposition of all tiers.
pub(super) fn text(state: &FleetState) -> String {
    let mut out = String::new();
    for (name, kind, help, read) in SERIES {
        // Writing to memory cannot fail.
        let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        for model in &state.models {
            let value = read(model.engine.counters()).load(Ordering::Relaxed);
            let label = label(&model.name);
            let _ = writeln!(out, "{name}{{model_name=\"{label}\",engine=\"0\"}} {value}");
        }
    }
    out
}

fn label(name: &str) -> String {
    name.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
