//! Intervals for one binomial proportion, and for the difference of two independent ones.
//!
//! Assumption: `x` of `n` independent 0/1 outcomes. Fractional scores (means of repeats) are not
//! binomial: use [`super::clustered`] or [`super::betting`] for them.

use super::error::{StatsError, open_unit};
use super::interval::Interval;
use super::special::{beta_quantile, norm_quantile};

fn check(x: u64, n: u64, level: f64) -> Result<(f64, f64, f64), StatsError> {
    open_unit("level", level)?;
    if n == 0 {
        return Err(StatsError::TooFew {
            what: "trials",
            got: 0,
            needed: 1,
        });
    }
    if x > n {
        let domain = "at most the number of trials";
        return Err(StatsError::OutOfRange {
            what: "successes",
            value: x as f64,
            domain,
        });
    }
    Ok((
        x as f64 / n as f64,
        n as f64,
        norm_quantile(0.5 + 0.5 * level),
    ))
}

/// Sets the limits that are exact at the two ends of the range.
fn pinned(x: u64, n: u64, interval: Interval) -> Interval {
    let lo = if x == 0 { 0.0 } else { interval.lo };
    let hi = if x == n { 1.0 } else { interval.hi };
    Interval::new(lo, hi).clamped(0.0, 1.0)
}

/// Wilson score interval (Wilson 1927; Newcombe 1998, method 3).
///
/// Centre `(p + z^2/2n) / (1 + z^2/n)`, half width `z sqrt(p(1-p)/n + z^2/4n^2) / (1 + z^2/n)`.
///
/// # Errors
/// `n = 0`, `x > n`, or a level outside (0, 1).
pub fn wilson(x: u64, n: u64, level: f64) -> Result<Interval, StatsError> {
    let (p, m, z) = check(x, n, level)?;
    let shrink = 1.0 + z * z / m;
    let centre = (p + z * z / (2.0 * m)) / shrink;
    let half = z * (p * (1.0 - p) / m + z * z / (4.0 * m * m)).sqrt() / shrink;
    Ok(pinned(x, n, Interval::around(centre, half)))
}

/// Wilson score interval with continuity correction (Newcombe 1998, method 4).
///
/// # Errors
/// As [`wilson`].
pub fn wilson_continuity(x: u64, n: u64, level: f64) -> Result<Interval, StatsError> {
    let (p, m, z) = check(x, n, level)?;
    let (q, z2, scale) = (1.0 - p, z * z, 2.0 * (m + z * z));
    let lower_root = (z2 - 2.0 - 1.0 / m + 4.0 * p * (m * q + 1.0))
        .max(0.0)
        .sqrt();
    let upper_root = (z2 + 2.0 - 1.0 / m + 4.0 * p * (m * q - 1.0))
        .max(0.0)
        .sqrt();
    let lo = (2.0 * m * p + z2 - 1.0 - z * lower_root) / scale;
    let hi = (2.0 * m * p + z2 + 1.0 + z * upper_root) / scale;
    Ok(pinned(x, n, Interval::new(lo, hi)))
}

/// Clopper-Pearson interval: coverage is at least `level` for every true proportion.
///
/// # Errors
/// As [`wilson`].
pub fn clopper_pearson(x: u64, n: u64, level: f64) -> Result<Interval, StatsError> {
    let (_, m, _) = check(x, n, level)?;
    let (a, k) = (0.5 * (1.0 - level), x as f64);
    let lo = if x == 0 {
        0.0
    } else {
        beta_quantile(k, m - k + 1.0, a)
    };
    let hi = if x == n {
        1.0
    } else {
        beta_quantile(k + 1.0, m - k, 1.0 - a)
    };
    Ok(Interval::new(lo, hi))
}

/// One-sided Clopper-Pearson upper limit at confidence `1 - alpha`.
///
/// # Errors
/// As [`wilson`].
pub fn clopper_pearson_upper(x: u64, n: u64, alpha: f64) -> Result<f64, StatsError> {
    open_unit("alpha", alpha)?;
    let (_, m, _) = check(x, n, 1.0 - alpha)?;
    Ok(if x == n {
        1.0
    } else {
        beta_quantile(x as f64 + 1.0, m - x as f64, 1.0 - alpha)
    })
}

/// Jeffreys interval: equal-tailed Beta(x + 1/2, n - x + 1/2), with the lower limit 0 at `x = 0` and
/// the upper limit 1 at `x = n` (Brown, Cai and DasGupta 2001).
///
/// # Errors
/// As [`wilson`].
pub fn jeffreys(x: u64, n: u64, level: f64) -> Result<Interval, StatsError> {
    let (_, m, _) = check(x, n, level)?;
    let (tail, a, b) = (0.5 * (1.0 - level), x as f64 + 0.5, m - x as f64 + 0.5);
    let raw = Interval::new(beta_quantile(a, b, tail), beta_quantile(a, b, 1.0 - tail));
    Ok(pinned(x, n, raw))
}

/// Agresti-Coull interval, not cut to `[0, 1]`: a display aid, never a gate.
///
/// # Errors
/// As [`wilson`].
pub fn agresti_coull(x: u64, n: u64, level: f64) -> Result<Interval, StatsError> {
    let (_, m, z) = check(x, n, level)?;
    let n_tilde = m + z * z;
    let p = (x as f64 + 0.5 * z * z) / n_tilde;
    Ok(Interval::around(p, z * (p * (1.0 - p) / n_tilde).sqrt()))
}

/// Newcombe's square-and-add interval for `x1/n1 - x2/n2`, two independent samples
/// (Newcombe 1998b, method 10, without continuity correction). For paired data it is wrong: use
/// [`super::paired`].
///
/// # Errors
/// As [`wilson`], for either sample.
pub fn newcombe_independent(
    (x1, n1): (u64, u64),
    (x2, n2): (u64, u64),
    level: f64,
) -> Result<Interval, StatsError> {
    let (first, second) = (wilson(x1, n1, level)?, wilson(x2, n2, level)?);
    let (p1, p2) = (x1 as f64 / n1 as f64, x2 as f64 / n2 as f64);
    let d = p1 - p2;
    Ok(Interval::new(
        d - (p1 - first.lo).hypot(second.hi - p2),
        d + (first.hi - p1).hypot(p2 - second.lo),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_and_impossible_tables_are_refused() {
        assert!(wilson(0, 0, 0.95).is_err());
        assert!(clopper_pearson(3, 2, 0.95).is_err());
        assert!(jeffreys(1, 2, 1.0).is_err());
    }

    #[test]
    fn limits_are_exact_at_the_ends() {
        for f in [wilson, wilson_continuity, clopper_pearson, jeffreys] {
            assert_eq!(f(0, 7, 0.95).unwrap().lo, 0.0);
            assert_eq!(f(7, 7, 0.95).unwrap().hi, 1.0);
            assert!(f(0, 7, 0.95).unwrap().hi < 1.0);
        }
    }

    #[test]
    fn the_one_sided_limit_is_the_two_sided_one_at_twice_alpha() {
        let two = clopper_pearson(3, 50, 0.9).unwrap().hi;
        let one = clopper_pearson_upper(3, 50, 0.05).unwrap();
        assert!((two - one).abs() < 1e-14);
    }
}
