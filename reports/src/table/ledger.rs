//! Sums of money and tokens that do not depend on the order of their terms.

use weighbridge_record::{Cost, Usage};

/// US dollars in femto-dollars (1e-15): integer sums are exact and order-free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(i128);

impl Money {
    /// From US dollars, rounded to the femto-dollar; not-a-number counts as nothing.
    pub fn of_usd(usd: f64) -> Self {
        // The cast saturates, and NaN becomes 0.
        Self((usd * 1e15).round() as i128)
    }

    /// In US dollars.
    pub fn usd(self) -> f64 {
        self.0 as f64 / 1e15
    }
}

impl std::ops::AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

/// Where the money of one policy went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Uncached input tokens.
    pub input: Money,
    /// Input read from prompt caches.
    pub cache_read: Money,
    /// Input written to prompt caches.
    pub cache_write: Money,
    /// Visible output.
    pub output: Money,
    /// Reasoning output.
    pub reasoning: Money,
    /// Fixed fees, and recorded totals without a breakdown.
    pub other: Money,
    /// The decisions themselves: classifier, verifier, embedding.
    pub decisions: Money,
    /// Share of the calls' money spent on answers that were not given (cascade stages).
    pub discarded: Money,
    /// Share of the calls' money spent on tries that failed.
    pub failed: Money,
    /// Uncached input tokens.
    pub input_tokens: u64,
    /// Input tokens read from prompt caches.
    pub cache_read_tokens: u64,
    /// Input tokens written to prompt caches.
    pub cache_write_tokens: u64,
    /// Visible output tokens.
    pub output_tokens: u64,
    /// Reasoning tokens.
    pub reasoning_tokens: u64,
    /// Calls made, retries included.
    pub calls: u64,
    /// Calls whose tokens are estimates.
    pub estimated_calls: u64,
    /// Calls that said how much of their input came from a cache.
    pub cache_known_calls: u64,
    /// Input tokens of those calls, cached or not.
    pub cache_known_input_tokens: u64,
}

impl Ledger {
    /// Everything together.
    pub fn total(&self) -> Money {
        let mut total = self.input;
        for part in [
            self.cache_read,
            self.cache_write,
            self.output,
            self.reasoning,
            self.other,
            self.decisions,
        ] {
            total += part;
        }
        total
    }

    pub(super) fn add_cost(&mut self, cost: &Cost) {
        self.input += Money::of_usd(cost.input_usd);
        self.cache_read += Money::of_usd(cost.cache_read_usd);
        self.cache_write += Money::of_usd(cost.cache_write_usd);
        self.output += Money::of_usd(cost.output_usd);
        self.reasoning += Money::of_usd(cost.reasoning_usd);
        self.other += Money::of_usd(cost.other_usd);
    }

    pub(super) fn add_usage(&mut self, usage: &Usage) {
        self.calls += 1;
        self.input_tokens += usage.input_tokens.unwrap_or(0);
        self.cache_read_tokens += usage.cache_read_tokens.unwrap_or(0);
        self.cache_write_tokens += usage.cache_write_tokens.unwrap_or(0);
        self.output_tokens += usage.output_tokens.unwrap_or(0);
        self.reasoning_tokens += usage.reasoning_tokens.unwrap_or(0);
        if usage.source == weighbridge_record::TokenSource::Estimated {
            self.estimated_calls += 1;
        }
        if usage.cache_read_tokens.is_some() {
            self.cache_known_calls += 1;
            self.cache_known_input_tokens += usage.total_input().unwrap_or(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_depend_on_order() {
        let parts: Vec<f64> = (1..1000).map(|i| 1.0 / f64::from(i)).collect();
        let sum = |order: &mut dyn Iterator<Item = &f64>| {
            let mut total = Money::default();
            order.for_each(|&x| total += Money::of_usd(x));
            total
        };
        assert_eq!(sum(&mut parts.iter()), sum(&mut parts.iter().rev()));
    }
}
