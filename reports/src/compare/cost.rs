//! Change of cost, as a ratio of sums over the paired samples.

use super::pairs::Pairs;
use super::{Frame, LEVEL, per_sample};
use crate::model::{CostChange, Estimate};
use crate::stats::ratio::{Ratio, ratio_of_sums};
use crate::table::{Arm, ScoreState};

/// Fewest clusters before a ratio gets limits: with fewer, equal costs by luck would look certain.
const MIN_CLUSTERS: usize = 10;

/// Money of two arms.
#[derive(Debug, Clone)]
pub(crate) struct Money {
    pub(crate) change: CostChange,
    ratio: Option<Ratio>,
}

impl Money {
    /// Compares the costs of all trials that are in the log, failed ones included.
    pub(crate) fn of(frame: &Frame<'_>, baseline: &Arm, candidate: &Arm) -> Self {
        let costs = |arm: &Arm| {
            per_sample(frame.table, |at| {
                (arm.state[at] != ScoreState::Missing).then(|| arm.cost_usd[at])
            })
        };
        let pairs = Pairs::new(frame, &costs(baseline), &costs(candidate));
        let clusters = pairs.clusters.as_deref();
        let ratio = ratio_of_sums(&pairs.candidate, &pairs.baseline, clusters).ok();
        let per_1k = |values: &[f64]| 1000.0 * super::slice::mean(values);
        let mut money = Self {
            change: CostChange {
                baseline_per_1k_usd: per_1k(&pairs.baseline),
                candidate_per_1k_usd: per_1k(&pairs.candidate),
                saving: None,
                top_percent_share: top_share(&pairs),
            },
            ratio,
        };
        money.change.saving = money.estimate(LEVEL, pairs.len() as u64);
        money
    }

    /// One-sided limits of the saving at error rate `alpha`, `(lower, upper)`.
    pub(crate) fn limits(&self, alpha: f64) -> (Option<f64>, Option<f64>) {
        let level = 1.0 - 2.0 * alpha;
        match self.estimate(level, 0) {
            Some(saving) => (saving.lower, saving.upper),
            None => (None, None),
        }
    }

    fn estimate(&self, level: f64, n: u64) -> Option<Estimate> {
        let ratio = self.ratio.as_ref()?;
        let bounds = (ratio.clusters >= MIN_CLUSTERS)
            .then(|| ratio.fieller(level).ok().flatten())
            .flatten()
            .map(|fieller| fieller.bounds);
        Some(Estimate {
            point: 1.0 - ratio.ratio,
            lower: bounds.and_then(|b| b.hi).map(|hi| 1.0 - hi),
            upper: bounds.and_then(|b| b.lo).map(|lo| 1.0 - lo),
            level,
            n,
            method: "ratio of sums, Fieller over clusters".to_owned(),
        })
    }
}

/// Share of the money carried by the dearest 1 % of requests of both arms, at least one request.
fn top_share(pairs: &Pairs) -> f64 {
    let mut all: Vec<f64> = pairs
        .baseline
        .iter()
        .chain(&pairs.candidate)
        .copied()
        .collect();
    all.sort_unstable_by(|a, b| b.total_cmp(a));
    let total: f64 = all.iter().sum();
    let top = all.len().div_ceil(100);
    if total > 0.0 {
        all[..top].iter().sum::<f64>() / total
    } else {
        0.0
    }
}
