//! What self-hosted servers count about themselves.

use super::Dialect;
use super::prometheus::{label, read};

/// Counters of a server since it started, and gauges of this moment, summed over its models and
/// engines. `None` where the server does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ServerCounters {
    /// Prompt tokens found in the prefix cache.
    pub hit_tokens: Option<f64>,
    /// Prompt tokens looked up in the prefix cache.
    pub queried_tokens: Option<f64>,
    /// Requests being decoded.
    pub running: Option<f64>,
    /// Requests waiting for a place.
    pub waiting: Option<f64>,
    /// Share of the cache for keys and values that is in use, in `[0, 1]`; the largest of several.
    pub kv_usage: Option<f64>,
}

/// Names of the series, without a final `_total`, with `_` for `:`. The first that is there counts.
struct Names {
    path: &'static str,
    hits: &'static [&'static str],
    queries: &'static [&'static str],
    running: &'static str,
    waiting: &'static str,
    kv_usage: &'static [&'static str],
    /// The queries leave out the hits.
    queries_are_misses: bool,
}

const VLLM: Names = Names {
    path: "/metrics",
    hits: &["vllm_prefix_cache_hits", "vllm_gpu_prefix_cache_hits"],
    queries: &["vllm_prefix_cache_queries", "vllm_gpu_prefix_cache_queries"],
    running: "vllm_num_requests_running",
    waiting: "vllm_num_requests_waiting",
    kv_usage: &["vllm_kv_cache_usage_perc", "vllm_gpu_cache_usage_perc"],
    queries_are_misses: false,
};

const SGLANG: Names = Names {
    path: "/metrics",
    hits: &["sglang_cached_tokens"],
    queries: &["sglang_prompt_tokens"],
    running: "sglang_num_running_reqs",
    waiting: "sglang_num_queue_reqs",
    kv_usage: &["sglang_token_usage"],
    queries_are_misses: false,
};

const TRTLLM: Names = Names {
    // Its `/metrics` is JSON and is emptied by reading.
    path: "/prometheus/metrics",
    hits: &["trtllm_prompt_cached_tokens"],
    queries: &["trtllm_prompt_tokens"],
    running: "trtllm_num_requests_running",
    waiting: "trtllm_num_requests_waiting",
    kv_usage: &["trtllm_kv_cache_utilization"],
    queries_are_misses: false,
};

const LLAMA_CPP: Names = Names {
    path: "/metrics",
    hits: &["llamacpp_prompt_tokens_cached"],
    queries: &["llamacpp_prompt_tokens"],
    running: "llamacpp_requests_processing",
    waiting: "llamacpp_requests_deferred",
    kv_usage: &["llamacpp_kv_cache_usage_ratio"],
    queries_are_misses: true,
};

const TGI: Names = Names {
    path: "/metrics",
    hits: &[],
    queries: &[],
    running: "tgi_batch_current_size",
    waiting: "tgi_queue_size",
    kv_usage: &[],
    queries_are_misses: false,
};

fn names(dialect: Dialect) -> Option<&'static Names> {
    Some(match dialect {
        Dialect::Vllm => &VLLM,
        Dialect::Sglang => &SGLANG,
        Dialect::Trtllm => &TRTLLM,
        Dialect::LlamaCpp => &LLAMA_CPP,
        Dialect::Tgi | Dialect::TgiChat => &TGI,
        _ => return None,
    })
}

impl ServerCounters {
    /// Where the server shows its counters, below its root.
    pub fn path(dialect: Dialect) -> Option<&'static str> {
        names(dialect).map(|names| names.path)
    }

    /// Reads the Prometheus text of a server.
    pub fn read(dialect: Dialect, text: &str) -> Self {
        let Some(names) = names(dialect) else {
            return Self::default();
        };
        let hits = first(text, names.hits, |a, b| a + b);
        let queries = first(text, names.queries, |a, b| a + b);
        Self {
            hit_tokens: hits,
            queried_tokens: match (names.queries_are_misses, hits, queries) {
                (true, Some(hits), Some(misses)) => Some(hits + misses),
                (true, None, _) => None,
                (_, _, queries) => queries,
            },
            running: first(text, &[names.running], |a, b| a + b),
            waiting: first(text, &[names.waiting], |a, b| a + b),
            kv_usage: first(text, names.kv_usage, f64::max),
        }
    }

    /// Hits and queries since `before`; `None` where they are unknown or the server was started anew
    /// in between.
    pub fn since(&self, before: &Self) -> Option<(f64, f64)> {
        let hits = self.hit_tokens? - before.hit_tokens?;
        let queries = self.queried_tokens? - before.queried_tokens?;
        (hits >= 0.0 && queries >= 0.0).then_some((hits, queries))
    }

    /// The larger of each gauge; the counters of `other`, which is later.
    #[must_use]
    pub fn peak(&self, other: &Self) -> Self {
        let larger = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        };
        Self {
            running: larger(self.running, other.running),
            waiting: larger(self.waiting, other.waiting),
            kv_usage: larger(self.kv_usage, other.kv_usage),
            ..*other
        }
    }
}

