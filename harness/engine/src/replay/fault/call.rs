//! One call under a schedule of faults: its tries, with their times and costs.

use std::time::Duration;

use weighbridge_policies::stream;
use weighbridge_record::AttemptErrorKind;

use super::rule::Asking;
use super::{FaultSchedule, RecordedFault, RecordedFaultRule};

/// Which call is made.
#[derive(Debug, Clone, Copy)]
pub(in crate::replay) struct Called<'a> {
    pub(in crate::replay) sample: &'a str,
    pub(in crate::replay) position: usize,
    pub(in crate::replay) model: &'a str,
    pub(in crate::replay) repeat: u32,
    /// Recorded times of the answer in milliseconds: to the first token, to the end.
    pub(in crate::replay) recorded: (Option<f64>, Option<f64>),
}

/// One try.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::replay) struct Tried {
    /// Time until the first token, if one came.
    pub(in crate::replay) ttft_ms: Option<f64>,
    /// Time until the end.
    pub(in crate::replay) end_ms: Option<f64>,
    /// Why it failed, if it did.
    pub(in crate::replay) failure: Option<Failure>,
    /// Wait before the next try; 0 after the last one.
    pub(in crate::replay) wait_ms: f64,
}

/// Why a try failed.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::replay) struct Failure {
    pub(in crate::replay) kind: AttemptErrorKind,
    pub(in crate::replay) status: Option<u16>,
    pub(in crate::replay) message: String,
    /// Share of the recorded cost that is charged.
    pub(in crate::replay) cost_share: f64,
}

impl FaultSchedule {
    /// All tries of a call, the last one being what the policy sees. `None` where nothing strikes it.
    pub(in crate::replay) fn tries(&self, call: &Called<'_>) -> Option<Vec<Tried>> {
        let asking = |try_number| Asking {
            sample: call.sample,
            position: call.position,
            model: call.model,
            repeat: call.repeat,
            try_number,
        };
        let mut rule = Some(self.strike(&asking(0))?);
        let purpose = format!("recorded retry {}", call.model);
        let mut rng = stream(self.seed, &purpose, call.sample, call.repeat);
        let mut tries = Vec::new();
        for number in 1.. {
            let mut tried = self.tried(rule, call);
            let retry_after = rule.and_then(retry_after);
            let wait = (tried.failure.as_ref())
                .filter(|f| f.kind.is_transient())
                .and_then(|_| self.retry.wait(number, retry_after, &mut rng));
            tried.wait_ms = wait.unwrap_or_default().as_secs_f64() * 1e3;
            tries.push(tried);
            if wait.is_none() {
                break;
            }
            rule = self.strike(&asking(number));
        }
        Some(tries)
    }

    fn tried(&self, rule: Option<&RecordedFaultRule>, call: &Called<'_>) -> Tried {
        let (ttft_ms, end_ms) = call.recorded;
        let answered = |ttft_ms, end_ms| Tried {
            ttft_ms,
            end_ms,
            failure: None,
            wait_ms: 0.0,
        };
        let Some(rule) = rule else {
            return answered(ttft_ms, end_ms);
        };
        if let RecordedFault::Slow { factor, delay_ms } = rule.fault {
            let late = |ms: Option<f64>| ms.map(|ms| ms * factor + delay_ms);
            let (ttft_ms, end_ms) = (late(ttft_ms), late(end_ms));
            if end_ms.is_none_or(|ms| ms <= self.timeout_ms()) {
                return answered(ttft_ms, end_ms);
            }
        }
        self.failed(rule, call)
    }

