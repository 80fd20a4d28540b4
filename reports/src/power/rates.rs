//! How many samples flip when nothing changed.

use std::collections::BTreeMap;

use crate::compare::{Evidence, Frame, Pairs, known_slices};

/// Flip rate where nothing is known: the one that the gate's published operating characteristics use.
pub const DEFAULT_FLIP_RATE: f64 = 0.06;

/// Correlation of flips within a cluster where nothing is known.
const DEFAULT_CORRELATION: f64 = 0.2;

/// Samples that the overall rate counts for in the rate of a slice, so that a small slice without a flip in
/// the history is not taken for one that never flips.
const PRIOR_SAMPLES: f64 = 20.0;

/// Flip rates of a candidate against the baseline, from one source.
#[derive(Debug, Clone, PartialEq)]
pub struct FlipRates {
    overall: f64,
    slices: BTreeMap<String, f64>,
    correlation: f64,
}

impl FlipRates {
    /// The same rate everywhere. `rate` is a share in `[0, 1]`; values outside are moved to the ends.
    pub fn constant(rate: f64) -> Self {
        Self {
            overall: rate.clamp(0.0, 1.0),
            slices: BTreeMap::new(),
            correlation: DEFAULT_CORRELATION,
        }
    }

    /// The rates seen between two policies of a run, by their positions; `None` where no sample is scored
    /// under both. A slice's rate is drawn towards the overall one with the weight of 20 samples.
    pub fn seen(frame: &Frame<'_>, baseline: usize, candidate: usize) -> Option<Self> {
        let pairs = Pairs::new(frame, &frame.scores[baseline], &frame.scores[candidate]);
        if pairs.len() == 0 {
            return None;
        }
        let slices = known_slices(frame, &pairs);
        let mut rates = Self::constant(0.0);
        for slice in &slices {
            let evidence = Evidence::of(&pairs, &slice.at);
            let (n, flips) = (evidence.n as f64, evidence.mean_square * evidence.n as f64);
            if slice.name == "overall" {
                // Half a flip more, so that a run without any is not taken for a law.
                rates.overall = ((flips + 0.5) / (n + 1.0)).min(1.0);
                rates.correlation = correlation(&evidence).unwrap_or(DEFAULT_CORRELATION);
            } else {
                let rate = (flips + PRIOR_SAMPLES * rates.overall) / (n + PRIOR_SAMPLES);
                rates.slices.insert(slice.name.clone(), rate);
            }
        }
        Some(rates)
    }

    /// Correlation of flips within a cluster, in `[0, 1]`.
    pub(super) fn correlation(&self) -> f64 {
        self.correlation
    }

    /// Rate of each sample: the mean over its registered slices, the overall one where it has none.
    pub(super) fn by_sample(&self, frame: &Frame<'_>) -> Vec<f64> {
        let mut sums = vec![(0.0, 0.0); frame.table.samples().len()];
        for slice in &frame.slices {
            let rate = self.slices.get(&slice.name).copied();
            for &member in &slice.members {
                let (sum, count) = &mut sums[member as usize];
                *sum += rate.unwrap_or(self.overall);
                *count += 1.0;
            }
        }
        let mean = |(sum, count): (f64, f64)| {
            if count > 0.0 {
                sum / count
            } else {
                self.overall
            }
        };
        sums.into_iter().map(mean).collect()
    }
}

/// From a design effect: `deff = 1 + (m - 1) rho` with `m` the mean cluster size.
fn correlation(evidence: &Evidence) -> Option<f64> {
    let size = evidence.n as f64 / evidence.clusters as f64;
    let estimated = evidence
        .method_name()
        .ends_with("design effect of clusters");
    (estimated && size > 1.0)
        .then(|| ((evidence.design_effect() - 1.0) / (size - 1.0)).clamp(0.0, 1.0))
}
