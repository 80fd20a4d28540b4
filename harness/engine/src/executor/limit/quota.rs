//! What the server's headers say is left.

use weighbridge_record::Quota;

/// What a server said is left of one of its limits, and how fast it comes back.
///
/// The headers of OpenAI and Anthropic give the time until the limit is whole again, which comes
/// back steadily: `(limit − remaining) / reset` per millisecond. Where no limit is said, all comes
/// back at the reset.
#[derive(Debug, Clone, Default)]
pub(super) struct Left {
    level: f64,
    per_ms: f64,
    at_ms: f64,
    /// From when on nothing is known any more; 0 while nothing was said.
    reset_at_ms: f64,
}

impl Left {
    /// Takes what a response says. `ahead` is what other calls under way may still use: the server
    /// may not have counted them yet.
    pub(super) fn hear(&mut self, quota: &Quota, ahead: f64, now_ms: f64) {
        let (Some(remaining), Some(reset_ms)) = (quota.remaining, quota.reset_ms) else {
            return;
        };
        let remaining = remaining as f64;
        let used = quota.limit.map_or(0.0, |limit| limit as f64 - remaining);
        *self = Self {
            level: remaining - ahead,
            per_ms: if reset_ms > 0.0 {
                used.max(0.0) / reset_ms
            } else {
                0.0
            },
            at_ms: now_ms,
            reset_at_ms: now_ms + reset_ms.max(0.0),
        };
    }

    /// Milliseconds until so many units are there by what the server said.
    pub(super) fn wait_ms(&self, units: f64, now_ms: f64) -> f64 {
        if now_ms >= self.reset_at_ms {
            return 0.0;
        }
        let short = units - self.level - (now_ms - self.at_ms) * self.per_ms;
        if short <= 0.0 {
            return 0.0;
        }
        (short / self.per_ms).min(self.reset_at_ms - now_ms)
    }

    /// A call of so many units goes; negative gives back.
    pub(super) fn take(&mut self, units: f64) {
        self.level -= units;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(limit: Option<u64>, remaining: u64, reset_ms: f64) -> Quota {
        Quota {
            limit,
            remaining: Some(remaining),
            reset_ms: Some(reset_ms),
        }
    }

    #[test]
    fn what_is_left_may_be_used_and_the_rest_comes_back_steadily() {
        let mut left = Left::default();
        assert_eq!(left.wait_ms(1e9, 0.0), 0.0, "nothing was said");
        left.hear(&quota(Some(60), 1, 59_000.0), 0.0, 0.0);
        assert_eq!(left.wait_ms(1.0, 0.0), 0.0);
        left.take(1.0);
        assert!((left.wait_ms(1.0, 0.0) - 1_000.0).abs() < 1e-6);
        assert_eq!(left.wait_ms(1.0, 1_000.0), 0.0);
        assert_eq!(left.wait_ms(1e9, 59_000.0), 0.0, "whole again");
    }

    #[test]
    fn without_a_limit_all_comes_at_the_reset_and_calls_under_way_count() {
        let mut left = Left::default();
        left.hear(&quota(None, 0, 500.0), 0.0, 100.0);
        assert_eq!(left.wait_ms(1.0, 200.0), 400.0);
        left.hear(&quota(None, 4, 500.0), 4.0, 100.0);
        assert_eq!(left.wait_ms(1.0, 200.0), 400.0);
        left.hear(&Quota::default(), 0.0, 300.0);
        assert_eq!(left.wait_ms(1.0, 300.0), 300.0, "silence changes nothing");
    }
}
