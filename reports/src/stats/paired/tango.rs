//! Tango's score test and interval for the paired difference (Tango 1998): the default for binary,
//! unclustered slices.
//!
//! `T(delta) = (b - c - n delta) / sqrt(n (2 q + delta (1 - delta)))`, where `q` is the maximum
//! likelihood estimate of the loss probability when the difference is `delta`. Because the variance is
//! taken under the hypothesis, it does not vanish without discordant pairs: zero flips in `n` items
//! give the lower limit `-z^2 / (n + z^2)`, not 0.
//!
//! Assumption: independent pairs. Exact worst-case type-I error of the one-sided test at nominal 5 %,
//! for n from 10 to 30 and flip rates up to 80 %: 5.8 % at a margin of 2 points, 6.3 % at 5 points, 7.2 %
//! at 10 points; up to 8.5 % where almost every pair flips, and 6.7 % at any size where zero flips just
//! suffice. The gate therefore decides by [`super::calibrated_lower`]. Source: T. Tango, Statistics in Medicine 17 (1998) 891-908.

use super::PairedCounts;
use crate::stats::error::{StatsError, margin_in_domain, open_unit, within};
use crate::stats::interval::Interval;
use crate::stats::root::last_true;
use crate::stats::special::{norm_quantile, norm_sf};

/// The statistic at a hypothesised difference `delta` in `[-1, 1]`; asymptotically standard normal,
/// decreasing in `delta`. Infinite where the hypothesis makes the data impossible.
///
/// # Errors
/// An impossible table or `delta` outside `[-1, 1]`.
pub fn tango_statistic(counts: PairedCounts, delta: f64) -> Result<f64, StatsError> {
    counts.check()?;
    within("delta", delta, -1.0, 1.0, "between -1 and 1")?;
    Ok(statistic(counts, delta))
}

/// The unchecked statistic, for callers that have validated once.
pub(crate) fn statistic(counts: PairedCounts, delta: f64) -> f64 {
    let (b, c, n) = (counts.gains as f64, counts.losses as f64, counts.n as f64);
    let numerator = b - c - n * delta;
    let variance = n * (2.0 * loss_probability(b, c, n, delta) + delta * (1.0 - delta));
    if numerator == 0.0 {
        0.0
    } else if variance <= 0.0 {
        f64::INFINITY.copysign(numerator)
    } else {
        numerator / variance.sqrt()
    }
}

/// Restricted maximum likelihood estimate of `P(loss)` given that the difference is `delta`: the
/// larger root of `2n q^2 + B q + C`, `B = (2n - b + c) delta - b - c`, `C = -c delta (1 - delta)`.
fn loss_probability(b: f64, c: f64, n: f64, delta: f64) -> f64 {
    let linear = (2.0 * n - b + c) * delta - b - c;
    let constant = -c * delta * (1.0 - delta);
    let root = (linear * linear - 8.0 * n * constant).max(0.0).sqrt();
    // For a positive linear term the textbook root cancels; the conjugate form does not.
    let q = if linear <= 0.0 {
        (root - linear) / (4.0 * n)
    } else {
        -2.0 * constant / (linear + root)
    };
    // P(gain) = q + delta must be a probability as well.
    q.max(0.0).max(-delta)
}

/// Score interval at confidence `level`: all `delta` with `|T(delta)| <= z`.
///
/// # Errors
/// An impossible table or a level outside (0, 1).
pub fn tango_interval(counts: PairedCounts, level: f64) -> Result<Interval, StatsError> {
    counts.check()?;
    open_unit("level", level)?;
    let z = norm_quantile(0.5 + 0.5 * level);
    Ok(Interval::new(lower_at(counts, z), upper_at(counts, z)))
}

/// One-sided lower limit of the difference at error rate `alpha`. Its negative is the certified loss
/// bound of the slice: losses above it are excluded.
///
/// # Errors
/// As [`tango_interval`].
pub fn tango_lower(counts: PairedCounts, alpha: f64) -> Result<f64, StatsError> {
    counts.check()?;
    open_unit("alpha", alpha)?;
    Ok(lower_at(counts, norm_quantile(1.0 - alpha)))
}

/// One-sided upper limit of the difference at error rate `alpha`.
///
/// # Errors
/// As [`tango_interval`].
pub fn tango_upper(counts: PairedCounts, alpha: f64) -> Result<f64, StatsError> {
    counts.check()?;
    open_unit("alpha", alpha)?;
    Ok(upper_at(counts, norm_quantile(1.0 - alpha)))
}

/// One-sided p-value of `H0: difference <= -margin`; small proves non-inferiority.
///
/// # Errors
/// An impossible table or a margin outside `[0, 1]`.
pub fn tango_non_inferiority_p(counts: PairedCounts, margin: f64) -> Result<f64, StatsError> {
    margin_in_domain(margin)?;
    counts.check()?;
    Ok(norm_sf(statistic(counts, -margin)))
}

/// Lower limit for the critical value `z`: where the decreasing `T` comes down to `z`.
pub(crate) fn lower_at(counts: PairedCounts, z: f64) -> f64 {
    last_true(-1.0, 1.0, |delta| statistic(counts, delta) > z)
}

/// Upper limit for the critical value `z`, by the symmetry of the two arms.
pub(crate) fn upper_at(counts: PairedCounts, z: f64) -> f64 {
    -lower_at(counts.swapped(), z)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(gains: u64, losses: u64, n: u64) -> PairedCounts {
        PairedCounts::new(gains, losses, n).unwrap()
    }

    #[test]
    fn zero_flips_give_the_closed_form_limit() {
        let z = norm_quantile(0.95);
        for n in [1_u64, 5, 30, 1000] {
            let expected = -z * z / (n as f64 + z * z);
            assert!((tango_lower(counts(0, 0, n), 0.05).unwrap() - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn published_example() {
        let interval = tango_interval(counts(0, 1, 44), 0.90).unwrap();
        assert!((interval.lo + 0.096).abs() < 5e-4 && (interval.hi - 0.037).abs() < 5e-4);
    }

    #[test]
    fn all_discordant_reaches_the_ends() {
        assert_eq!(tango_interval(counts(14, 0, 14), 0.95).unwrap().hi, 1.0);
        assert_eq!(tango_interval(counts(0, 14, 14), 0.95).unwrap().lo, -1.0);
    }

    #[test]
    fn the_statistic_decreases_in_delta() {
        for table in [
            counts(0, 0, 9),
            counts(3, 5, 20),
            counts(20, 0, 20),
            counts(1, 19, 20),
        ] {
            let values: Vec<f64> = (-99..100)
                .map(|i| statistic(table, f64::from(i) / 100.0))
                .collect();
            assert!(values.windows(2).all(|w| w[1] <= w[0]), "{table:?}");
        }
    }

    #[test]
    fn the_p_value_and_the_limit_agree() {
        for (table, margin) in [(counts(3, 5, 120), 0.05), (counts(0, 0, 52), 0.05)] {
            let p = tango_non_inferiority_p(table, margin).unwrap();
            let limit = tango_lower(table, p).unwrap();
            assert!((limit + margin).abs() < 1e-9, "{table:?}");
        }
    }

    #[test]
    fn margins_in_per_cent_are_refused() {
        assert!(tango_non_inferiority_p(counts(0, 0, 9), 5.0).is_err());
        assert!(tango_non_inferiority_p(counts(0, 0, 9), f64::NAN).is_err());
    }
}