    fn failed(&self, rule: &RecordedFaultRule, call: &Called<'_>) -> Tried {
        let late = (AttemptErrorKind::Timeout, None);
        let (kind, status) = rule.fault.failure().unwrap_or(late);
        let (ttft_ms, latency_ms) = call.recorded;
        let share = rule.fault.after_share();
        // The answer was under way: its first token came, and so much of the rest.
        let under_way = share.and_then(|share| {
            let (first, end) = (ttft_ms.or(latency_ms)?, latency_ms.or(ttft_ms)?);
            Some(first + share * (end - first))
        });
        let own = match kind {
            AttemptErrorKind::Timeout => Some(self.timeout_ms()),
            _ if share.is_some() => under_way,
            _ => Some(0.0),
        };
        // Slow answers that come too late have no time of their own beside the limit.
        let given = rule.ms.filter(|_| rule.fault.failure().is_some());
        Tried {
            ttft_ms: ttft_ms.filter(|_| share.is_some()),
            end_ms: given.or(own),
            failure: Some(Failure {
                kind,
                status,
                message: "declared fault".to_owned(),
                cost_share: rule.cost_share,
            }),
            wait_ms: 0.0,
        }
    }
}

fn retry_after(rule: &RecordedFaultRule) -> Option<Duration> {
    match rule.fault {
        RecordedFault::RateLimit { retry_after_ms } => {
            Duration::try_from_secs_f64(retry_after_ms / 1e3).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::RetryRule;

    fn schedule(rule: RecordedFaultRule) -> FaultSchedule {
        FaultSchedule {
            rules: vec![rule],
            seed: 1,
            retry: RetryRule::default(),
            timeout: Duration::from_secs(2),
        }
    }

    const CALL: Called<'static> = Called {
        sample: "s",
        position: 0,
        model: "m",
        repeat: 0,
        recorded: (Some(100.0), Some(500.0)),
    };

    fn tries(rule: RecordedFaultRule) -> Vec<Tried> {
        schedule(rule).tries(&CALL).unwrap()
    }

    #[test]
    fn an_outage_outlasts_all_retries_and_waits_between_them() {
        let rule = RecordedFaultRule {
            ms: Some(30.0),
            ..RecordedFaultRule::always(RecordedFault::Unavailable)
        };
        let tries = tries(rule);
        assert_eq!(tries.len(), 3);
        for tried in &tries {
            assert_eq!((tried.ttft_ms, tried.end_ms), (None, Some(30.0)));
            assert_eq!(tried.failure.as_ref().unwrap().status, Some(503));
        }
        assert!(tries[0].wait_ms > 0.0 && tries[0].wait_ms <= 500.0);
        assert_eq!(tries[2].wait_ms, 0.0);
    }

    #[test]
    fn a_rate_limit_is_waited_for_and_then_answers() {
        let rule = RecordedFaultRule {
            share: Some(0.5),
            ..RecordedFaultRule::always(RecordedFault::RateLimit {
                retry_after_ms: 1_500.0,
            })
        };
        let schedule = schedule(rule);
        // Some sample is struck first and not the second time.
        let ids: Vec<String> = (0..50).map(|i| format!("s{i}")).collect();
        let found = ids
            .iter()
            .filter_map(|sample| schedule.tries(&Called { sample, ..CALL }))
            .find(|tries| tries.len() == 2)
            .unwrap();
        assert!(found[0].wait_ms >= 1_500.0);
        assert_eq!(found[1].failure, None);
        assert_eq!(
            (found[1].ttft_ms, found[1].end_ms),
            (Some(100.0), Some(500.0))
        );
    }

    #[test]
    fn a_cut_comes_in_the_middle_and_is_not_tried_again() {
        let tries = tries(RecordedFaultRule::always(RecordedFault::Cut {
            after_share: 0.5,
        }));
        assert_eq!(tries.len(), 1);
        assert_eq!(
            (tries[0].ttft_ms, tries[0].end_ms),
            (Some(100.0), Some(300.0))
        );
    }

    #[test]
    fn slow_is_late_and_too_slow_is_a_timeout() {
        let slow = |factor| {
            tries(RecordedFaultRule::always(RecordedFault::Slow {
                factor,
                delay_ms: 10.0,
            }))
        };
        let late = slow(2.0);
        assert_eq!(late.len(), 1);
        assert_eq!(
            (late[0].ttft_ms, late[0].end_ms),
            (Some(210.0), Some(1_010.0))
        );
        let never = slow(5.0);
        assert_eq!(never.len(), 3);
        assert_eq!(never[0].end_ms, Some(2_000.0));
        let kind = never[0].failure.as_ref().unwrap().kind;
        assert_eq!(kind, AttemptErrorKind::Timeout);
    }
}
