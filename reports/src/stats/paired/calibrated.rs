//! The one-sided limit that the gate decides by: exact where Tango's test is not close enough to its
//! level, Tango's elsewhere.
//!
//! Measured by enumeration at nominal 5 %, worst over margin and flip rate: Tango's test reaches 9.5 %
//! below 25 pairs, 7 % up to 100, 6 % up to 150, and 6.7 % at any size where so few losses are expected
//! at the margin that zero or one of them decides. The rule is therefore: exact up to
//! [`EXACT_PAIRS`] pairs, and for larger samples exact while Tango's limit expects at most
//! [`EXACT_LOSSES`] losses. Outside of it the worst error found is 5.8 %.
//!
//! A limit on one side of the boundary is never moved across it, so the test at any margin is either
//! the exact one or Tango's, and `proves(m)` and `lower > -m` are the same statement.

use super::PairedCounts;
use super::exact::{Ordered, exact_non_inferiority_p};
use super::tango::{lower_at, tango_non_inferiority_p};
use crate::stats::error::{StatsError, margin_in_domain, open_unit};
use crate::stats::special::norm_quantile;

/// Up to this many pairs every limit is exact. An exact limit of 200 pairs costs a few milliseconds.
pub const EXACT_PAIRS: u64 = 200;
/// Beyond that, limits are exact where they expect at most so many losses (difference times pairs).
pub const EXACT_LOSSES: f64 = 12.0;

/// One-sided lower limit of the difference at error rate `alpha`; its negative is the certified loss.
///
/// # Errors
/// An impossible table or an alpha outside (0, 1).
///
/// ```
/// use weighbridge_reports::stats::paired::{PairedCounts, calibrated_lower};
/// // 59 pairs without a flip exclude a loss of five points; 58 do not.
/// let lower = |n| calibrated_lower(PairedCounts::new(0, 0, n)?, 0.05);
/// assert!(lower(59)? > -0.05 && lower(58)? < -0.05);
/// # Ok::<(), weighbridge_reports::stats::StatsError>(())
/// ```
pub fn calibrated_lower(counts: PairedCounts, alpha: f64) -> Result<f64, StatsError> {
    counts.check()?;
    open_unit("alpha", alpha)?;
    if counts.n <= EXACT_PAIRS {
        return Ok(Ordered::new(counts, alpha).lower(alpha));
    }
    let limit = lower_at(counts, norm_quantile(1.0 - alpha));
    let edge = EXACT_LOSSES / counts.n as f64;
    if limit.abs() > edge {
        return Ok(limit);
    }
    Ok(Ordered::new(counts, alpha).lower(alpha).clamp(-edge, edge))
}

/// One-sided upper limit of the difference at error rate `alpha`, by the symmetry of the arms.
///
/// # Errors
/// As [`calibrated_lower`].
pub fn calibrated_upper(counts: PairedCounts, alpha: f64) -> Result<f64, StatsError> {
    Ok(-calibrated_lower(counts.swapped(), alpha)?)
}

/// Whether [`calibrated_lower`] lies above `-margin`, by one test instead of a search for the limit.
///
/// # Errors
/// As [`calibrated_lower`], or a margin outside `[0, 1]`.
pub fn calibrated_proves(
    counts: PairedCounts,
    margin: f64,
    alpha: f64,
) -> Result<bool, StatsError> {
    margin_in_domain(margin)?;
    counts.check()?;
    open_unit("alpha", alpha)?;
    if counts.n > EXACT_PAIRS {
        let limit = lower_at(counts, norm_quantile(1.0 - alpha));
        let edge = EXACT_LOSSES / counts.n as f64;
        if margin > edge || limit.abs() > edge {
            return Ok(limit > -margin);
        }
    }
    Ok(Ordered::new(counts, alpha).p(-margin) < alpha)
}

/// One-sided p-value of `H0: difference <= -margin`: exact where the limits are, Tango's elsewhere.
/// Tables are ordered as for a 5 % limit.
///
/// # Errors
/// An impossible table or a margin outside `[0, 1]`.
pub fn calibrated_non_inferiority_p(counts: PairedCounts, margin: f64) -> Result<f64, StatsError> {
    margin_in_domain(margin)?;
    if counts.n <= EXACT_PAIRS || margin * counts.n as f64 <= EXACT_LOSSES {
        exact_non_inferiority_p(counts, margin)
    } else {
        tango_non_inferiority_p(counts, margin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALPHAS: [f64; 3] = [0.05, 0.025, 0.001];

    /// Tables of every kind up to the sizes where the rule changes.
    fn tables() -> Vec<PairedCounts> {
        let mut tables = Vec::new();
        for n in [1, 2, 5, 11, 30, 199, 200, 201, 260, 900] {
            for losses in [0, 1, 2, 3, 5, 8, 12, 20, 60] {
                for gains in [0, 1, 4, 9, 40] {
                    if gains + losses <= n {
                        tables.push(PairedCounts { gains, losses, n });
                    }
                }
            }
        }
        tables
    }

    #[test]
    fn a_margin_is_proven_exactly_when_the_limit_lies_inside_it() {
        for table in tables() {
            for alpha in ALPHAS {
                let lower = calibrated_lower(table, alpha).unwrap();
                for margin in [0.005, 0.02, 0.05, 0.1, 0.3] {
                    let proves = calibrated_proves(table, margin, alpha).unwrap();
                    assert_eq!(
                        proves,
                        lower > -margin,
                        "{table:?} {alpha} {margin} {lower}"
                    );
                }
                // At the limit itself, a hair to either side.
                if lower < -1e-3 && lower > -0.99 {
                    let inside = calibrated_proves(table, -lower + 1e-6, alpha).unwrap();
                    let outside = calibrated_proves(table, -lower - 1e-6, alpha).unwrap();
                    assert!(inside && !outside, "{table:?} {alpha} {lower}");
                }
            }
        }
    }

    #[test]
    fn better_tables_have_higher_limits() {
        for n in [20, 205, 400] {
            for losses in 0..15 {
                let lower = |gains: u64, losses: u64| {
                    calibrated_lower(PairedCounts { gains, losses, n }, 0.05).unwrap()
                };
                let here = lower(2, losses);
                assert!(lower(3, losses) >= here - 1e-9, "{n} {losses}");
                assert!(lower(2, losses + 1) <= here + 1e-9, "{n} {losses}");
            }
        }
    }

    #[test]
    fn the_upper_limit_mirrors_the_lower_one() {
        let table = PairedCounts {
            gains: 3,
            losses: 7,
            n: 90,
        };
        let upper = calibrated_upper(table, 0.05).unwrap();
        assert_eq!(upper, -calibrated_lower(table.swapped(), 0.05).unwrap());
        assert!(upper > table.difference());
    }
}
