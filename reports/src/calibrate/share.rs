//! A share counted over random trials, with its Monte-Carlo error.

use serde::Serialize;

use crate::stats::proportion::clopper_pearson;

/// Two-sided level of the interval.
const LEVEL: f64 = 0.95;

/// A share of Monte-Carlo trials.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// Trials in which it happened.
    pub count: u64,
    /// All trials.
    pub trials: u64,
    /// `count / trials`, in `[0, 1]`.
    pub share: f64,
    /// Standard error, `sqrt(p (1 - p) / trials)` at `p = (count + 1) / (trials + 2)`, so that it is
    /// not 0 where something never or always happened.
    pub mc_error: f64,
    /// Lower limit, Clopper-Pearson 95 %.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

impl Share {
    /// From counts; `count <= trials`.
    pub fn new(count: u64, trials: u64) -> Self {
        let n = trials.max(1) as f64;
        let p = (count as f64 + 1.0) / (n + 2.0);
        let (lower, upper) = clopper_pearson(count, trials, LEVEL)
            .map_or((0.0, 1.0), |interval| (interval.lo, interval.hi));
        Self {
            count,
            trials,
            share: count as f64 / n,
            mc_error: (p * (1.0 - p) / n).sqrt(),
            lower,
            upper,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_is_not_certain() {
        let never = Share::new(0, 400);
        assert_eq!(never.share, 0.0);
        assert!(never.mc_error > 0.0 && never.upper > 0.009 && never.upper < 0.0093);
    }
}
