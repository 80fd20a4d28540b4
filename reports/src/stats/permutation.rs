//! Sign-flip permutation test of a mean paired difference.

use std::collections::BTreeMap;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rayon::prelude::*;

use super::error::{StatsError, finite, same_len};

/// Most units whose sign patterns are all enumerated.
const MAX_EXHAUSTIVE: usize = 22;

/// Outcome of [`sign_flip`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignFlip {
    /// Mean over items.
    pub mean: f64,
    /// P-value of `|mean|`.
    pub p_two_sided: f64,
    /// P-value against "the candidate is worse" (mean below 0).
    pub p_loss: f64,
    /// Number of sign patterns looked at.
    pub patterns: u64,
    /// Whether these were all patterns.
    pub exact: bool,
}

/// Tests that the differences are symmetric about zero by flipping the sign of whole clusters
/// (`None`: of items). Enumerates all patterns of the non-zero units when there are at most 22 and no
/// more patterns than `flips`; otherwise draws `flips` patterns, ChaCha8 stream `b` for pattern `b`,
/// with the add-one rule. Source: Fisher 1935; Phipson and Smyth 2010 for add-one.
///
/// # Errors
/// Empty or non-finite data, lengths that differ, or no flips.
pub fn sign_flip(
    d: &[f64],
    clusters: Option<&[u32]>,
    flips: u64,
    seed: u64,
) -> Result<SignFlip, StatsError> {
    finite("differences", d, 1)?;
    if flips == 0 {
        return Err(StatsError::TooFew {
            what: "flips",
            got: 0,
            needed: 1,
        });
    }
    let units = units(d, clusters)?;
    let observed: f64 = units.iter().sum();
    let slack = 1e-12 * units.iter().map(|u| u.abs()).sum::<f64>();
    let exact = units.len() <= MAX_EXHAUSTIVE && 1_u64 << units.len() <= flips;
    let patterns = if exact { 1 << units.len() } else { flips };
    let base = ChaCha8Rng::seed_from_u64(seed);
    let (two, loss) = (0..patterns)
        .into_par_iter()
        .map(|pattern| {
            let sum = if exact {
                enumerated(&units, pattern)
            } else {
                drawn(&units, &base, pattern)
            };
            (
                u64::from(sum.abs() >= observed.abs() - slack),
                u64::from(sum <= observed + slack),
            )
        })
        .reduce(|| (0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let extra = u64::from(!exact);
    let p = |count: u64| (count + extra) as f64 / (patterns + extra) as f64;
    let mean = observed / d.len() as f64;
    Ok(SignFlip {
        mean,
        p_two_sided: p(two),
        p_loss: p(loss),
        patterns,
        exact,
    })
}

fn units(d: &[f64], clusters: Option<&[u32]>) -> Result<Vec<f64>, StatsError> {
    let sums: Vec<f64> = match clusters {
        None => d.to_vec(),
        Some(ids) => {
            same_len("differences and clusters", d.len(), ids.len())?;
            let mut by_id: BTreeMap<u32, f64> = BTreeMap::new();
            for (&value, &id) in d.iter().zip(ids) {
                *by_id.entry(id).or_default() += value;
            }
            by_id.into_values().collect()
        }
    };
    Ok(sums.into_iter().filter(|s| *s != 0.0).collect())
}

fn enumerated(units: &[f64], pattern: u64) -> f64 {
    let signed = |(i, u): (usize, &f64)| if (pattern >> i) & 1 == 1 { -u } else { *u };
    units.iter().enumerate().map(signed).sum()
}

fn drawn(units: &[f64], base: &ChaCha8Rng, stream: u64) -> f64 {
    let mut rng = base.clone();
    rng.set_stream(stream);
    let chunk_sum = |chunk: &[f64]| enumerated(chunk, rng.next_u64());
    units.chunks(64).map(chunk_sum).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_approaches_enumeration() {
        let d = [0.5, -0.2, 0.9, 1.4, -0.1, 0.3, 0.8, -0.6, 0.7, 0.2];
        let (exact, drawn) = (
            sign_flip(&d, None, 5000, 1).unwrap(),
            sign_flip(&d, None, 1000, 1),
        );
        assert!(exact.exact);
        let drawn = drawn.unwrap();
        assert!(!drawn.exact && (exact.p_two_sided - drawn.p_two_sided).abs() < 0.05);
    }

    #[test]
    fn identical_arms_have_nothing_to_flip() {
        let flip = sign_flip(&[0.0; 5], None, 10, 1).unwrap();
        assert_eq!(
            (flip.p_two_sided, flip.p_loss, flip.patterns),
            (1.0, 1.0, 1)
        );
        let cluster = sign_flip(&[-1.0; 5], Some(&[3; 5]), 10, 1).unwrap();
        assert_eq!(cluster.p_loss, 0.5);
    }
}
