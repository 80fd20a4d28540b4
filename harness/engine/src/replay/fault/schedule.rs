//! The faults of a replay, and how their calls are tried again.

use std::time::Duration;

use super::RecordedFaultRule;
use super::rule::Asking;
use crate::executor::RetryRule;

/// What goes wrong in a replay. The same calls are struck for every policy, whatever the number of
/// threads.
///
/// Failed tries are tried again as a live run does it: the same kinds, the same waits (full jitter,
/// `Retry-After`), here drawn by sample and model. What a live run decides over time is left out: the
/// retry budget of the whole run, circuit breakers and rate limits of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultSchedule {
    /// The rules; the first one that strikes a call wins.
    pub rules: Vec<RecordedFaultRule>,
    /// Seed of the shares and of the waits.
    pub seed: u64,
    /// When a failed try is tried again.
    pub retry: RetryRule,
    /// Longest time that a call may take.
    pub timeout: Duration,
}

impl FaultSchedule {
    /// The rule that strikes a try, if one does. Each rule draws for itself, so that two shares do not
    /// fall on the same samples.
    pub(super) fn strike(&self, asking: &Asking<'_>) -> Option<&RecordedFaultRule> {
        let rules = (0u64..).zip(&self.rules);
        let mut struck = rules.filter(|(i, rule)| rule.strikes(asking, self.seed.wrapping_add(*i)));
        struck.next().map(|(_, rule)| rule)
    }

    /// Longest time that a call may take, in milliseconds.
    pub(super) fn timeout_ms(&self) -> f64 {
        self.timeout.as_secs_f64() * 1e3
    }
}
