//! Wilcoxon's signed-rank test with the Hodges-Lehmann shift (Hollander and Wolfe 1973).

use super::order::{doubled_ranks, median, walsh};
use crate::stats::error::{StatsError, finite, open_unit, same_len};
use crate::stats::interval::{Bounds, Interval};
use crate::stats::special::{norm_cdf, norm_quantile};

/// Largest number of non-zero differences for the exact distribution.
const MAX_EXACT: usize = 300;

/// Signed-rank statistic and p-values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRank {
    /// Sum of the ranks of the positive differences.
    pub v: f64,
    /// P-value against "larger than zero".
    pub p_greater: f64,
    /// P-value against "smaller than zero".
    pub p_less: f64,
    /// Two-sided p-value.
    pub p_two_sided: f64,
    /// Whether the null distribution was enumerated (with mid-ranks if tied) or approximated.
    pub exact: bool,
}

/// Hodges-Lehmann shift: the median of all pairwise averages, with its signed-rank interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRankShift {
    /// The pseudo-median.
    pub shift: f64,
    /// Interval between Walsh averages; ends are `None` when `n` is too small for the level.
    pub bounds: Bounds,
    /// Confidence achieved for continuous symmetric data.
    pub achieved: f64,
}

/// Tests symmetry about zero. Zeros are dropped (Wilcoxon's rule). Assumes a symmetric distribution.
///
/// # Errors
/// Empty or non-finite data.
pub fn signed_rank(d: &[f64]) -> Result<SignedRank, StatsError> {
    finite("differences", d, 1)?;
    let moved: Vec<f64> = d.iter().copied().filter(|x| *x != 0.0).collect();
    if moved.is_empty() {
        let (v, p) = (0.0, 1.0);
        return Ok(SignedRank {
            v,
            p_greater: p,
            p_less: p,
            p_two_sided: p,
            exact: true,
        });
    }
    let sizes: Vec<f64> = moved.iter().map(|x| x.abs()).collect();
    let (ranks, ties) = doubled_ranks(&sizes);
    let positive = moved.iter().zip(&ranks).filter(|(x, _)| **x > 0.0);
    let doubled: u64 = positive.map(|(_, r)| r).sum();
    let exact = moved.len() <= MAX_EXACT;
    let (p_less, p_greater) = if exact {
        let mass = distribution(&ranks);
        let at = doubled as usize;
        (
            mass[..=at].iter().sum::<f64>(),
            mass[at..].iter().sum::<f64>(),
        )
    } else {
        normal_tails(doubled as f64 / 2.0, moved.len() as f64, ties)
    };
    let p_two_sided = (2.0 * p_less.min(p_greater)).min(1.0);
    let (p_less, p_greater) = (p_less.min(1.0), p_greater.min(1.0));
    Ok(SignedRank {
        v: doubled as f64 / 2.0,
        p_greater,
        p_less,
        p_two_sided,
        exact,
    })
}

/// Probability of each rank sum when every sign is a fair coin.
fn distribution(ranks: &[u64]) -> Vec<f64> {
    let total: u64 = ranks.iter().sum();
    let mut mass = vec![0.0; total as usize + 1];
    mass[0] = 1.0;
    let mut reached = 0;
    for &rank in ranks {
        let rank = rank as usize;
        for sum in (0..=reached).rev() {
            let half = 0.5 * mass[sum];
            mass[sum] = half;
            mass[sum + rank] += half;
        }
        reached += rank;
    }
    mass
}

fn normal_tails(v: f64, n: f64, ties: f64) -> (f64, f64) {
    let mean = n * (n + 1.0) / 4.0;
    let sd = (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0).sqrt();
    (
        norm_cdf((v - mean + 0.5) / sd),
        norm_cdf((mean - v + 0.5) / sd),
    )
}

