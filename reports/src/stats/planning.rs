//! Sizes known before any money is spent.

use super::error::{StatsError, finite, open_unit, within};
use super::paired::{PairedCounts, calibrated_proves};
use super::special::norm_quantile;

/// Variances of a paired comparison of two arms with repeats (Miller 2024, arXiv 2411.00640).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedVariance {
    /// Variance over items of the difference of the two arms' expected scores.
    pub between: f64,
    /// Sampling variance of the candidate within an item, and its repeats per item.
    pub candidate: (f64, u32),
    /// Sampling variance of the baseline within an item, and its repeats per item.
    pub baseline: (f64, u32),
}

impl PairedVariance {
    fn per_item(self) -> Result<f64, StatsError> {
        let share = |(variance, repeats): (f64, u32)| -> Result<f64, StatsError> {
            within(
                "within-item variance",
                variance,
                0.0,
                f64::MAX,
                "not negative",
            )?;
            within("repeats", f64::from(repeats), 1.0, f64::MAX, "at least 1")?;
            Ok(variance / f64::from(repeats))
        };
        within(
            "between-item variance",
            self.between,
            0.0,
            f64::MAX,
            "not negative",
        )?;
        Ok(self.between + share(self.candidate)? + share(self.baseline)?)
    }

    /// Items needed to detect a difference `delta`, two-sided: `(z_(1-a/2) + z_power)^2 V / delta^2`,
    /// not rounded.
    ///
    /// # Errors
    /// `delta` that is zero or not finite, a negative variance, no repeats, or rates outside (0, 1).
    pub fn items(self, delta: f64, alpha: f64, power: f64) -> Result<f64, StatsError> {
        within(
            "delta",
            delta.abs(),
            f64::MIN_POSITIVE,
            f64::MAX,
            "not zero",
        )?;
        Ok(two_sided(alpha, power)?.powi(2) * self.per_item()? / (delta * delta))
    }

    /// Smallest difference detectable with `n` items, two-sided.
    ///
    /// # Errors
    /// As [`Self::items`], or `n = 0`.
    pub fn detectable(self, n: u64, alpha: f64, power: f64) -> Result<f64, StatsError> {
        within("items", n as f64, 1.0, f64::MAX, "at least 1")?;
        Ok(two_sided(alpha, power)? * (self.per_item()? / n as f64).sqrt())
    }
}

fn two_sided(alpha: f64, power: f64) -> Result<f64, StatsError> {
    open_unit("alpha", alpha)?;
    open_unit("power", power)?;
    Ok(norm_quantile(1.0 - 0.5 * alpha) + norm_quantile(power))
}

/// Smallest unclustered binary slice on which the gate's own test
/// ([`calibrated_proves`]) can prove the margin when nothing flips.
/// Smaller slices can never pass.
///
/// # Errors
/// A margin or alpha outside (0, 1).
pub fn min_n_without_flips(margin: f64, alpha: f64) -> Result<u64, StatsError> {
    // Without gains the chance of no loss is the binomial rule; the test asks for that or more.
    let mut n = min_n_without_flips_exact(margin, alpha)?.max(1);
    while !calibrated_proves(PairedCounts::new(0, 0, n)?, margin, alpha)? {
        n += 1;
    }
    Ok(n)
}

/// The same by Tango's closed form `n >= z^2 (1 - m) / m`, which the design effect of clusters
/// multiplies.
///
/// # Errors
/// A margin or alpha outside (0, 1).
pub fn min_n_without_flips_score(margin: f64, alpha: f64) -> Result<u64, StatsError> {
    open_unit("margin", margin)?;
    open_unit("alpha", alpha)?;
    let z = norm_quantile(1.0 - alpha).max(0.0);
    Ok((z * z * (1.0 - margin) / margin - 1e-9).ceil().max(1.0) as u64)
}

/// The same by the exact rule `(1 - m)^n <= alpha`, which assumes that no item can gain.
///
/// # Errors
/// A margin or alpha outside (0, 1).
pub fn min_n_without_flips_exact(margin: f64, alpha: f64) -> Result<u64, StatsError> {
    super::quantile::min_n_for_upper_bound(1.0 - margin, alpha)
}

/// Items for a one-sided non-inferiority test with the given power when the arms are equal and the
/// share `discordance` of items flips: `(z_a + z_b)^2 discordance / m^2`, rounded up.
///
/// # Errors
/// A parameter outside (0, 1).
pub fn non_inferiority_items(
    margin: f64,
    discordance: f64,
    alpha: f64,
    power: f64,
) -> Result<u64, StatsError> {
    open_unit("margin", margin)?;
    open_unit("discordance", discordance)?;
    open_unit("alpha", alpha)?;
    open_unit("power", power)?;
    let z = norm_quantile(1.0 - alpha) + norm_quantile(power);
    Ok((z * z * discordance / (margin * margin)).ceil() as u64)
}

/// Where the variance of repeated scores comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decomposition {
    /// Mean score.
    pub mean: f64,
    /// Standard error from item means: the right one.
    pub se: f64,
    /// Mean variance within an item (divisor K - 1): sampling noise, shrinks with repeats.
    pub within: f64,
    /// Unbiased variance between items, at least 0: does not shrink with repeats.
    pub between: f64,
    /// Standard error that treats every repeat as an item: too small, shown as a warning.
    pub se_naive: f64,
}

/// Splits `scores[item][repeat]`, with the same number of repeats for every item.
///
/// # Errors
/// Fewer than two items or repeats, unequal numbers of repeats, or non-finite scores.
pub fn decompose_repeats(scores: &[Vec<f64>]) -> Result<Decomposition, StatsError> {
    let repeats = scores.first().map_or(0, Vec::len);
    for row in scores {
        super::error::same_len("repeats of the items", repeats, row.len())?;
        finite("repeats", row, 2)?;
    }
    let means: Vec<f64> = scores.iter().map(|row| moments(row).0).collect();
    finite("items", &means, 2)?;
    let (mean, spread) = moments(&means);
    let items = means.len() as f64;
    let within = scores.iter().map(|row| moments(row).1).sum::<f64>() / items;
    let all = scores.concat();
    Ok(Decomposition {
        mean,
        se: (spread / items).sqrt(),
        within,
        between: (spread - within / repeats as f64).max(0.0),
        se_naive: (moments(&all).1 / all.len() as f64).sqrt(),
    })
}

/// Mean and unbiased variance.
fn moments(x: &[f64]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    (
        mean,
        x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_checks() {
        let none = PairedVariance {
            between: 1.0 / 9.0,
            candidate: (0.0, 1),
            baseline: (0.0, 1),
        };
        assert_eq!(none.items(0.03, 0.05, 0.8).unwrap().ceil(), 969.0);
        let sampled = |k| PairedVariance {
            between: 1.0 / 9.0,
            candidate: (1.0 / 6.0, k),
            baseline: (1.0 / 6.0, k),
        };
        assert!((sampled(1).detectable(198, 0.05, 0.8).unwrap() - 0.133).abs() < 5e-4);
        assert!((sampled(10).detectable(198, 0.05, 0.8).unwrap() - 0.076).abs() < 5e-4);
        assert!(sampled(0).items(0.1, 0.05, 0.8).is_err());
    }

    #[test]
    fn uneven_repeats_are_refused() {
        assert!(decompose_repeats(&[vec![1.0, 0.0], vec![1.0]]).is_err());
        assert!(decompose_repeats(&[vec![1.0, 0.0]]).is_err());
    }
}
