//! Money: prices and the ledger of one call.

use serde::{Deserialize, Serialize};
use weighbridge_datasets::Usage;

/// Price of one model, in US dollars per million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Uncached input.
    pub input_per_mtok_usd: f64,
    /// Output, reasoning included unless priced apart.
    pub output_per_mtok_usd: f64,
    /// Input read from a prompt cache; the input price where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read_per_mtok_usd: Option<f64>,
    /// Input written to a prompt cache; the input price where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_per_mtok_usd: Option<f64>,
    /// Reasoning output; the output price where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_per_mtok_usd: Option<f64>,
    /// Fixed fee of a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_call_usd: Option<f64>,
}

/// What one call cost, in US dollars, by kind of token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cost {
    /// Everything together.
    pub total_usd: f64,
    /// Uncached input.
    #[serde(skip_serializing_if = "crate::zero::is_zero")]
    pub input_usd: f64,
    /// Input read from a prompt cache.
    #[serde(skip_serializing_if = "crate::zero::is_zero")]
    pub cache_read_usd: f64,
    /// Input written to a prompt cache.
    #[serde(skip_serializing_if = "crate::zero::is_zero")]
    pub cache_write_usd: f64,
    /// Visible output.
    #[serde(skip_serializing_if = "crate::zero::is_zero")]
    pub output_usd: f64,
    /// Reasoning output.
    #[serde(skip_serializing_if = "crate::zero::is_zero")]
    pub reasoning_usd: f64,
    /// Fixed fees, and recorded totals that came without a breakdown.
    #[serde(skip_serializing_if = "crate::zero::is_zero")]
    pub other_usd: f64,
}

impl Price {
    /// Prices the usage of one call; unknown counts cost nothing here, so the caller estimates
    /// them first.
    pub fn cost(&self, usage: &Usage) -> Cost {
        let of = |tokens: Option<u64>, per_mtok: f64| tokens.unwrap_or(0) as f64 * per_mtok / 1e6;
        let read = self
            .cache_read_per_mtok_usd
            .unwrap_or(self.input_per_mtok_usd);
        let write = self
            .cache_write_per_mtok_usd
            .unwrap_or(self.input_per_mtok_usd);
        let reasoning = self
            .reasoning_per_mtok_usd
            .unwrap_or(self.output_per_mtok_usd);
        let mut cost = Cost {
            total_usd: 0.0,
            input_usd: of(usage.input_tokens, self.input_per_mtok_usd),
            cache_read_usd: of(usage.cache_read_tokens, read),
            cache_write_usd: of(usage.cache_write_tokens, write),
            output_usd: of(usage.output_tokens, self.output_per_mtok_usd),
            reasoning_usd: of(usage.reasoning_tokens, reasoning),
            other_usd: self.per_call_usd.unwrap_or(0.0),
        };
        cost.total_usd = cost.input_usd
            + cost.cache_read_usd
            + cost.cache_write_usd
            + cost.output_usd
            + cost.reasoning_usd
            + cost.other_usd;
        cost
    }
}

impl Cost {
    /// A recorded total without a breakdown.
    pub fn lump(total_usd: f64) -> Self {
        Self {
            total_usd,
            other_usd: total_usd,
            ..Self::default()
        }
    }
}

impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.total_usd += other.total_usd;
        self.input_usd += other.input_usd;
        self.cache_read_usd += other.cache_read_usd;
        self.cache_write_usd += other.cache_write_usd;
        self.output_usd += other.output_usd;
        self.reasoning_usd += other.reasoning_usd;
        self.other_usd += other.other_usd;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_cost_their_own_price_and_buckets_add_up() {
        let price = Price {
            input_per_mtok_usd: 2.0,
            output_per_mtok_usd: 10.0,
            cache_read_per_mtok_usd: Some(0.2),
            ..Price::default()
        };
        let usage = Usage {
            input_tokens: Some(100_000),
            cache_read_tokens: Some(900_000),
            output_tokens: Some(10_000),
            reasoning_tokens: Some(5_000),
            ..Usage::default()
        };
        let cost = price.cost(&usage);
        assert!((cost.total_usd - (0.2 + 0.18 + 0.1 + 0.05)).abs() < 1e-12);
    }
}
