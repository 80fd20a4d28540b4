//! Producing replicates.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use crate::stats::error::{StatsError, finite};

/// Largest sample whose `n^n` resamples are enumerated.
const MAX_EXHAUSTIVE: usize = 8;

/// The statistic of all `n^n` ordered resamples, sorted: a bootstrap without random numbers.
///
/// # Errors
/// Empty or non-finite data, or more than 8 values (8^8 is 16.8 million resamples).
pub fn exhaustive(x: &[f64], statistic: impl Fn(&[f64]) -> f64) -> Result<Vec<f64>, StatsError> {
    finite("values", x, 1)?;
    let n = x.len();
    if n > MAX_EXHAUSTIVE {
        let domain = "at most 8 to enumerate all resamples";
        return Err(StatsError::OutOfRange {
            what: "sample size",
            value: n as f64,
            domain,
        });
    }
    let mut sample = vec![x[0]; n];
    let mut values: Vec<f64> = (0..n.pow(n as u32))
        .map(|code| {
            let mut digits = code;
            for slot in &mut sample {
                *slot = x[digits % n];
                digits /= n;
            }
            statistic(&sample)
        })
        .collect();
    values.sort_unstable_by(f64::total_cmp);
    Ok(values)
}

/// Leave-one-out estimates in the order of the data.
pub fn jackknife(x: &[f64], statistic: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let without = |i: usize| [&x[..i], &x[i + 1..]].concat();
    (0..x.len()).map(|i| statistic(&without(i))).collect()
}

/// Monte-Carlo replicates, sorted. `statistic` receives the `units` resampled indices of one draw;
/// resample clusters by letting an index stand for a whole cluster.
///
/// Draw `b` uses ChaCha8 stream `b` of `seed`; an index is the high word of `next_u64 * units`, whose
/// bias is below `units / 2^64`. Results do not depend on the number of threads.
///
/// # Errors
/// No units or no draws, or a statistic that is not finite for some resample.
///
/// ```
/// use weighbridge_reports::stats::bootstrap::monte_carlo;
/// let x = [1.0, 4.0, 2.0, 8.0];
/// let mean = |draw: &[u32]| draw.iter().map(|&i| x[i as usize]).sum::<f64>() / 4.0;
/// let replicates = monte_carlo(4, 1000, 7, mean)?;
/// assert!(replicates[0] >= 1.0 && replicates[999] <= 8.0);
/// # Ok::<(), weighbridge_reports::stats::StatsError>(())
/// ```
pub fn monte_carlo(
    units: u32,
    draws: u64,
    seed: u64,
    statistic: impl Fn(&[u32]) -> f64 + Sync,
) -> Result<Vec<f64>, StatsError> {
    if units == 0 || draws == 0 {
        let got = units.min(draws.min(1) as u32) as usize;
        return Err(StatsError::TooFew {
            what: "units and draws",
            got,
            needed: 1,
        });
    }
    let base = ChaCha8Rng::seed_from_u64(seed);
    let mut values: Vec<f64> = (0..draws)
        .into_par_iter()
        .map_init(
            || vec![0_u32; units as usize],
            |indices, draw| {
                let mut rng = base.clone();
                rng.set_stream(draw);
                for index in indices.iter_mut() {
                    *index = ((u128::from(rng.next_u64()) * u128::from(units)) >> 64) as u32;
                }
                statistic(indices)
            },
        )
        .collect();
    finite("replicates", &values, 1)?;
    values.par_sort_unstable_by(f64::total_cmp);
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(x: &[f64]) -> f64 {
        x.iter().sum::<f64>() / x.len() as f64
    }

    #[test]
    fn enumeration_is_complete() {
        let all = exhaustive(&[0.0, 1.0, 2.0], mean).unwrap();
        assert_eq!(all.len(), 27);
        assert!((mean(&all) - 1.0).abs() < 1e-14);
        assert!(exhaustive(&[0.0; 9], mean).is_err());
        assert_eq!(jackknife(&[1.0, 2.0, 6.0], mean), [4.0, 3.5, 1.5]);
    }

    #[test]
    fn random_draws_approach_the_enumeration() {
        let x = [1.2, 0.4, 3.8, 2.2, 9.5, 1.1];
        let draw = |i: &[u32]| i.iter().map(|&i| x[i as usize]).sum::<f64>() / 6.0;
        let values = monte_carlo(6, 20_000, 5, draw).unwrap();
        assert!((mean(&values) - mean(&x)).abs() < 0.04);
        assert_eq!(values, monte_carlo(6, 20_000, 5, draw).unwrap());
        assert!(monte_carlo(0, 1, 5, draw).is_err());
    }
}
