//! Token usage in disjoint buckets.

use serde::{Deserialize, Serialize};

/// Tokens of one call, normalised so that no token is in two buckets.
///
/// Providers disagree about what their input count includes; a codec converts to this form. `None`
/// means *unknown*, never zero: no hit rate is computed from unknowns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// Input tokens computed afresh (neither read from nor written to a prompt cache).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Input tokens served from a prompt cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read_tokens: Option<u64>,
    /// Input tokens written to a prompt cache and billed as such.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    /// Visible output tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Output tokens spent on reasoning, shown or hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
    /// Where the counts come from.
    pub source: TokenSource,
}

/// Where token counts come from; never mixed in one statistic without saying so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenSource {
    /// Reported by the server in its usage object.
    #[default]
    Server,
    /// Estimated from characters (four characters a token), because the server said nothing.
    Estimated,
    /// Taken from a recorded data set.
    Recorded,
}

impl Usage {
    /// All input tokens, cached or not; `None` when the uncached count is unknown.
    pub fn total_input(&self) -> Option<u64> {
        let (read, write) = (self.cache_read_tokens, self.cache_write_tokens);
        let rest = read.unwrap_or(0).saturating_add(write.unwrap_or(0));
        self.input_tokens.map(|n| n.saturating_add(rest))
    }

    /// All output tokens, reasoning included; `None` when the visible count is unknown.
    pub fn total_output(&self) -> Option<u64> {
        self.output_tokens
            .map(|n| n.saturating_add(self.reasoning_tokens.unwrap_or(0)))
    }

    /// An estimate from text lengths: four characters a token, rounded up, at least one.
    pub fn estimate(prompt_chars: usize, answer_chars: usize) -> Self {
        let tokens = |chars: usize| (chars as u64).div_ceil(4).max(1);
        Self {
            input_tokens: Some(tokens(prompt_chars)),
            output_tokens: Some(tokens(answer_chars)),
            source: TokenSource::Estimated,
            ..Self::default()
        }
    }
}
