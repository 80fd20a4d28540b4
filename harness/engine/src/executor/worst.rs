//! What a call may cost and use at most.

use weighbridge_datasets::Sample;
use weighbridge_record::{Price, Usage};

/// Tokens of a chat template beside the messages: a date line, tool headers, the opening of the
/// answer. Templates of today add up to about a hundred.
const TEMPLATE_TOKENS: u64 = 128;

/// Tokens that a template puts around one message.
const MESSAGE_TOKENS: u64 = 16;

/// The worst case of one call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Worst {
    input_tokens: u64,
    output_tokens: u64,
}

impl Worst {
    /// Every byte of a message may be a token: a tokenizer of bytes, or one that falls back to
    /// bytes, never makes more of them.
    pub(super) fn of(sample: &Sample, assumed_output_tokens: u32) -> Self {
        let messages = sample.messages.iter();
        let bytes: u64 = messages.map(|m| m.content.len() as u64).sum();
        let around = MESSAGE_TOKENS * sample.messages.len() as u64 + TEMPLATE_TOKENS;
        let output = sample.max_output_tokens.unwrap_or(assumed_output_tokens);
        Self {
            input_tokens: bytes + around,
            output_tokens: output.into(),
        }
    }

    /// The same with so many bytes more in the prompt.
    pub(super) fn and_bytes(mut self, bytes: usize) -> Self {
        self.input_tokens += bytes as u64;
        self
    }

    /// All tokens.
    pub(super) fn tokens(self) -> u64 {
        self.input_tokens + self.output_tokens
    }

    /// US dollars, every token at the dearest price that it may have.
    pub(super) fn usd(self, price: &Price) -> f64 {
        let input = [
            Some(price.input_per_mtok_usd),
            price.cache_read_per_mtok_usd,
            price.cache_write_per_mtok_usd,
        ];
        let output = [
            Some(price.output_per_mtok_usd),
            price.reasoning_per_mtok_usd,
        ];
        let dearest = |prices: &[Option<f64>]| prices.iter().flatten().copied().fold(0.0, f64::max);
        let dearest = Price {
            input_per_mtok_usd: dearest(&input),
            output_per_mtok_usd: dearest(&output),
            ..*price
        };
        let usage = Usage {
            input_tokens: Some(self.input_tokens),
            output_tokens: Some(self.output_tokens),
            ..Usage::default()
        };
        dearest.cost(&usage).total_usd
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use weighbridge_datasets::Target;

    use super::*;

    proptest! {
        /// However the tokens of a call fall into the buckets, it never costs more.
        #[test]
        fn no_usage_within_the_limits_costs_more(
            text in "\\PC{0,80}",
            prices in prop::array::uniform5(0.0f64..100.0),
            fee in prop::option::of(0.0f64..0.1),
            shares in prop::array::uniform3(0.0f64..1.0),
            limit in 1u32..5_000,
        ) {
            let price = Price {
                input_per_mtok_usd: prices[0],
                output_per_mtok_usd: prices[1],
                cache_read_per_mtok_usd: Some(prices[2]),
                cache_write_per_mtok_usd: (prices[3] > 20.0).then_some(prices[3]),
                reasoning_per_mtok_usd: (prices[4] > 20.0).then_some(prices[4]),
                per_call_usd: fee,
            };
            let mut sample = Sample::of_prompt("s", text.as_str(), Target::Recorded { chance: None });
            sample.max_output_tokens = Some(limit);
            // A tokenizer of bytes, and a template that puts a few tokens around the message.
            let input = text.len() as u64 + 20;
            let part = |whole: u64, share: f64| (whole as f64 * share) as u64;
            let read = part(input, shares[0]);
            let write = part(input - read, shares[1]);
            let reasoning = part(limit.into(), shares[2]);
            let usage = Usage {
                input_tokens: Some(input - read - write),
                cache_read_tokens: Some(read),
                cache_write_tokens: Some(write),
                reasoning_tokens: Some(reasoning),
                output_tokens: Some(u64::from(limit) - reasoning),
                ..Usage::default()
            };
            let worst = Worst::of(&sample, 1);
            let cost = price.cost(&usage).total_usd;
            prop_assert!(cost <= worst.usd(&price) + 1e-12, "{cost} > {worst:?}");
            prop_assert!(worst.tokens() >= input + u64::from(limit));
        }
    }
}
