//! Token counts as servers report them, and as disjoint buckets.

use serde::Deserialize;
use weighbridge_record::{TokenSource, Usage};

/// The usage object of Chat Completions and its relatives.
#[derive(Debug, Default, Deserialize)]
pub(super) struct UsageBody {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek.
    prompt_cache_hit_tokens: Option<u64>,
    /// SGLang.
    reasoning_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
    /// vLLM.
    created_cache_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

impl UsageBody {
    /// Disjoint buckets: the prompt count includes tokens read from and written to the cache, and
    /// the completion count includes reasoning.
    pub(super) fn normalised(&self) -> Usage {
        let prompt = self.prompt_tokens_details.as_ref();
        let read = prompt
            .and_then(|d| d.cached_tokens)
            .or(self.prompt_cache_hit_tokens);
        let write = prompt.and_then(|d| d.cache_write_tokens.or(d.created_cache_tokens));
        let completion = self.completion_tokens_details.as_ref();
        let reasoning = completion
            .and_then(|d| d.reasoning_tokens)
            .or(self.reasoning_tokens);
        let cached = read.unwrap_or(0).saturating_add(write.unwrap_or(0));
        Usage {
            input_tokens: self.prompt_tokens.map(|n| n.saturating_sub(cached)),
            cache_read_tokens: read,
            cache_write_tokens: write,
            output_tokens: self
                .completion_tokens
                .map(|n| n.saturating_sub(reasoning.unwrap_or(0))),
            reasoning_tokens: reasoning,
            source: TokenSource::Server,
        }
    }
}

/// The `timings` object of the llama.cpp server, which comes even where no usage was asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Timings {
    /// Input tokens from the cache.
    cache_n: Option<u64>,
    /// Input tokens computed afresh: without the cached ones.
    prompt_n: Option<u64>,
    predicted_n: Option<u64>,
}

impl Timings {
    pub(super) fn normalised(&self) -> Usage {
        Usage {
            input_tokens: self.prompt_n,
            cache_read_tokens: self.cache_n,
            output_tokens: self.predicted_n,
            ..Usage::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(text: &str) -> Usage {
        serde_json::from_str::<UsageBody>(text)
            .unwrap()
            .normalised()
    }

    #[test]
    fn no_token_is_in_two_buckets() {
        let usage = usage(
            r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
            "prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":10},
            "completion_tokens_details":{"reasoning_tokens":20}}"#,
        );
        assert_eq!(usage.input_tokens, Some(30));
        assert_eq!(usage.cache_read_tokens, Some(60));
        assert_eq!(usage.cache_write_tokens, Some(10));
        assert_eq!(usage.output_tokens, Some(30));
        assert_eq!(usage.total_input(), Some(100));
        assert_eq!(usage.total_output(), Some(50));
    }

    #[test]
    fn an_absent_count_is_unknown_and_nonsense_does_not_wrap() {
        let plain = usage(r#"{"prompt_tokens":7,"prompt_tokens_details":null}"#);
        assert_eq!(plain.cache_read_tokens, None);
        assert_eq!(plain.output_tokens, None);
        let odd = usage(r#"{"prompt_tokens":7,"prompt_cache_hit_tokens":9}"#);
        assert_eq!(odd.input_tokens, Some(0));
    }
}
