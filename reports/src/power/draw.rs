//! Simulated differences under a known truth.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::compare::Frame;

use super::FlipRates;

/// How samples flip.
#[derive(Debug)]
pub(super) struct Source {
    /// Flip rate of each sample when nothing changed.
    pub(super) rates: Vec<f64>,
    clusters: Option<Vec<u32>>,
    /// Chance that a sample takes its cluster's number instead of its own: the root of the correlation, so
    /// that two samples of a cluster agree by it with the correlation itself.
    shared: f64,
    seed: u64,
}

impl Source {
    pub(super) fn new(frame: &Frame<'_>, rates: &FlipRates, seed: u64) -> Self {
        Self {
            rates: rates.by_sample(frame),
            clusters: frame.clusters.clone(),
            shared: rates.correlation().sqrt(),
            seed,
        }
    }

    /// One number in `[0, 1)` for each sample, from which its difference follows whatever the truth. A run's
    /// numbers depend on the seed and its own number alone.
    pub(super) fn numbers(&self, run: u64) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(run);
        let mut own: Vec<f64> = self.rates.iter().map(|_| random.random()).collect();
        if let Some(clusters) = &self.clusters {
            let count = clusters.iter().max().map_or(0, |last| *last as usize + 1);
            let common: Vec<f64> = (0..count).map(|_| random.random()).collect();
            for (number, &cluster) in own.iter_mut().zip(clusters) {
                let chance: f64 = random.random();
                if chance < self.shared {
                    *number = common[cluster as usize];
                }
            }
        }
        own
    }

    /// Difference of a sample whose slice loses `loss`: losses exceed gains by it, and the flip rate stays
    /// where it is until the loss itself is larger.
    pub(super) fn difference(&self, sample: usize, number: f64, loss: f64) -> f64 {
        let rate = f64::max(self.rates[sample], loss);
        let (worse, better) = (0.5 * (rate + loss), 0.5 * (rate - loss));
        if number < worse {
            -1.0
        } else if number >= 1.0 - better {
            1.0
        } else {
            0.0
        }
    }
}
