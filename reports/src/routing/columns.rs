//! One arm as one value per sample: means over repeats.

use crate::table::{Arm, RunTable};

/// Mean score, mean cost and answering models of each sample under one policy.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Mean counted score; NaN where no repeat counts.
    pub(super) quality: Vec<f64>,
    /// Mean cost of the repeats that count, in US dollars; NaN where none does.
    pub(super) cost: Vec<f64>,
}

impl Column {
    pub(super) fn of(table: &RunTable, arm: &Arm) -> Self {
        let n = table.samples().len();
        let (mut quality, mut cost) = (vec![0.0; n], vec![0.0; n]);
        let mut counted = vec![0u32; n];
        for repeat in 0..table.repeats() {
            for sample in 0..n {
                let at = repeat * n + sample;
                if let Some(score) = arm.counted(at) {
                    quality[sample] += score;
                    cost[sample] += arm.cost_usd[at];
                    counted[sample] += 1;
                }
            }
        }
        for (i, &count) in counted.iter().enumerate() {
            // 0 / 0 marks the sample as not counted.
            quality[i] /= f64::from(count);
            cost[i] /= f64::from(count);
        }
        Self { quality, cost }
    }

    /// The values at some samples.
    pub(super) fn at(&self, samples: &[u32]) -> Self {
        let pick = |from: &[f64]| samples.iter().map(|&i| from[i as usize]).collect();
        Self {
            quality: pick(&self.quality),
            cost: pick(&self.cost),
        }
    }

    pub(super) fn counts(&self, sample: usize) -> bool {
        !self.quality[sample].is_nan()
    }

    pub(super) fn view(&self) -> (&[f64], &[f64]) {
        (&self.quality, &self.cost)
    }
}

/// Arithmetic mean; NaN without values.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
