//! From p-values to e-values, and merging e-values.

use crate::stats::error::{StatsError, open_unit, within};

fn positive_p(p: f64) -> Result<(), StatsError> {
    within(
        "p-value",
        p,
        f64::MIN_POSITIVE,
        1.0,
        "greater than 0 and at most 1",
    )
}

/// `kappa p^(kappa - 1)`, an e-value for every p-value (Vovk and Wang 2021). `kappa = 1/2` gives
/// `1 / (2 sqrt(p))`.
///
/// # Errors
/// `p` outside (0, 1] or `kappa` outside (0, 1).
pub fn calibrate_power(p: f64, kappa: f64) -> Result<f64, StatsError> {
    positive_p(p)?;
    open_unit("kappa", kappa)?;
    Ok(kappa * p.powf(kappa - 1.0))
}

/// The power calibrators averaged over `kappa`: `(1 - p + p ln p) / (p ln(p)^2)`; 1/2 at `p = 1`.
///
/// # Errors
/// `p` outside (0, 1].
pub fn calibrate_integrated(p: f64) -> Result<f64, StatsError> {
    positive_p(p)?;
    let log = p.ln();
    if log > -1e-4 {
        // Series of the same expression; the quotient is 0/0 at p = 1.
        return Ok(0.5 - log / 6.0);
    }
    Ok((1.0 - p + p * log) / (p * log * log))
}

/// Mean of e-values: an e-value under any dependence. `None` for no values.
pub fn average(e_values: &[f64]) -> Option<f64> {
    (!e_values.is_empty()).then(|| e_values.iter().sum::<f64>() / e_values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calibrators_integrate_to_at_most_one() {
        for f in [
            |p: f64| calibrate_power(p, 0.5).unwrap(),
            |p: f64| calibrate_integrated(p).unwrap(),
        ] {
            // A lower Riemann sum of a decreasing function stays below its integral, which is 1.
            let sum: f64 = (1..=100_000).map(|i| f(f64::from(i) / 1e5) / 1e5).sum();
            assert!(sum < 1.0 && sum > 0.85, "{sum}");
        }
    }

    #[test]
    fn the_series_meets_the_quotient() {
        let (left, right) = ((-1.001e-4_f64).exp(), (-0.999e-4_f64).exp());
        let gap = calibrate_integrated(left).unwrap() - calibrate_integrated(right).unwrap();
        assert!(gap.abs() < 1e-7, "{gap}");
        assert!(calibrate_integrated(0.0).is_err());
        assert_eq!(average(&[]), None);
    }
}
