//! The promised saving, watched by an asymptotic confidence sequence.

use crate::stats::betting::{asymptotic_cs, asymptotic_rho2};

/// Fewest blocks before limits that only hold in the limit are trusted.
const FEWEST: u64 = 50;

/// Whether `(1 - promised) * baseline - candidate` has a mean above or below 0. Money has no upper
/// bound, so that no betting process exists; the sequence of Waudby-Smith and others (2024) is valid
/// at every look, in the limit of many blocks.
#[derive(Debug, Clone)]
pub(super) struct Saving {
    pub(super) promised: f64,
    pub(super) reached: bool,
    pub(super) missed: bool,
    alpha: (f64, f64),
    blocks: u64,
    count: u64,
    mean: f64,
    squares: f64,
}

impl Saving {
    /// `blocks` are those to come; the sequence is tuned to half of them. `alpha` are the error rates
    /// of a wrong "reached" and a wrong "missed".
    pub(super) fn new(promised: f64, blocks: u64, alpha: (f64, f64)) -> Self {
        Self {
            promised,
            reached: false,
            missed: false,
            alpha,
            blocks,
            count: 0,
            mean: 0.0,
            squares: 0.0,
        }
    }

    /// Adds the money of one block.
    pub(super) fn push(&mut self, baseline_usd: f64, candidate_usd: f64) {
        let x = (1.0 - self.promised) * baseline_usd - candidate_usd;
        self.count += 1;
        let step = x - self.mean;
        self.mean += step / self.count as f64;
        self.squares += step * (x - self.mean);
        if self.count < FEWEST {
            return;
        }
        self.reached |= self
            .limit(self.alpha.0)
            .is_some_and(|half| self.mean - half >= 0.0);
        self.missed |= self
            .limit(self.alpha.1)
            .is_some_and(|half| self.mean + half < 0.0);
    }

    /// Half width of the sequence whose one side errs at rate `alpha`.
    fn limit(&self, alpha: f64) -> Option<f64> {
        let spread = (self.squares / (self.count - 1) as f64).sqrt();
        let two_sided = (2.0 * alpha).min(0.99);
        let rho2 = asymptotic_rho2((self.blocks / 2).max(FEWEST), two_sided).ok()?;
        let interval = asymptotic_cs(self.mean, spread, self.count, rho2, two_sided).ok()?;
        Some(interval.hi - self.mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(saving: f64) -> (bool, bool) {
        let mut watch = Saving::new(0.3, 400, (0.05, 0.05));
        for i in 0..400 {
            let base = 1.0 + f64::from(i % 7);
            watch.push(base, base * (1.0 - saving) + 0.1 * f64::from(i % 3) - 0.1);
        }
        (watch.reached, watch.missed)
    }

    #[test]
    fn a_clear_saving_is_seen_and_a_clear_miss_too() {
        assert_eq!(watched(0.5), (true, false));
        assert_eq!(watched(0.1), (false, true));
        assert_eq!(watched(0.3), (false, false));
    }
}
