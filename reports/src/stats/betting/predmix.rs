//! Closed-form predictable plug-in confidence sequences (Waudby-Smith and Ramdas 2024, sections 3.1
//! and 3.2): wider than betting, one pass, no root finding.

use super::hedged::{PlugIn, check_unit};
use crate::stats::error::{StatsError, open_unit};
use crate::stats::interval::Interval;

/// Empirical Bernstein interval at the full sample, mean of values in `[0, 1]`, confidence
/// `1 - alpha` at every sample size. Bets are cut at 1/2. Limits may leave `[0, 1]`.
///
/// # Errors
/// Empty data, values outside `[0, 1]`, or `alpha` outside (0, 1).
pub fn predmix_empirical_bernstein(x: &[f64], alpha: f64) -> Result<Interval, StatsError> {
    check_unit(x)?;
    open_unit("alpha", alpha)?;
    let log_threshold = (2.0 / alpha).ln();
    let mut plug_in = PlugIn::new();
    let (mut weight, mut weighted, mut penalty) = (0.0, 0.0, 0.0);
    for &value in x {
        let spread = plug_in.variance() * plug_in.next_anytime();
        let bet = (2.0 * log_threshold / spread).sqrt().min(0.5);
        let psi = 0.25 * (-(-bet).ln_1p() - bet);
        weight += bet;
        weighted += bet * value;
        penalty += 4.0 * (value - plug_in.mean()).powi(2) * psi;
        plug_in.push(value);
    }
    Ok(Interval::around(
        weighted / weight,
        (log_threshold + penalty) / weight,
    ))
}

/// Hoeffding interval at the full sample, as above but blind to the variance. Bets are cut at 1.
///
/// # Errors
/// As [`predmix_empirical_bernstein`].
pub fn predmix_hoeffding(x: &[f64], alpha: f64) -> Result<Interval, StatsError> {
    check_unit(x)?;
    open_unit("alpha", alpha)?;
    let log_threshold = (2.0 / alpha).ln();
    let (mut weight, mut weighted, mut penalty) = (0.0, 0.0, 0.0);
    for (index, &value) in x.iter().enumerate() {
        let t = index as f64 + 1.0;
        let bet = (8.0 * log_threshold / (t * t.ln_1p())).sqrt().min(1.0);
        weight += bet;
        weighted += bet * value;
        penalty += bet * bet / 8.0;
    }
    Ok(Interval::around(
        weighted / weight,
        (log_threshold + penalty) / weight,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_variance_favours_bernstein() {
        let x = [0.5; 400];
        let bernstein = predmix_empirical_bernstein(&x, 0.05).unwrap();
        let hoeffding = predmix_hoeffding(&x, 0.05).unwrap();
        assert!(bernstein.width() < hoeffding.width());
        assert!(predmix_hoeffding(&[2.0], 0.05).is_err());
    }
}
