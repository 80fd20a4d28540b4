//! Token counts as servers report them, and as disjoint buckets.

use serde::Deserialize;
use weighbridge_record::{TokenSource, Usage};

/// The usage object of Chat Completions and its relatives.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct UsageBody {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// DeepSeek.
    prompt_cache_hit_tokens: Option<u64>,
    /// SGLang.
    reasoning_tokens: Option<u64>,
    /// OpenRouter: US dollars.
    pub(super) cost: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
    /// vLLM.
    created_cache_tokens: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
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

/// The usage object of Responses. Its input count includes reads from and writes to the cache, its
/// output count includes reasoning.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct ResponsesUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    input_tokens_details: Option<PromptDetails>,
    output_tokens_details: Option<CompletionDetails>,
}

impl ResponsesUsage {
    pub(super) fn normalised(self) -> Usage {
        UsageBody {
            prompt_tokens: self.input_tokens,
            completion_tokens: self.output_tokens,
            prompt_tokens_details: self.input_tokens_details,
            completion_tokens_details: self.output_tokens_details,
            ..UsageBody::default()
        }
        .normalised()
    }
}

/// The usage object of Anthropic Messages. Its input count includes neither reads from nor writes to
/// the cache; its output count includes thinking.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct AnthropicUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    output_tokens_details: Option<ThinkingDetails>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
struct ThinkingDetails {
    thinking_tokens: Option<u64>,
}

impl AnthropicUsage {
    pub(super) fn normalised(&self) -> Usage {
        let details = self.output_tokens_details.as_ref();
        let thinking = details.and_then(|d| d.thinking_tokens);
        Usage {
            input_tokens: self.input_tokens,
            cache_read_tokens: self.cache_read_input_tokens,
            cache_write_tokens: self.cache_creation_input_tokens,
            output_tokens: self
                .output_tokens
                .map(|n| n.saturating_sub(thinking.unwrap_or(0))),
            reasoning_tokens: thinking,
            source: TokenSource::Server,
        }
    }
}

/// `usageMetadata` of Gemini. Its prompt count includes cached tokens; its candidates count does not
/// include thoughts, and is absent where nothing but thoughts came.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GeminiUsage {
    prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
}

impl GeminiUsage {
    pub(super) fn normalised(&self) -> Usage {
        let cached = self.cached_content_token_count;
        let tools = self.tool_use_prompt_token_count.unwrap_or(0);
        Usage {
            input_tokens: self
                .prompt_token_count
                .map(|n| n.saturating_sub(cached.unwrap_or(0)).saturating_add(tools)),
            cache_read_tokens: cached,
            cache_write_tokens: None,
            output_tokens: Some(self.candidates_token_count.unwrap_or(0)),
            reasoning_tokens: self.thoughts_token_count,
            source: TokenSource::Server,
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

    #[test]
    fn the_three_other_books_balance_too() {
        let responses: ResponsesUsage = serde_json::from_str(
            r#"{"input_tokens":100,"output_tokens":50,"total_tokens":150,
            "input_tokens_details":{"cached_tokens":60,"cache_write_tokens":10},
            "output_tokens_details":{"reasoning_tokens":20}}"#,
        )
        .unwrap();
        let anthropic: AnthropicUsage = serde_json::from_str(
            r#"{"input_tokens":30,"output_tokens":50,"cache_read_input_tokens":60,
            "cache_creation_input_tokens":10,"output_tokens_details":{"thinking_tokens":20}}"#,
        )
        .unwrap();
        assert_eq!(responses.normalised(), anthropic.normalised());
        assert_eq!(anthropic.normalised().total_input(), Some(100));
        let gemini: GeminiUsage = serde_json::from_str(
            r#"{"promptTokenCount":90,"cachedContentTokenCount":60,"candidatesTokenCount":30,
            "thoughtsTokenCount":20,"toolUsePromptTokenCount":10,"totalTokenCount":150}"#,
        )
        .unwrap();
        let gemini = gemini.normalised();
        assert_eq!(gemini.total_input(), Some(100));
        assert_eq!(gemini.total_output(), Some(50));
        let thinking: GeminiUsage = serde_json::from_str(r#"{"thoughtsTokenCount":9}"#).unwrap();
        assert_eq!(thinking.normalised().output_tokens, Some(0));
    }
}
