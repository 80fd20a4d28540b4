//! When a failed call is tried again, and how long is waited before.

use std::time::Duration;

use rand::{Rng, RngExt};

/// When a failed call is tried again. Every try is an attempt of its own in the log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryRule {
    /// Most tries after the first one of a call.
    pub max_retries: u32,
    /// Upper end of the first wait; doubles with each try.
    pub base: Duration,
    /// Largest upper end of a wait.
    pub cap: Duration,
    /// A server that asks for more than this is not tried again.
    pub max_retry_after: Duration,
    /// Most retries of the whole run as a share of its calls, beside [`Self::FREE`] ones: an outage
    /// must not multiply the load.
    pub ratio: f64,
}

impl Default for RetryRule {
    fn default() -> Self {
        Self {
            max_retries: 2,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(8),
            max_retry_after: Duration::from_secs(120),
            ratio: 0.2,
        }
    }
}

impl RetryRule {
    /// Retries allowed whatever the share.
    pub const FREE: u64 = 10;

    /// Whether the run may make one more retry.
    pub(super) fn is_affordable(&self, calls: u64, retries: u64) -> bool {
        retries < Self::FREE || (retries as f64) < self.ratio * calls as f64
    }

    /// How long to wait before a retry (`try_number` from 1): full jitter, uniform in
    /// [0, min(cap, base·2^(n−1))], and never less than the server asks. `None`: no retry.
    /// Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    pub(crate) fn wait(
        &self,
        try_number: u32,
        retry_after: Option<Duration>,
        rng: &mut impl Rng,
    ) -> Option<Duration> {
        if try_number > self.max_retries || retry_after > Some(self.max_retry_after) {
            return None;
        }
        let doubled = 2u32.saturating_pow(try_number.saturating_sub(1));
        let upper = self.base.saturating_mul(doubled).min(self.cap);
        let jitter = upper.mul_f64(rng.random::<f64>());
        Some(jitter.max(retry_after.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_respect_the_server() {
        let rule = RetryRule {
            max_retries: 20,
            ..RetryRule::default()
        };
        let mut rng = weighbridge_policies::stream(1, "retry", "s", 0);
        for n in 1..=20 {
            let upper = Duration::from_millis(500 * 2u64.pow(n.min(5) - 1)).min(rule.cap);
            assert!(rule.wait(n, None, &mut rng).unwrap() <= upper);
        }
        assert_eq!(rule.wait(21, None, &mut rng), None);
        let asked = Duration::from_secs(30);
        assert_eq!(rule.wait(1, Some(asked), &mut rng), Some(asked));
        assert_eq!(rule.wait(1, Some(asked * 5), &mut rng), None);
    }

    #[test]
    fn an_outage_ends_the_retries() {
        let rule = RetryRule::default();
        assert!(rule.is_affordable(1, 9));
        assert!(!rule.is_affordable(10, 10));
        assert!(rule.is_affordable(100, 19));
        assert!(!rule.is_affordable(100, 20));
    }
}
