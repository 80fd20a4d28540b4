//! One-pass bootstrap with Poisson weights, for streams and shards.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::stats::error::{StatsError, finite};

/// `floor(2^32 P(Poisson(1) <= k))` for k = 0..: a uniform 32-bit word below entry `k` means "at most
/// k". The remaining 2^-32 of probability is given to 12.
const CUMULATIVE: [u64; 12] = [
    1_580_030_168,
    3_160_060_337,
    3_950_075_421,
    4_213_413_783,
    4_279_248_373,
    4_292_415_291,
    4_294_609_777,
    4_294_923_276,
    4_294_962_463,
    4_294_966_817,
    4_294_967_252,
    4_294_967_292,
];

/// Bootstrap of a ratio of sums in one pass: every cluster gets an independent Poisson(1) weight in
/// each replicate (Chamandy, Muralidharan, Najmi and Naidu 2012).
///
/// The weights depend on the seed and the cluster key only, so shards that saw different clusters can
/// be merged, and a cluster split over shards keeps its weight. Merged sums equal the one-pass sums up
/// to floating-point rounding. The same small-sample failures as any bootstrap apply.
#[derive(Debug, Clone, PartialEq)]
pub struct PoissonBootstrap {
    seed: u64,
    numerators: Vec<f64>,
    denominators: Vec<f64>,
}

impl PoissonBootstrap {
    /// `replicates` empty accumulators.
    ///
    /// # Errors
    /// No replicates.
    pub fn new(replicates: usize, seed: u64) -> Result<Self, StatsError> {
        if replicates == 0 {
            return Err(StatsError::TooFew {
                what: "replicates",
                got: 0,
                needed: 1,
            });
        }
        Ok(Self {
            seed,
            numerators: vec![0.0; replicates],
            denominators: vec![0.0; replicates],
        })
    }

    /// Adds one item or cluster total. For a plain mean pass 1 as the denominator.
    ///
    /// # Errors
    /// A value that is not finite.
    pub fn push(&mut self, key: u64, numerator: f64, denominator: f64) -> Result<(), StatsError> {
        finite("numerator and denominator", &[numerator, denominator], 2)?;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(key);
        for (a, b) in self.numerators.iter_mut().zip(&mut self.denominators) {
            let word = u64::from(rng.next_u32());
            let weight = CUMULATIVE.partition_point(|&limit| limit <= word) as f64;
            *a += weight * numerator;
            *b += weight * denominator;
        }
        Ok(())
    }

    /// Adds what another shard has seen.
    ///
    /// # Errors
    /// Shards with different seeds or numbers of replicates.
    pub fn merge(&mut self, other: &Self) -> Result<(), StatsError> {
        if self.seed != other.seed || self.numerators.len() != other.numerators.len() {
            let why = "shards must share the seed and the number of replicates";
            return Err(StatsError::Undetermined {
                what: "merge of Poisson bootstraps",
                why,
            });
        }
        for (a, b) in self.numerators.iter_mut().zip(&other.numerators) {
            *a += b;
        }
        for (a, b) in self.denominators.iter_mut().zip(&other.denominators) {
            *a += b;
        }
        Ok(())
    }

    /// Sorted replicates of the ratio.
    ///
    /// # Errors
    /// A replicate whose denominator is zero: too few clusters for this method.
    pub fn replicates(&self) -> Result<Vec<f64>, StatsError> {
        let ratios = self
            .numerators
            .iter()
            .zip(&self.denominators)
            .map(|(a, b)| a / b);
        let mut values: Vec<f64> = ratios.collect();
        if values.iter().any(|v| !v.is_finite()) {
            let why = "a replicate has a zero denominator: too few clusters for this method";
            return Err(StatsError::Undetermined {
                what: "Poisson bootstrap",
                why,
            });
        }
        values.sort_unstable_by(f64::total_cmp);
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_poisson_distribution() {
        let (mut term, mut total) = ((-1f64).exp(), 0.0);
        for (k, &limit) in CUMULATIVE.iter().enumerate().take(11) {
            total += term;
            term /= (k + 1) as f64;
            assert_eq!(limit, (total * 4_294_967_296.0).floor() as u64, "{k}");
        }
    }

    #[test]
    fn shards_merge_to_the_single_pass() {
        let new = || PoissonBootstrap::new(200, 3).unwrap();
        let (mut all, mut left, mut right) = (new(), new(), new());
        for key in 0..300_u64 {
            let value = (key % 7) as f64;
            all.push(key, value, 1.0).unwrap();
            if key % 2 == 0 { &mut left } else { &mut right }
                .push(key, value, 1.0)
                .unwrap();
        }
        left.merge(&right).unwrap();
        for (a, b) in all
            .replicates()
            .unwrap()
            .iter()
            .zip(left.replicates().unwrap())
        {
            assert!((a - b).abs() < 1e-12);
        }
        assert!(left.merge(&PoissonBootstrap::new(200, 4).unwrap()).is_err());
    }

    #[test]
    fn the_spread_matches_the_standard_error() {
        let mut bootstrap = PoissonBootstrap::new(4000, 1).unwrap();
        for key in 0..400_u64 {
            bootstrap.push(key, (key % 2) as f64, 1.0).unwrap();
        }
        let values = bootstrap.replicates().unwrap();
        let mean = values.iter().sum::<f64>() / 4000.0;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 3999.0).sqrt();
        assert!((sd / (0.5 / 20.0) - 1.0).abs() < 0.06, "{sd}");
    }
}
