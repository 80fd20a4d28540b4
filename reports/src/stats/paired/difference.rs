//! Closed-form intervals for the paired difference. For a decision use Tango's interval; these are
//! for display and as controls.

use super::{PairedCounts, PairedTable};
use crate::stats::error::{StatsError, open_unit};
use crate::stats::interval::Interval;
use crate::stats::proportion::wilson;
use crate::stats::special::norm_quantile;

/// Whether the correlation in [`newcombe_paired`] is shrunk by the continuity correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhiCorrection {
    /// Newcombe's method 10: `max(ad - bc - n/2, 0)` when `ad > bc`. The published recommendation.
    Continuity,
    /// Plain `ad - bc`.
    None,
}

/// Wald interval `d -+ z sqrt((b + c - (b - c)^2/n)) / n`, cut to `[-1, 1]`.
///
/// Failure mode: without discordant pairs its width is zero, so any margin looks proven. Kept as a
/// negative control; never decide with it.
///
/// # Errors
/// An impossible table or a level outside (0, 1).
pub fn wald(counts: PairedCounts, level: f64) -> Result<Interval, StatsError> {
    counts.check()?;
    open_unit("level", level)?;
    let (n, d) = (counts.n as f64, counts.difference());
    let variance = (counts.discordant() as f64 / n - d * d).max(0.0) / n;
    Ok(Interval::around(d, norm_quantile(0.5 + 0.5 * level) * variance.sqrt()).clamped(-1.0, 1.0))
}

/// Bonett and Price (2012): one gain and one loss are added before the Wald formula, cut to `[-1, 1]`.
///
/// # Errors
/// As [`wald`].
pub fn bonett_price(counts: PairedCounts, level: f64) -> Result<Interval, StatsError> {
    counts.check()?;
    open_unit("level", level)?;
    let m = counts.n as f64 + 2.0;
    let (gain, loss) = (
        (counts.gains as f64 + 1.0) / m,
        (counts.losses as f64 + 1.0) / m,
    );
    let d = gain - loss;
    let half = norm_quantile(0.5 + 0.5 * level) * ((gain + loss - d * d) / m).sqrt();
    Ok(Interval::around(d, half).clamped(-1.0, 1.0))
}

/// Newcombe's square-and-add interval for paired proportions (Newcombe 1998c, method 10).
///
/// Wilson limits of both marginals are combined with the correlation `phi` of the table, which is 0
/// when a marginal is empty. Failure mode: type-I error of the derived non-inferiority test reaches
/// 7 % at nominal 5 % for small n.
///
/// # Errors
/// An empty table or a level outside (0, 1).
pub fn newcombe_paired(
    table: PairedTable,
    level: f64,
    correction: PhiCorrection,
) -> Result<Interval, StatsError> {
    let n = table.n();
    let first = wilson(table.both + table.gains, n, level)?;
    let second = wilson(table.both + table.losses, n, level)?;
    let m = n as f64;
    let p1 = (table.both + table.gains) as f64 / m;
    let p2 = (table.both + table.losses) as f64 / m;
    let (d, phi) = (table.counts().difference(), phi(table, correction));
    let add = |x: f64, y: f64| (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt();
    let lo = d - add(p1 - first.lo, second.hi - p2);
    let hi = d + add(p2 - second.lo, first.hi - p1);
    Ok(Interval::new(lo, hi).clamped(-1.0, 1.0))
}

fn phi(table: PairedTable, correction: PhiCorrection) -> f64 {
    let [a, b, c, d] = [table.both, table.gains, table.losses, table.neither].map(|x| x as f64);
    let product = (a + b) * (c + d) * (a + c) * (b + d);
    if product <= 0.0 {
        return 0.0;
    }
    let mut cross = a * d - b * c;
    if correction == PhiCorrection::Continuity && cross > 0.0 {
        cross = (cross - 0.5 * (a + b + c + d)).max(0.0);
    }
    cross / product.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wald_is_the_negative_control_it_is_meant_to_be() {
        let none = PairedCounts {
            gains: 0,
            losses: 0,
            n: 5,
        };
        assert_eq!(wald(none, 0.95).unwrap().width(), 0.0);
        assert!(bonett_price(none, 0.95).unwrap().width() > 0.3);
    }

    #[test]
    fn swapping_the_arms_mirrors_every_interval() {
        let table = PairedTable {
            both: 20,
            gains: 6,
            losses: 2,
            neither: 9,
        };
        let swapped = PairedTable {
            gains: 2,
            losses: 6,
            ..table
        };
        for correction in [PhiCorrection::Continuity, PhiCorrection::None] {
            let one = newcombe_paired(table, 0.95, correction).unwrap();
            let two = newcombe_paired(swapped, 0.95, correction)
                .unwrap()
                .mirrored();
            assert!((one.lo - two.lo).abs() < 1e-14 && (one.hi - two.hi).abs() < 1e-14);
        }
        let one = bonett_price(table.counts(), 0.95).unwrap();
        let two = bonett_price(swapped.counts(), 0.95).unwrap().mirrored();
        assert!((one.lo - two.lo).abs() < 1e-14 && (one.hi - two.hi).abs() < 1e-14);
    }
}
