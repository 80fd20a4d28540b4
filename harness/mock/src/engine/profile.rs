//! The speeds and sizes of one engine.

use std::time::Duration;

use super::costs::{Found, PrefillCosts, PrefillTime};

/// Rates of one engine at speed 1.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineProfile {
    /// Prompt tokens computed per second, shared by all requests. Without effect where there are
    /// `costs`.
    pub prefill_tokens_per_s: f64,
    /// Tokens generated per second by each stream.
    pub decode_tokens_per_s: f64,
    /// Milliseconds every request pays before its first token.
    pub base_ttft_ms: f64,
    /// Sequences that run at once; more wait in arrival order. At least 1.
    pub max_sequences: usize,
    /// Prefix-cache budget in blocks of [`BLOCK_TOKENS`](super::BLOCK_TOKENS); 0 turns it off.
    pub cache_blocks: usize,
    /// What a prefill costs part by part; a plain rate if absent.
    pub costs: Option<PrefillCosts>,
}

impl EngineProfile {
    /// Time of a prompt of `prompt_tokens` tokens of which some are cached, at speed 1.
    pub fn prefill_time(&self, prompt_tokens: usize, found: Found) -> PrefillTime {
        match &self.costs {
            Some(costs) => costs.time(prompt_tokens, found),
            None => PrefillTime {
                compute_s: (prompt_tokens - found.tokens()) as f64 / self.prefill_tokens_per_s,
                ..PrefillTime::default()
            },
        }
    }

    /// Blocks that need no fetch: all of them without `costs`.
    pub(super) fn device_blocks(&self) -> usize {
        self.costs
            .as_ref()
            .map_or(self.cache_blocks, |costs| costs.device_blocks)
    }

    /// The base part of the time to first token at `speed`.
    pub fn base_time(&self, speed: f64) -> Duration {
        seconds(self.base_ttft_ms / 1e3, speed)
    }

    /// Time between two tokens of a stream at `speed`.
    pub fn token_interval(&self, speed: f64) -> Duration {
        seconds(1.0 / self.decode_tokens_per_s, speed)
    }
}

/// `value / speed` seconds; nonsense (NaN, negative, beyond 2^64) counts as zero.
pub(crate) fn seconds(value: f64, speed: f64) -> Duration {
    Duration::try_from_secs_f64(value / speed).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_divides_and_infinity_turns_pacing_off() {
        assert_eq!(seconds(2.0, 4.0), Duration::from_millis(500));
        assert_eq!(seconds(2.0, f64::INFINITY), Duration::ZERO);
        assert_eq!(seconds(1.0, f64::NAN), Duration::ZERO);
    }
}
