//! Leaving a broken backend alone for a while.

use std::time::Duration;

/// When a backend is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerRule {
    /// Failures in a row that open the breaker, at least 1. Envoy's outlier detection takes 5.
    pub failures: u32,
    /// How long calls fail at once after that; then one call probes. Envoy takes 30 s.
    pub open: Duration,
}

impl Default for BreakerRule {
    fn default() -> Self {
        Self {
            failures: 5,
            open: Duration::from_secs(30),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    /// Calls go; so many failures in a row.
    Closed(u32),
    /// No call goes until then.
    Open(f64),
    /// One call is under way to see whether the backend is back.
    Probing,
}

/// A circuit breaker. Source: Nygard, "Release It!", 2007, chapter on stability patterns.
#[derive(Debug, Clone)]
pub(super) struct Breaker {
    rule: BreakerRule,
    phase: Phase,
    openings: u64,
}

/// What a breaker says to a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Answer {
    /// Go.
    Go,
    /// Go, and tell how it ended: everything depends on it.
    Probe,
    /// Fail at once; the time until a probe in milliseconds, `None` while one is under way.
    Fail(Option<f64>),
}

impl Breaker {
    pub(super) fn new(rule: BreakerRule) -> Self {
        Self {
            rule,
            phase: Phase::Closed(0),
            openings: 0,
        }
    }

    /// What a call would be told; nothing changes.
    pub(super) fn ask(&self, now_ms: f64) -> Answer {
        match self.phase {
            Phase::Closed(_) => Answer::Go,
            Phase::Open(until) if now_ms >= until => Answer::Probe,
            Phase::Open(until) => Answer::Fail(Some(until - now_ms)),
            Phase::Probing => Answer::Fail(None),
        }
    }

    /// The probe goes.
    pub(super) fn probe(&mut self) {
        self.phase = Phase::Probing;
    }

    /// A call ended. The end of one that was sent before the breaker opened changes nothing.
    pub(super) fn ended(&mut self, is_probe: bool, is_failure: bool, now_ms: f64) {
        let failures = match self.phase {
            Phase::Closed(failures) => failures,
            Phase::Probing if is_probe => self.rule.failures,
            _ => return,
        };
        self.phase = match (is_failure, failures + 1 >= self.rule.failures) {
            (false, _) => Phase::Closed(0),
            (true, false) => Phase::Closed(failures + 1),
            (true, true) => {
                self.openings += 1;
                Phase::Open(now_ms + self.rule.open.as_secs_f64() * 1e3)
            }
        };
    }

    /// The probe ended without telling anything; the next call is the probe.
    pub(super) fn unknown(&mut self, now_ms: f64) {
        if self.phase == Phase::Probing {
            self.phase = Phase::Open(now_ms);
        }
    }

    /// Times that the breaker opened.
    pub(super) fn openings(&self) -> u64 {
        self.openings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open_at(ms: f64) -> Breaker {
        let mut breaker = Breaker::new(BreakerRule {
            failures: 2,
            open: Duration::from_secs(1),
        });
        breaker.ended(false, true, ms);
        breaker.ended(false, true, ms);
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_an_answer_between_them_does_not() {
        let mut breaker = Breaker::new(BreakerRule::default());
        for failure in [true, true, true, true, false, true, true, true, true] {
            breaker.ended(false, failure, 0.0);
        }
        assert_eq!(breaker.ask(0.0), Answer::Go);
        breaker.ended(false, true, 0.0);
        assert_eq!(breaker.ask(10.0), Answer::Fail(Some(29_990.0)));
        assert_eq!(breaker.openings(), 1);
    }

    #[test]
    fn one_probe_decides() {
        let mut breaker = open_at(0.0);
        assert_eq!(breaker.ask(999.0), Answer::Fail(Some(1.0)));
        assert_eq!(breaker.ask(1_000.0), Answer::Probe);
        breaker.probe();
        assert_eq!(breaker.ask(1_500.0), Answer::Fail(None));
        // Sent long before; says nothing about now.
        breaker.ended(false, false, 1_500.0);
        assert_eq!(breaker.ask(1_500.0), Answer::Fail(None));
        breaker.ended(true, true, 2_000.0);
        assert_eq!(breaker.ask(2_500.0), Answer::Fail(Some(500.0)));
        breaker.probe();
        breaker.unknown(3_000.0);
        assert_eq!(breaker.ask(3_000.0), Answer::Probe);
        breaker.probe();
        breaker.ended(true, false, 3_100.0);
        assert_eq!(breaker.ask(3_100.0), Answer::Go);
        assert_eq!(breaker.openings(), 2);
    }
}
