//! What one sample says about a pair of arms, with everything unknown at its worst.

use crate::compare::ttft;
use crate::table::{Arm, ScoreState};

/// Differences of one sample, candidate minus baseline (baseline minus candidate for rates that must
/// not rise), averaged over repeats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Twofold {
    /// Every unknown against the candidate: what a proof of "not worse" may use.
    pub(super) against: f64,
    /// Every unknown for the candidate: what a proof of "worse" may use.
    pub(super) favour: f64,
}

/// The arms of a comparison, with the shape of their columns.
#[derive(Clone, Copy)]
pub(super) struct Arms<'a> {
    pub(super) fleet: &'a [weighbridge_record::ModelEntry],
    pub(super) base: &'a Arm,
    pub(super) cand: &'a Arm,
    pub(super) samples: usize,
    pub(super) repeats: usize,
}

impl Arms<'_> {
    pub(super) fn at(&self, sample: u32) -> impl Iterator<Item = usize> + use<> {
        let (samples, sample) = (self.samples, sample as usize);
        (0..self.repeats).map(move |repeat| repeat * samples + sample)
    }

    fn mean(&self, sample: u32, value: impl Fn(usize) -> f64) -> f64 {
        self.at(sample).map(value).sum::<f64>() / self.repeats as f64
    }

    /// Score. A failure counts 0, which is the worst for a candidate. To be excluded from a loss, a
    /// failed baseline is taken for a right answer: an outage must not look like two equal arms.
    pub(super) fn score(&self, sample: u32) -> Twofold {
        let known = |arm: &Arm, at: usize, failed: f64, unknown: f64| match arm.state[at] {
            ScoreState::Value => arm.score[at],
            ScoreState::Failed => failed,
            ScoreState::Unscored | ScoreState::Missing => unknown,
        };
        Twofold {
            against: self.mean(sample, |at| {
                known(self.cand, at, 0.0, 0.0) - known(self.base, at, 1.0, 1.0)
            }),
            favour: self.mean(sample, |at| {
                known(self.cand, at, 0.0, 1.0) - known(self.base, at, 0.0, 0.0)
            }),
        }
    }

    /// Difference of the mean counted scores: the point that is shown. `None` where an arm has none.
    pub(super) fn point(&self, sample: u32) -> Option<f64> {
        let mean = |arm: &Arm| {
            let (mut sum, mut n) = (0.0, 0u32);
            for score in self.at(sample).filter_map(|at| arm.counted(at)) {
                sum += score;
                n += 1;
            }
            (n > 0).then(|| sum / f64::from(n))
        };
        Some(mean(self.cand)? - mean(self.base)?)
    }

    /// First token later than the objective.
    pub(super) fn slow(&self, sample: u32, objective_ms: f64) -> Twofold {
        let over = |arm: &Arm, at: usize, unknown: f64| {
            ttft(arm, at).map_or(unknown, |ms| f64::from(u8::from(ms > objective_ms)))
        };
        Twofold {
            against: self.mean(sample, |at| {
                over(self.base, at, 0.0) - over(self.cand, at, 1.0)
            }),
            favour: self.mean(sample, |at| {
                over(self.base, at, 1.0) - over(self.cand, at, 0.0)
            }),
        }
    }

    /// No usable answer.
    pub(super) fn failed(&self, sample: u32) -> Twofold {
        let failed =
            |arm: &Arm, at: usize| f64::from(u8::from(arm.state[at] == ScoreState::Failed));
        let d = self.mean(sample, |at| failed(self.base, at) - failed(self.cand, at));
        Twofold {
            against: d,
            favour: d,
        }
    }

    /// Money of baseline and candidate in US dollars, over all repeats.
    pub(super) fn cost(&self, sample: u32) -> (f64, f64) {
        let sum = |arm: &Arm| self.at(sample).map(|at| arm.cost_usd[at]).sum();
        (sum(self.base), sum(self.cand))
    }

    /// Whether a trial is in the log.
    pub(super) fn is_there(arm: &Arm, at: usize) -> bool {
        arm.state[at] != ScoreState::Missing
    }
}
