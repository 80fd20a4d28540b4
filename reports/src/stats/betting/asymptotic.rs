//! Asymptotic confidence sequences from a mean and a standard deviation.

use crate::stats::error::{StatsError, finite, open_unit, within};
use crate::stats::interval::Interval;

const POSITIVE: &str = "positive";

fn positive(what: &'static str, value: f64) -> Result<(), StatsError> {
    within(what, value, f64::MIN_POSITIVE, f64::MAX, POSITIVE)
}

/// `mean -+ sd sqrt((t r + 1)/(t^2 r) ln((t r + 1)/alpha^2))` with `r = rho2`
/// (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024). Valid in the limit of many observations
/// only; needs no bound on the values.
///
/// # Errors
/// `t = 0`, a mean that is not finite, a negative `sd`, `rho2 <= 0`, or `alpha` outside (0, 1).
pub fn asymptotic_cs(
    mean: f64,
    sd: f64,
    t: u64,
    rho2: f64,
    alpha: f64,
) -> Result<Interval, StatsError> {
    finite("mean", &[mean], 1)?;
    within("sd", sd, 0.0, f64::MAX, "not negative")?;
    positive("t", t as f64)?;
    positive("rho2", rho2)?;
    open_unit("alpha", alpha)?;
    let t = t as f64;
    let inflated = t * rho2 + 1.0;
    let half = sd * (inflated / (t * t * rho2) * (inflated / (alpha * alpha)).ln()).sqrt();
    Ok(Interval::around(mean, half))
}

/// The `rho2` that makes [`asymptotic_cs`] tightest at `t`: `y / t`, where `y` solves
/// `y = -2 ln(alpha) + ln(1 + y)` (the lower branch of Lambert's W).
///
/// # Errors
/// `t = 0` or `alpha` outside (0, 1).
pub fn asymptotic_rho2(t: u64, alpha: f64) -> Result<f64, StatsError> {
    positive("t", t as f64)?;
    open_unit("alpha", alpha)?;
    let target = -2.0 * alpha.ln();
    let mut y = target + 1.0;
    for _ in 0..100 {
        let next = y - (y - y.ln_1p() - target) / (y / (1.0 + y));
        if (next - y).abs() <= 1e-15 * y {
            break;
        }
        y = next;
    }
    Ok(y / t as f64)
}

/// The usual approximation of [`asymptotic_rho2`], about 3 % smaller.
///
/// # Errors
/// As [`asymptotic_rho2`].
pub fn asymptotic_rho2_approximate(t: u64, alpha: f64) -> Result<f64, StatsError> {
    positive("t", t as f64)?;
    open_unit("alpha", alpha)?;
    let target = -2.0 * alpha.ln();
    Ok((target + target.ln_1p()) / t as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_rho_is_the_tightest_at_its_target() {
        let best = asymptotic_rho2(500, 0.05).unwrap();
        let width = |rho2| asymptotic_cs(0.0, 1.0, 500, rho2, 0.05).unwrap().width();
        assert!(width(best) < width(best * 1.05) && width(best) < width(best * 0.95));
    }
}
