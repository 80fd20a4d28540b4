//! Intervals from a set of replicates.

use crate::stats::error::{StatsError, finite, open_unit};
use crate::stats::interval::Interval;
use crate::stats::quantile::quantile;
use crate::stats::special::{norm_cdf, norm_quantile};

/// How replicates equal to the estimate enter the bias correction. On discrete data the rule moves
/// the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TieRule {
    /// Only smaller replicates count (Efron 1987).
    Strict,
    /// Ties count half.
    Half,
}

/// A bias-corrected and accelerated interval with its ingredients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bca {
    /// Share of replicates below the estimate, by the tie rule.
    pub p0: f64,
    /// Bias correction, the normal quantile of `p0`.
    pub z0: f64,
    /// Acceleration from the jackknife.
    pub acceleration: f64,
    /// Level of the lower limit among the replicates.
    pub alpha_lower: f64,
    /// Level of the upper limit among the replicates.
    pub alpha_upper: f64,
    /// The interval, at observed replicates (inverse distribution function).
    pub interval: Interval,
}

/// Linearly interpolated quantile of sorted values (Hyndman and Fan's type 7). For comparison with
/// other software; the crate's own definition is [`quantile`].
///
/// # Errors
/// Empty data or `p` outside (0, 1).
pub fn linear_quantile(sorted: &[f64], p: f64) -> Result<f64, StatsError> {
    finite("values", sorted, 1)?;
    open_unit("p", p)?;
    let position = p * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    Ok(sorted[below] + (position - below as f64) * (sorted[above] - sorted[below]))
}

/// Percentile interval of sorted replicates.
///
/// # Errors
/// Empty or unsorted replicates, NaN, or a level outside (0, 1).
pub fn percentile(sorted: &[f64], level: f64) -> Result<Interval, StatsError> {
    open_unit("level", level)?;
    let tail = 0.5 * (1.0 - level);
    Ok(Interval::new(
        quantile(sorted, tail)?,
        quantile(sorted, 1.0 - tail)?,
    ))
}

/// Basic (reflected) interval: the percentile interval mirrored at the estimate.
///
/// # Errors
/// As [`percentile`].
pub fn basic(estimate: f64, sorted: &[f64], level: f64) -> Result<Interval, StatsError> {
    let raw = percentile(sorted, level)?;
    Ok(Interval::new(
        2.0 * estimate - raw.hi,
        2.0 * estimate - raw.lo,
    ))
}

/// BCa interval (Efron 1987; DiCiccio and Efron 1996).
///
/// `z0 = Phi^-1(share of replicates below the estimate)`, `a = sum u^3 / (6 (sum u^2)^1.5)` with
/// `u = mean(jackknife) - jackknife`, and levels `Phi(z0 + (z0 -+ z)/(1 - a (z0 -+ z)))`. `sorted` are
/// the replicates in ascending order, `jackknife` the leave-one-cluster-out estimates.
///
/// Failure mode: with fewer than about 40 clusters coverage falls below nominal; with no spread it is
/// undefined, which is reported as an error.
///
/// # Errors
/// Empty, unsorted or non-finite input, no spread, or an estimate outside the replicates.
pub fn bca(
    estimate: f64,
    sorted: &[f64],
    jackknife: &[f64],
    level: f64,
    ties: TieRule,
) -> Result<Bca, StatsError> {
    finite("replicates", sorted, 2)?;
    finite("jackknife", jackknife, 2)?;
    open_unit("level", level)?;
    // Resampled sums round differently from the original one: equal means equal up to that.
    let slack = 1e-12 * (sorted[0].abs().max(sorted[sorted.len() - 1].abs()) + estimate.abs());
    let below = sorted.partition_point(|&t| t < estimate - slack) as f64;
    let upto = sorted.partition_point(|&t| t <= estimate + slack) as f64;
    let count = match ties {
        TieRule::Strict => below,
        TieRule::Half => 0.5 * (below + upto),
    };
    let p0 = count / sorted.len() as f64;
    let z0 = norm_quantile(p0);
    if !z0.is_finite() {
        let why = "no replicate lies on one side of the estimate; use a bounded method instead";
        return Err(StatsError::Undetermined {
            what: "BCa interval",
            why,
        });
    }
    let acceleration = acceleration(jackknife);
    let adjusted = |z: f64| norm_cdf(z0 + (z0 + z) / (1.0 - acceleration * (z0 + z)));
    let z = norm_quantile(0.5 + 0.5 * level);
    let (alpha_lower, alpha_upper) = (adjusted(-z), adjusted(z));
    let interval = Interval::new(
        quantile(sorted, alpha_lower)?,
        quantile(sorted, alpha_upper)?,
    );
    Ok(Bca {
        p0,
        z0,
        acceleration,
        alpha_lower,
        alpha_upper,
        interval,
    })
}

fn acceleration(jackknife: &[f64]) -> f64 {
    let mean = jackknife.iter().sum::<f64>() / jackknife.len() as f64;
    let (mut squares, mut cubes) = (0.0, 0.0);
    for value in jackknife {
        let u = mean - value;
        squares += u * u;
        cubes += u * u * u;
    }
    if squares > 0.0 {
        cubes / (6.0 * squares.powf(1.5))
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spread_is_an_error_not_a_zero_width_interval() {
        let error = bca(0.0, &[0.0; 9], &[0.0; 9], 0.95, TieRule::Strict).unwrap_err();
        assert!(error.to_string().contains("BCa"), "{error}");
    }

    #[test]
    fn symmetric_replicates_give_the_percentile_interval() {
        let sorted: Vec<f64> = (-500..500).map(|i| f64::from(i) + 0.5).collect();
        let b = bca(0.0, &sorted, &[-1.0, 0.0, 1.0], 0.9, TieRule::Strict).unwrap();
        assert_eq!((b.z0, b.acceleration), (0.0, 0.0));
        assert_eq!(b.interval, percentile(&sorted, 0.9).unwrap());
        assert_eq!(linear_quantile(&[1.0, 2.0], 0.25).unwrap(), 1.25);
    }
}
