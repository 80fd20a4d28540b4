//! E-processes on the discordant pairs alone. Concordant items neither help nor hurt.

use crate::stats::error::{StatsError, open_unit};
use crate::stats::special::{beta_cdf, ln_beta};

/// Two-sided e-value against `P(loss | discordant) = q0` after `losses` and `gains`: the Jeffreys
/// mixture `B(c + 1/2, b + 1/2) / B(1/2, 1/2)` over `q0^c (1 - q0)^b`. `q0 = 1/2` is McNemar's null.
///
/// # Errors
/// `q0` outside (0, 1).
pub fn discordant_jeffreys(losses: u64, gains: u64, q0: f64) -> Result<f64, StatsError> {
    open_unit("q0", q0)?;
    let (c, b) = (losses as f64, gains as f64);
    let null = c * q0.ln() + b * (-q0).ln_1p();
    Ok((ln_beta(c + 0.5, b + 0.5) - ln_beta(0.5, 0.5) - null).exp())
}

/// One-sided e-value against `P(loss | discordant) <= q0`: a uniform mixture over `q > q0`. Large when
/// the candidate is worse. Multiply over runs on fresh items; average over runs on the same items.
///
/// # Errors
/// `q0` outside (0, 1).
pub fn discordant_losses(losses: u64, gains: u64, q0: f64) -> Result<f64, StatsError> {
    open_unit("q0", q0)?;
    let (c, b) = (losses as f64, gains as f64);
    let null = c * q0.ln() + b * (-q0).ln_1p();
    // P(q > q0) under Beta(1 + c, 1 + b).
    let above = beta_cdf(1.0 + b, 1.0 + c, 1.0 - q0);
    Ok((ln_beta(1.0 + c, 1.0 + b) - null).exp() * above / (1.0 - q0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::special::binom_pmf;

    #[test]
    fn the_expected_e_value_under_the_null_is_one() {
        for n in [1_u64, 6, 15] {
            let mean = |f: fn(u64, u64, f64) -> Result<f64, StatsError>| -> f64 {
                (0..=n)
                    .map(|c| binom_pmf(c, n, 0.5) * f(c, n - c, 0.5).unwrap())
                    .sum()
            };
            assert!((mean(discordant_jeffreys) - 1.0).abs() < 1e-12);
            assert!((mean(discordant_losses) - 1.0).abs() < 1e-12);
        }
    }
}
