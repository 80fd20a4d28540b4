//! What became of the attempts at one model by one policy.

use std::collections::BTreeMap;

use weighbridge_record::{Attempt, AttemptErrorKind, ServerSaid};

use super::{Money, Timeline};

/// What became of the attempts at one model. Sums are integers, so that their order does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tries {
    /// Attempts, those that were not sent included.
    pub attempts: u64,
    /// Attempts with a complete answer.
    pub answered: u64,
    /// Attempts after the first of a call.
    pub retries: u64,
    /// Those of them that were answered.
    pub retries_answered: u64,
    /// Attempts that failed, by kind.
    pub failures: BTreeMap<AttemptErrorKind, u64>,
    /// What the failed attempts cost.
    pub failed: Money,
    /// How long the failed attempts took, in microseconds.
    pub failed_us: u64,
    /// Time between a failed attempt and the next one of the same call, in microseconds.
    pub backoff_us: u64,
    /// Attempts that were sent at least a millisecond after they were meant to be.
    pub held: u64,
    /// How long these were held back, in microseconds.
    pub held_us: u64,
    /// What a gateway says of itself.
    pub gateway: GatewayTries,
    /// When calls were made, and which of them failed for good.
    pub timeline: Timeline,
}

/// What a gateway says it did behind its answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GatewayTries {
    /// Attempts on which it said how often it tried.
    pub told: u64,
    /// Of these, the ones that it tried again.
    pub retried: u64,
    /// Its own retries, all together.
    pub retries: u64,
    /// Attempts that another target than its first choice answered.
    pub fallbacks: u64,
    /// Attempts on which it named a cost.
    pub priced: u64,
    /// These costs together, in its own words.
    pub said: Money,
    /// What the ledger has for the same attempts.
    pub ours: Money,
}

impl Tries {
    /// Attempts that failed.
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// Counts an attempt; `after` is the end of the attempt before it where that was a failed try of
    /// the same call, in milliseconds.
    pub(super) fn add(&mut self, attempt: &Attempt, after: Option<f64>) {
        self.attempts += 1;
        let is_retry = attempt.try_number > 0;
        self.retries += u64::from(is_retry);
        match &attempt.error {
            None => {
                self.answered += 1;
                self.retries_answered += u64::from(is_retry);
            }
            Some(error) => {
                *self.failures.entry(error.kind).or_default() += 1;
                self.failed += Money::of_usd(attempt.cost.total_usd);
                self.failed_us += between_us(attempt.intended_ms, attempt.end_ms);
            }
        }
        self.backoff_us += between_us(after, attempt.intended_ms);
        let held_us = between_us(attempt.intended_ms, attempt.sent_ms);
        if held_us >= 1_000 {
            self.held += 1;
            self.held_us += held_us;
        }
        if let Some(said) = &attempt.server {
            self.gateway.add(said, attempt.cost.total_usd);
        }
    }

    /// Adds what another policy met, or another model.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.attempts += other.attempts;
        self.answered += other.answered;
        self.retries += other.retries;
        self.retries_answered += other.retries_answered;
        for (kind, n) in &other.failures {
            *self.failures.entry(*kind).or_default() += n;
        }
        self.failed += other.failed;
        self.failed_us += other.failed_us;
        self.backoff_us += other.backoff_us;
        self.held += other.held;
        self.held_us += other.held_us;
        self.gateway.merge(&other.gateway);
        self.timeline.merge(&other.timeline);
    }
}

impl GatewayTries {
    fn add(&mut self, said: &ServerSaid, our_usd: f64) {
        if said.gateway_retries.is_some() || said.gateway_fallbacks.is_some() {
            let retries = said.gateway_retries.unwrap_or(0);
            self.told += 1;
            self.retried += u64::from(retries > 0);
            self.retries += u64::from(retries);
            self.fallbacks += u64::from(said.gateway_fallbacks.unwrap_or(0) > 0);
        }
        if let Some(usd) = said.cost_usd {
            self.priced += 1;
            self.said += Money::of_usd(usd);
            self.ours += Money::of_usd(our_usd);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.told += other.told;
        self.retried += other.retried;
        self.retries += other.retries;
        self.fallbacks += other.fallbacks;
        self.priced += other.priced;
        self.said += other.said;
        self.ours += other.ours;
    }
}

/// Microseconds from one mark to a later one; 0 where one is not known.
fn between_us(from: Option<f64>, to: Option<f64>) -> u64 {
    // The cast saturates; a mark before its predecessor counts as no time.
    from.zip(to)
        .map_or(0, |(from, to)| ((to - from) * 1e3).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weighbridge_record::AttemptError;

    #[test]
    fn a_retry_carries_its_wait_and_a_failure_its_time_and_money() {
        let mut failed = Attempt::new("m".into());
        failed.intended_ms = Some(0.0);
        failed.sent_ms = Some(4.0);
        failed.end_ms = Some(10.0);
        failed.cost.total_usd = 0.5;
        failed.error = Some(AttemptError {
            kind: AttemptErrorKind::Server,
            status: Some(500),
            message: String::new(),
        });
        let mut again = Attempt::new("m".into());
        again.try_number = 1;
        again.intended_ms = Some(60.0);
        again.sent_ms = Some(60.2);
        again.cost.total_usd = 0.25;
        again.server = Some(Box::new(ServerSaid {
            gateway_retries: Some(2),
            gateway_fallbacks: Some(0),
            cost_usd: Some(0.5),
            ..ServerSaid::default()
        }));
        let mut tries = Tries::default();
        tries.add(&failed, None);
        tries.add(&again, failed.end_ms);
        assert_eq!((tries.attempts, tries.answered, tries.failed()), (2, 1, 1));
        assert_eq!((tries.retries, tries.retries_answered), (1, 1));
        assert_eq!((tries.failed_us, tries.backoff_us), (10_000, 50_000));
        assert_eq!((tries.held, tries.held_us), (1, 4_000));
        assert_eq!(tries.failed, Money::of_usd(0.5));
        let gateway = &tries.gateway;
        assert_eq!((gateway.told, gateway.retried, gateway.retries), (1, 1, 2));
        assert_eq!((gateway.fallbacks, gateway.priced), (0, 1));
        assert_eq!((gateway.said.usd(), gateway.ours.usd()), (0.5, 0.25));
        let mut twice = tries.clone();
        twice.merge(&tries);
        assert_eq!((twice.attempts, twice.backoff_us), (4, 100_000));
    }
}
