//! Sample quantiles and their distribution-free intervals.
//!
//! One definition everywhere: the `p`-quantile of `n` values is the order statistic of rank
//! `ceil(n p)` (at least 1), the inverse of the empirical distribution function, Hyndman and Fan's
//! type 1. It is always an observed value. Failed or timed-out requests enter as plus infinity, so
//! infinite values are allowed here; NaN is not.

use super::error::{StatsError, open_unit};
use super::interval::Bounds;
use super::special::{binom_cdf, binom_sf};

/// Ranks (from 1) of the order statistics that bound a quantile, and the coverage they achieve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantileRanks {
    /// Rank of the lower limit; `None` when `n` is too small to bound from below.
    pub lower: Option<u64>,
    /// Rank of the upper limit; `None` when `n` is too small to bound from above.
    pub upper: Option<u64>,
    /// Exact coverage for continuous data; at least that much with ties.
    pub coverage: f64,
}

/// Rank (from 1) of the sample `p`-quantile of `n >= 1` values.
pub fn quantile_rank(n: u64, p: f64) -> u64 {
    // 0.95 * 20 is 19.000000000000004 in floating point; a relative guard keeps it at rank 19.
    let exact = n as f64 * p;
    ((exact - 1e-9 * exact.max(1.0)).ceil().max(1.0) as u64).min(n)
}

/// The `p`-quantile of values sorted in ascending order.
///
/// # Errors
/// Empty or unsorted data, NaN, or `p` outside (0, 1).
pub fn quantile(sorted: &[f64], p: f64) -> Result<f64, StatsError> {
    check(sorted, p)?;
    Ok(sorted[quantile_rank(sorted.len() as u64, p) as usize - 1])
}

/// Equal-tailed order-statistic interval ranks for the `p`-quantile of `n` values.
///
/// Lower rank `l`: the largest with `P(Bin(n, p) <= l - 1) <= a/2`; upper rank `u`: the smallest with
/// `P(Bin(n, p) >= u) <= a/2`; `a = 1 - level`. Assumes independent values.
///
/// # Errors
/// `n = 0`, or `p` or `level` outside (0, 1).
pub fn quantile_ranks(n: u64, p: f64, level: f64) -> Result<QuantileRanks, StatsError> {
    open_unit("p", p)?;
    open_unit("level", level)?;
    if n == 0 {
        return Err(StatsError::TooFew {
            what: "values",
            got: 0,
            needed: 1,
        });
    }
    // 1 - 0.95 is not 0.05 in floating point; ties with the tail must not depend on that.
    let tail = 0.5 * (1.0 - level) * (1.0 + 1e-12);
    let below = first_rank(n, |r| binom_cdf(r - 1, n, p) > tail);
    let lower = below.checked_sub(1).filter(|&r| r > 0);
    let upper = Some(first_rank(n, |r| binom_sf(r, n, p) <= tail)).filter(|&r| r <= n);
    let under = lower.map_or(0.0, |l| binom_cdf(l - 1, n, p));
    let over = upper.map_or(0.0, |u| binom_sf(u, n, p));
    Ok(QuantileRanks {
        lower,
        upper,
        coverage: 1.0 - under - over,
    })
}

/// First rank in `1..=n` for which a monotone condition holds, `n + 1` if none.
fn first_rank(n: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut lo, mut hi) = (1, n + 1);
    while lo < hi {
        let middle = lo + (hi - lo) / 2;
        if holds(middle) {
            hi = middle;
        } else {
            lo = middle + 1;
        }
    }
    lo
}

/// Order-statistic interval of the `p`-quantile of sorted values. A `None` end is *unbounded*: this
/// many values cannot bound that side at this level.
///
/// # Errors
/// As [`quantile`], or `level` outside (0, 1).
pub fn quantile_interval(sorted: &[f64], p: f64, level: f64) -> Result<Bounds, StatsError> {
    check(sorted, p)?;
    let ranks = quantile_ranks(sorted.len() as u64, p, level)?;
    let value = |rank: u64| sorted[rank as usize - 1];
    Ok(Bounds {
        lo: ranks.lower.map(value),
        hi: ranks.upper.map(value),
    })
}

/// Smallest `n` whose largest value bounds the `p`-quantile from above at one-sided error `alpha`:
/// `ln(alpha) / ln(p)`, rounded up. 59 for p95 and 299 for p99 at 5 %.
///
/// # Errors
/// `p` or `alpha` outside (0, 1).
pub fn min_n_for_upper_bound(p: f64, alpha: f64) -> Result<u64, StatsError> {
    open_unit("p", p)?;
    open_unit("alpha", alpha)?;
    let guess = (alpha.ln() / p.ln()).ceil().max(1.0) as u64;
    // The logarithms round; the power decides.
    let holds = |n: u64| n >= 1 && (n as f64 * p.ln()).exp() <= alpha * (1.0 + 1e-12);
    Ok((guess.saturating_sub(1)..)
        .find(|&n| holds(n))
        .unwrap_or(guess))
}

/// Half width of the simultaneous Dvoretzky-Kiefer-Wolfowitz band of the distribution function,
/// `sqrt(ln(2/alpha) / 2n)` (Massart 1990), in probability units.
///
/// # Errors
/// `n = 0` or `alpha` outside (0, 1).
pub fn dkw_epsilon(n: u64, alpha: f64) -> Result<f64, StatsError> {
    open_unit("alpha", alpha)?;
    if n == 0 {
        return Err(StatsError::TooFew {
            what: "values",
            got: 0,
            needed: 1,
        });
    }
    Ok(((2.0 / alpha).ln() / (2.0 * n as f64)).sqrt())
}

fn check(sorted: &[f64], p: f64) -> Result<(), StatsError> {
    open_unit("p", p)?;
    if sorted.is_empty() {
        return Err(StatsError::TooFew {
            what: "values",
            got: 0,
            needed: 1,
        });
    }
    if let Some(index) = sorted.iter().position(|x| x.is_nan()) {
        return Err(StatsError::NotFinite {
            what: "values",
            index,
            value: f64::NAN,
        });
    }
    match sorted.windows(2).position(|w| w[0] > w[1]) {
        Some(i) => {
            let problem = "is smaller than its predecessor: sort ascending first";
            Err(StatsError::BadIndex {
                what: "values",
                index: i + 1,
                problem,
            })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_is_an_observed_value_at_the_documented_rank() {
        let sorted: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(quantile(&sorted, 0.95).unwrap(), 19.0);
        assert_eq!(quantile(&sorted, 0.5).unwrap(), 10.0);
        assert_eq!(quantile(&sorted, 0.001).unwrap(), 1.0);
        assert_eq!(quantile(&[3.0], 0.99).unwrap(), 3.0);
    }

    #[test]
    fn timeouts_count_as_infinite() {
        let sorted = [0.1, 0.2, f64::INFINITY, f64::INFINITY];
        assert_eq!(quantile(&sorted, 0.9).unwrap(), f64::INFINITY);
        assert!(quantile(&[f64::NAN], 0.5).is_err());
        assert!(quantile(&[2.0, 1.0], 0.5).is_err());
    }

    #[test]
    fn small_samples_are_unbounded_not_narrow() {
        let bounds = quantile_interval(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95, 0.95).unwrap();
        assert_eq!(
            bounds,
            Bounds {
                lo: Some(4.0),
                hi: None
            }
        );
    }
}