/// The series of the first name that is there, put together.
fn first(text: &str, names: &[&str], put: impl Fn(f64, f64) -> f64) -> Option<f64> {
    names.iter().find_map(|wanted| {
        let mut sum: Option<f64> = None;
        read(text, |name, labels, value| {
            let name = name.strip_suffix("_total").unwrap_or(name);
            let is_same = name.len() == wanted.len()
                && name
                    .bytes()
                    .map(|b| if b == b':' { b'_' } else { b })
                    .eq(wanted.bytes());
            // SGLang shows parts beside their total.
            let is_part = label(labels, "cache_source").is_some_and(|source| source != "total");
            if is_same && !is_part && value.is_finite() {
                sum = Some(sum.map_or(value, |sum| put(sum, value)));
            }
        });
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_is_read_in_its_own_names() {
        let vllm = "vllm:prefix_cache_hits_total{model_name=\"a\"} 10\n\
            vllm:prefix_cache_hits_total{model_name=\"b\"} 5\nvllm:prefix_cache_queries_total 60\n\
            vllm:num_requests_running 2\nvllm:num_requests_waiting 3\n\
            vllm:kv_cache_usage_perc{engine=\"0\"} 0.5\nvllm:kv_cache_usage_perc{engine=\"1\"} 0.75\n";
        let read = ServerCounters::read(Dialect::Vllm, vllm);
        let expected = ServerCounters {
            hit_tokens: Some(15.0),
            queried_tokens: Some(60.0),
            running: Some(2.0),
            waiting: Some(3.0),
            kv_usage: Some(0.75),
        };
        assert_eq!(read, expected);
        // An older release, through an exporter that writes `_` for `:`.
        let old = "vllm_gpu_prefix_cache_hits_total 1\nvllm_gpu_prefix_cache_queries_total 4\n";
        let read = ServerCounters::read(Dialect::Vllm, old);
        assert_eq!(
            (read.hit_tokens, read.queried_tokens),
            (Some(1.0), Some(4.0))
        );
        let sglang = "sglang:cached_tokens_total{cache_source=\"device\"} 4\n\
            sglang:cached_tokens_total{cache_source=\"total\"} 6\nsglang:prompt_tokens_total 10\n";
        let read = ServerCounters::read(Dialect::Sglang, sglang);
        assert_eq!(
            (read.hit_tokens, read.queried_tokens),
            (Some(6.0), Some(10.0))
        );
        let llama = "llamacpp:prompt_tokens_total 4\nllamacpp:prompt_tokens_cached_total 6\n";
        let read = ServerCounters::read(Dialect::LlamaCpp, llama);
        assert_eq!(read.queried_tokens, Some(10.0));
        assert_eq!(
            ServerCounters::read(Dialect::Openai, vllm),
            ServerCounters::default()
        );
    }

    #[test]
    fn a_restart_is_seen_and_unknown_is_not_zero() {
        let counted = |hits, queries| ServerCounters {
            hit_tokens: Some(hits),
            queried_tokens: Some(queries),
            ..ServerCounters::default()
        };
        assert_eq!(
            counted(5.0, 9.0).since(&counted(2.0, 4.0)),
            Some((3.0, 5.0))
        );
        assert_eq!(counted(1.0, 2.0).since(&counted(2.0, 4.0)), None);
        assert_eq!(counted(1.0, 2.0).since(&ServerCounters::default()), None);
    }
}
