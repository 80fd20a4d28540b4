//! Scripted misbehaviour, deterministic by request count.

use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::sync::PoisonError;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// Answer 429 with a `Retry-After` of that many seconds.
    TooManyRequests {
        /// The value of the header, in seconds.
        retry_after_s: u64,
    },
    /// Answer 500.
    ServerError,
    /// Answer 503.
    Unavailable,
    /// Wait before the response headers.
    StallHeaders {
        /// The wait in milliseconds, not scaled by the fleet's speed.
        ms: u64,
    },
    /// Wait in the middle of the stream (non-streaming answers are delayed as a whole).
    StallStream {
        /// Tokens sent before the wait.
        after_tokens: usize,
        /// The wait in milliseconds, not scaled by the fleet's speed.
        ms: u64,
    },
    /// Break the connection in the middle of the answer.
    Cut {
        /// Tokens sent before the break.
        after_tokens: usize,
    },
    /// Put an error event into the stream, then `[DONE]`, under status 200.
    ErrorEvent {
        /// Tokens sent before the event.
        after_tokens: usize,
    },
}

impl Fault {
    /// The name used in the server log.
    pub fn name(self) -> &'static str {
        match self {
            Fault::TooManyRequests { .. } => "too_many_requests",
            Fault::ServerError => "server_error",
            Fault::Unavailable => "unavailable",
            Fault::StallHeaders { .. } => "stall_headers",
            Fault::StallStream { .. } => "stall_stream",
            Fault::Cut { .. } => "cut",
            Fault::ErrorEvent { .. } => "error_event",
        }
    }
}

/// Strikes requests `first`, `first + every`, `first + 2 * every`, … (counted from 1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultRule {
    /// Only requests for this tier count; all requests do when absent.
    #[serde(default)]
    pub tier: Option<String>,
    /// The first request struck. Zero means `every`.
    #[serde(default)]
    pub first: u64,
    /// The distance between strikes; zero strikes `first` alone.
    pub every: u64,
    /// What happens.
    pub fault: Fault,
}

impl FaultRule {
    /// A rule that strikes every `every`th request of any tier.
    pub fn every(every: u64, fault: Fault) -> Self {
        Self {
            tier: None,
            first: every,
            every,
            fault,
        }
    }

    fn strikes(&self, count: u64) -> bool {
        let first = if self.first == 0 {
            self.every
        } else {
            self.first
        };
        match count.checked_sub(first) {
            None => false,
            Some(0) => first > 0,
            Some(past) => self.every > 0 && past % self.every == 0,
        }
    }
}

/// Rules with their request counts. The first rule that strikes wins; every rule counts.
#[derive(Debug)]
pub struct FaultScript {
    rules: Vec<FaultRule>,
    counts: Mutex<Vec<u64>>,
}

impl FaultScript {
    /// A script at its beginning.
    pub fn new(rules: Vec<FaultRule>) -> Self {
        let counts = Mutex::new(vec![0; rules.len()]);
        Self { rules, counts }
    }

    /// Counts one request for `tier` and says what happens to it.
    pub fn next(&self, tier: &str) -> Option<Fault> {
        if self.rules.is_empty() {
            return None;
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut struck = None;
        for (rule, count) in self.rules.iter().zip(counts.iter_mut()) {
            if rule.tier.as_deref().is_some_and(|t| t != tier) {
                continue;
            }
            *count += 1;
            if struck.is_none() && rule.strikes(*count) {
                struck = Some(rule.fault);
            }
        }
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(script: &FaultScript, tier: &str, n: usize) -> Vec<usize> {
        (1..=n).filter(|_| script.next(tier).is_some()).collect()
    }

    #[test]
    fn every_third_request_is_struck() {
        let script = FaultScript::new(vec![FaultRule::every(3, Fault::ServerError)]);
        assert_eq!(strikes(&script, "small", 10), [3, 6, 9]);
    }

    #[test]
    fn a_single_strike_and_a_tier_filter() {
        let rule = FaultRule {
            tier: Some("large".into()),
            first: 2,
            every: 0,
            fault: Fault::Cut { after_tokens: 1 },
        };
        let script = FaultScript::new(vec![rule]);
        assert!(strikes(&script, "small", 5).is_empty());
        assert_eq!(strikes(&script, "large", 5), [2]);
    }

    #[test]
    fn the_first_rule_wins_and_all_count() {
        let script = FaultScript::new(vec![
            FaultRule::every(2, Fault::ServerError),
            FaultRule::every(2, Fault::Unavailable),
        ]);
        assert_eq!(script.next("a"), None);
        assert_eq!(script.next("a"), Some(Fault::ServerError));
    }
}
