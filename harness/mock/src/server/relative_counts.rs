//! Token counts of Chat Completions in each provider's words.

use super::reply::Usage;
use super::style::{Cached, Counts, Style, Written};
use serde_json::{Value, json};

/// Who serves all models of the fleet, as OpenRouter tells it.
pub(super) const PROVIDER: &str = "Embedded";

/// The `usage` object.
pub(super) fn counts(style: &Style, usage: &Usage) -> Value {
    let mut counts = json!({
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion
    });
    match style.cached {
        Cached::Never => {}
        Cached::Details => {
            counts["prompt_tokens_details"] = json!({"cached_tokens": usage.cached});
            if let (Written::Always(name) | Written::Marked(name), 1..) =
                (style.written, usage.written)
            {
                counts["prompt_tokens_details"][name] = usage.written.into();
            }
        }
        Cached::HitsAndMisses => {
            counts["prompt_cache_hit_tokens"] = usage.cached.into();
            counts["prompt_cache_miss_tokens"] = (usage.prompt - usage.cached).into();
        }
    }
    if style.nulls {
        counts["reasoning_tokens"] = usage.reasoning.into();
    }
    if usage.reasoning > 0 {
        counts["completion_tokens_details"] = json!({"reasoning_tokens": usage.reasoning});
    }
    if matches!(style.counts, Counts::Repeated | Counts::Beside) {
        counts["cost"] = cost_usd(usage).into();
    }
    counts
}

/// A price as good as any: one and four US dollars per million tokens.
fn cost_usd(usage: &Usage) -> f64 {
    (usage.prompt + 4 * usage.completion) as f64 / 1e6
}

/// llama.cpp's `timings`, whose prompt count leaves cached tokens out.
pub(super) fn timings(usage: &Usage) -> Value {
    json!({"cache_n": usage.cached, "prompt_n": usage.prompt - usage.cached,
        "predicted_n": usage.completion})
}
