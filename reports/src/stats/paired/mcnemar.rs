//! McNemar's tests of "gains and losses are equally likely" (McNemar 1947; Fagerland, Lydersen and
//! Laake 2013 for mid-p). They say nothing about a margin: failing to reject is not a pass.

use super::PairedCounts;
use crate::stats::special::{binom_pmf, binom_sf, chi2_1_sf};

/// A chi-squared statistic with one degree of freedom and its p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChiSquared {
    /// The statistic, at least 0.
    pub statistic: f64,
    /// Upper tail probability.
    pub p: f64,
}

/// Exact two-sided p: `2 P(Bin(b + c, 1/2) <= min(b, c))`, at most 1. It is 1 without discordance.
pub fn mcnemar_exact(counts: PairedCounts) -> f64 {
    let larger = counts.gains.max(counts.losses);
    (2.0 * binom_sf(larger, counts.discordant(), 0.5)).min(1.0)
}

/// Two-sided mid-p: the exact p less the probability of the observed table. Slightly above nominal
/// in rare cases, but much less conservative.
pub fn mcnemar_mid_p(counts: PairedCounts) -> f64 {
    let larger = counts.gains.max(counts.losses);
    let tail = 2.0 * binom_sf(larger, counts.discordant(), 0.5);
    let point = binom_pmf(larger, counts.discordant(), 0.5);
    if counts.gains == counts.losses {
        1.0 - 0.5 * point
    } else {
        tail - point
    }
}

/// Exact one-sided p against "losses are more likely than gains": small when the candidate is worse.
pub fn mcnemar_losses_exceed(counts: PairedCounts) -> f64 {
    binom_sf(counts.losses, counts.discordant(), 0.5)
}

/// Exact one-sided p against "gains are more likely than losses": small when the candidate is better.
pub fn mcnemar_gains_exceed(counts: PairedCounts) -> f64 {
    binom_sf(counts.gains, counts.discordant(), 0.5)
}

/// `(b - c)^2 / (b + c)`; 0 with p = 1 without discordance. Needs about 10 discordant pairs.
pub fn mcnemar_asymptotic(counts: PairedCounts) -> ChiSquared {
    chi_squared(counts, 0.0)
}

/// `(|b - c| - 1)^2 / (b + c)`, Edwards' correction. As in the usual software the correction is also
/// applied when `b = c`.
pub fn mcnemar_continuity(counts: PairedCounts) -> ChiSquared {
    chi_squared(counts, 1.0)
}

fn chi_squared(counts: PairedCounts, correction: f64) -> ChiSquared {
    if counts.discordant() == 0 {
        return ChiSquared {
            statistic: 0.0,
            p: 1.0,
        };
    }
    let gap = counts.gains.abs_diff(counts.losses) as f64 - correction;
    let statistic = gap * gap / counts.discordant() as f64;
    ChiSquared {
        statistic,
        p: chi2_1_sf(statistic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_discordance_every_p_is_one() {
        let counts = PairedCounts {
            gains: 0,
            losses: 0,
            n: 12,
        };
        assert_eq!(mcnemar_exact(counts), 1.0);
        assert_eq!(mcnemar_losses_exceed(counts), 1.0);
        assert_eq!(mcnemar_asymptotic(counts).p, 1.0);
    }

    #[test]
    fn the_two_directions_overlap_by_the_observed_table() {
        let counts = PairedCounts {
            gains: 3,
            losses: 9,
            n: 50,
        };
        let sum = mcnemar_losses_exceed(counts) + mcnemar_gains_exceed(counts);
        assert!((sum - 1.0 - binom_pmf(3, 12, 0.5)).abs() < 1e-14);
    }
}
