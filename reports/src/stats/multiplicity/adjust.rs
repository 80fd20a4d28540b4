//! Adjusted p-values: compare each with `alpha`, using `<=`. All are at least the raw p-value, keep
//! its order, and are capped at 1.

use crate::stats::error::{StatsError, p_values, same_len, within};

/// Indices of `keys` in ascending order; ties keep their input order.
pub(super) fn ascending(keys: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|&i, &j| keys[i].total_cmp(&keys[j]));
    order
}

/// Adjusts from the smallest p upwards: `factor(rank from 0)` times p, made non-decreasing.
fn step_down(p: &[f64], factor: impl Fn(usize) -> f64) -> Vec<f64> {
    let (mut adjusted, mut floor) = (vec![0.0; p.len()], 0.0);
    for (rank, i) in ascending(p).into_iter().enumerate() {
        floor = f64::max(floor, (p[i] * factor(rank)).min(1.0));
        adjusted[i] = floor;
    }
    adjusted
}

/// Adjusts from the largest p downwards, made non-decreasing in p.
fn step_up(p: &[f64], factor: impl Fn(usize) -> f64) -> Vec<f64> {
    let (mut adjusted, mut ceiling) = (vec![0.0; p.len()], 1.0);
    for (rank, i) in ascending(p).into_iter().enumerate().rev() {
        ceiling = f64::min(ceiling, p[i] * factor(rank));
        adjusted[i] = ceiling;
    }
    adjusted
}

/// Bonferroni: `m p`. Family-wise, any dependence.
///
/// # Errors
/// A p-value outside `[0, 1]`.
pub fn bonferroni(p: &[f64]) -> Result<Vec<f64>, StatsError> {
    p_values(p)?;
    let m = p.len() as f64;
    Ok(p.iter().map(|x| (m * x).min(1.0)).collect())
}

/// Sidak: `1 - (1 - p)^m`. Family-wise for independent or positively dependent tests.
///
/// # Errors
/// A p-value outside `[0, 1]`.
pub fn sidak(p: &[f64]) -> Result<Vec<f64>, StatsError> {
    p_values(p)?;
    let m = p.len() as f64;
    Ok(p.iter().map(|x| -(m * (-x).ln_1p()).exp_m1()).collect())
}

/// Holm (1979): step-down Bonferroni. Family-wise, any dependence.
///
/// # Errors
/// A p-value outside `[0, 1]`.
pub fn holm(p: &[f64]) -> Result<Vec<f64>, StatsError> {
    p_values(p)?;
    Ok(step_down(p, |rank| (p.len() - rank) as f64))
}

/// Hochberg (1988): step-up. Family-wise for independent or positively dependent tests.
///
/// # Errors
/// A p-value outside `[0, 1]`.
pub fn hochberg(p: &[f64]) -> Result<Vec<f64>, StatsError> {
    p_values(p)?;
    Ok(step_up(p, |rank| (p.len() - rank) as f64))
}

/// Benjamini and Hochberg (1995). False discovery rate, independent or positively dependent tests.
/// It does not bound the chance of one wrong block: exploration only.
///
/// # Errors
/// A p-value outside `[0, 1]`.
pub fn benjamini_hochberg(p: &[f64]) -> Result<Vec<f64>, StatsError> {
    p_values(p)?;
    Ok(step_up(p, |rank| p.len() as f64 / (rank + 1) as f64))
}

/// Benjamini and Yekutieli (2001). False discovery rate under any dependence.
///
/// # Errors
/// A p-value outside `[0, 1]`.
pub fn benjamini_yekutieli(p: &[f64]) -> Result<Vec<f64>, StatsError> {
    p_values(p)?;
    let harmonic: f64 = (1..=p.len()).map(|i| 1.0 / i as f64).sum();
    Ok(step_up(p, |rank| {
        harmonic * p.len() as f64 / (rank + 1) as f64
    }))
}

/// Weighted Holm (1979): tests are taken in order of `p / w`, each against the weight still in play.
/// Weights are positive and need not add up to 1. Family-wise, any dependence.
///
/// # Errors
/// A p-value outside `[0, 1]`, a weight that is not positive, or lengths that differ.
pub fn weighted_holm(p: &[f64], weights: &[f64]) -> Result<Vec<f64>, StatsError> {
    p_values(p)?;
    same_len("p-values and weights", p.len(), weights.len())?;
    for &w in weights {
        within(
            "weight",
            w,
            f64::MIN_POSITIVE,
            f64::MAX,
            "positive and finite",
        )?;
    }
    let ratio: Vec<f64> = p.iter().zip(weights).map(|(x, w)| x / w).collect();
    let order = ascending(&ratio);
    // Summed from the back, so that the last test sees exactly its own weight.
    let mut in_play = vec![0.0; p.len()];
    let mut left = 0.0;
    for (slot, &i) in in_play.iter_mut().zip(&order).rev() {
        left += weights[i];
        *slot = left;
    }
    let (mut adjusted, mut floor) = (vec![0.0; p.len()], 0.0);
    for (&i, left) in order.iter().zip(in_play) {
        floor = f64::max(floor, (ratio[i] * left).min(1.0));
        adjusted[i] = floor;
    }
    Ok(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_ties_share_their_adjusted_value() {
        for f in [holm, hochberg, benjamini_hochberg, benjamini_yekutieli] {
            let adjusted = f(&[0.02, 0.02, 0.5]).unwrap();
            assert_eq!(adjusted[0], adjusted[1]);
        }
    }

    #[test]
    fn zero_one_and_empty_are_fine_but_nan_is_not() {
        assert_eq!(holm(&[0.0, 1.0]).unwrap(), [0.0, 1.0]);
        assert!(holm(&[]).unwrap().is_empty());
        assert!(holm(&[f64::NAN]).is_err());
        assert!(sidak(&[1.2]).is_err());
        assert!(weighted_holm(&[0.1], &[0.0]).is_err());
    }

    #[test]
    fn equal_weights_are_plain_holm() {
        let p = [0.04, 0.01, 0.03, 0.005, 0.2];
        let (weighted, plain) = (weighted_holm(&p, &[1.0; 5]).unwrap(), holm(&p).unwrap());
        assert!(
            weighted
                .iter()
                .zip(plain)
                .all(|(a, b)| (a - b).abs() < 1e-15)
        );
    }
}