impl SignedRankShift {
    /// Shift and interval of the differences at confidence `level`. The rank of the limits comes from
    /// the exact distribution up to 300 values, from the normal approximation beyond.
    ///
    /// # Errors
    /// Empty or non-finite data, or a level outside (0, 1).
    pub fn new(d: &[f64], level: f64) -> Result<Self, StatsError> {
        finite("differences", d, 1)?;
        open_unit("level", level)?;
        let mut sorted = d.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let n = sorted.len() as u64;
        let pairs = n * (n + 1) / 2;
        let shift = median(pairs, |k| walsh(&sorted, k));
        let Some((cut, achieved)) = cut(n, level) else {
            return Ok(Self {
                shift,
                bounds: Bounds { lo: None, hi: None },
                achieved: 1.0,
            });
        };
        let interval = Interval::new(walsh(&sorted, cut + 1), walsh(&sorted, pairs - cut));
        Ok(Self {
            shift,
            bounds: interval.into(),
            achieved,
        })
    }
}

/// Largest rank sum in the lower tail of `(1 - level)/2`, and the confidence it achieves.
fn cut(n: u64, level: f64) -> Option<(u64, f64)> {
    let tail = 0.5 * (1.0 - level) * (1.0 + 1e-12);
    if n as usize > MAX_EXACT {
        let m = n as f64;
        let (mean, sd) = (
            m * (m + 1.0) / 4.0,
            (m * (m + 1.0) * (2.0 * m + 1.0) / 24.0).sqrt(),
        );
        let cut = (mean + norm_quantile(tail) * sd - 0.5).floor();
        return Some((cut as u64, 1.0 - 2.0 * norm_cdf((cut + 0.5 - mean) / sd)));
    }
    let mass = distribution(&(1..=n).collect::<Vec<_>>());
    let (mut below, mut cut) = (0.0, None);
    for (sum, p) in mass.iter().enumerate() {
        if below + p > tail {
            break;
        }
        below += p;
        cut = Some(sum as u64);
    }
    cut.map(|cut| (cut, 1.0 - 2.0 * below))
}

/// Ratio of two paired positive quantities with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogRatio {
    /// Shift of the log ratio.
    pub log: SignedRankShift,
    /// `exp` of the shift: typical candidate over baseline.
    pub ratio: f64,
    /// `exp` of the bounds.
    pub bounds: Bounds,
}

/// Hodges-Lehmann estimate of `log(candidate / baseline)` over paired latencies.
///
/// # Errors
/// Values that are not positive and finite (timeouts have no logarithm: count them as exceedances
/// instead), lengths that differ, or a level outside (0, 1).
pub fn paired_log_ratio(
    candidate: &[f64],
    baseline: &[f64],
    level: f64,
) -> Result<LogRatio, StatsError> {
    same_len("candidate and baseline", candidate.len(), baseline.len())?;
    for &value in candidate.iter().chain(baseline) {
        if !(value > 0.0 && value.is_finite()) {
            let domain = "positive and finite";
            return Err(StatsError::OutOfRange {
                what: "paired value",
                value,
                domain,
            });
        }
    }
    let logs: Vec<f64> = candidate
        .iter()
        .zip(baseline)
        .map(|(a, b)| (a / b).ln())
        .collect();
    let log = SignedRankShift::new(&logs, level)?;
    let bounds = Bounds {
        lo: log.bounds.lo.map(f64::exp),
        hi: log.bounds.hi.map(f64::exp),
    };
    Ok(LogRatio {
        log,
        ratio: log.shift.exp(),
        bounds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_approximation_meets_the_exact_distribution() {
        let d: Vec<f64> = (1..=300)
            .map(|i| f64::from(i) * if i % 3 == 0 { -1.0 } else { 1.0 })
            .collect();
        let exact = signed_rank(&d).unwrap();
        let (less, greater) = normal_tails(exact.v, 300.0, 0.0);
        assert!((less - exact.p_less).abs() < 1e-3 && (greater - exact.p_greater).abs() < 1e-3);
    }

    #[test]
    fn few_values_are_unbounded() {
        let shift = SignedRankShift::new(&[1.0, 2.0, 4.0], 0.95).unwrap();
        assert_eq!(
            (shift.shift, shift.bounds),
            (2.25, Bounds { lo: None, hi: None })
        );
        assert!(paired_log_ratio(&[0.0], &[1.0], 0.95).is_err());
    }

    #[test]
    fn no_difference_is_no_evidence() {
        assert_eq!(signed_rank(&[0.0, 0.0]).unwrap().p_two_sided, 1.0);
        assert!(signed_rank(&[]).is_err());
    }
}
