//! Which requests are struck.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Asking, Fault};

/// Strikes a request that meets all conditions: its tier, its number or a share of all contents, and
/// the time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultRule {
    /// Only requests for this tier count; all requests do when absent.
    #[serde(default)]
    pub tier: Option<String>,
    /// Strikes by number: `first`, `first + every`, `first + 2 * every`, … (counted from 1). Zero
    /// means `every`.
    #[serde(default)]
    pub first: u64,
    /// The distance between strikes; zero strikes `first` alone, and every request where `first` is
    /// zero too.
    #[serde(default)]
    pub every: u64,
    /// The last number struck; without end when absent.
    #[serde(default)]
    pub last: Option<u64>,
    /// Strikes this share of the contents only.
    #[serde(default)]
    pub share: Option<Share>,
    /// Strikes in this time only: milliseconds since the fleet started, the end excluded.
    #[serde(default)]
    pub window_ms: Option<(u64, u64)>,
    /// What happens.
    pub fault: Fault,
}

/// A share of all contents, chosen by a hash: the same requests are struck in every run, in whatever
/// order they arrive.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Part of the contents that is struck, from 0 to 1.
    pub of: f64,
    /// Another seed strikes other contents.
    pub seed: u64,
    /// Whether the same request asked again is struck again, as in an outage that outlasts every
    /// retry; otherwise each try has a fate of its own.
    pub sticky: bool,
}

impl FaultRule {
    /// A rule that strikes every request of any tier.
    pub fn always(fault: Fault) -> Self {
        Self {
            tier: None,
            first: 0,
            every: 0,
            last: None,
            share: None,
            window_ms: None,
            fault,
        }
    }

    /// A rule that strikes every `every`th request of any tier.
    pub fn every(every: u64, fault: Fault) -> Self {
        Self {
            first: every,
            every,
            ..Self::always(fault)
        }
    }

    /// Whether the `count`th request (from 1) that the rule counts is struck.
    pub(super) fn strikes(&self, count: u64, asking: &Asking<'_>) -> bool {
        let in_time = self
            .window_ms
            .is_none_or(|(from, to)| (from..to).contains(&asking.elapsed_ms));
        let in_share = self.share.is_none_or(|share| share.strikes(asking));
        let before_end = self.last.is_none_or(|last| count <= last);
        in_time && in_share && before_end && self.strikes_number(count)
    }

    fn strikes_number(&self, count: u64) -> bool {
        let first = match (self.first, self.every) {
            (0, 0) => return true,
            (0, every) => every,
            (first, _) => first,
        };
        match count.checked_sub(first) {
            None => false,
            Some(0) => true,
            Some(past) => self.every > 0 && past % self.every == 0,
        }
    }
}

impl Share {
    fn strikes(&self, asking: &Asking<'_>) -> bool {
        let nth = if self.sticky { 0 } else { asking.nth };
        let drawn = xxh3_64_with_seed(asking.tier.as_bytes(), self.seed)
            ^ asking.content
            ^ nth.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // Mixed once more, for the exclusive-or keeps patterns; 53 bits make a uniform number.
        let mixed = xxh3_64_with_seed(&drawn.to_le_bytes(), self.seed);
        ((mixed >> 11) as f64) < self.of * (1u64 << 53) as f64
    }
}
