//! Exact unconditional non-inferiority test for small slices.

use super::PairedCounts;
use super::tango::statistic;
use crate::stats::error::{StatsError, margin_in_domain};
use crate::stats::special::{binom_pmf, binom_sf};

/// Values of the nuisance parameter (the gain rate) that are tried.
const GRID: u32 = 400;

/// One-sided p-value of `H0: difference <= -margin` that holds its level whatever the flip rate: tables
/// are ordered by Tango's statistic, and the probability of a table at least as favourable is
/// maximised over the gain rate, with the loss rate larger by the margin (Barnard 1947; Hsueh, Liu and
/// Chen 2001 for the paired case).
///
/// Use it where [`super::tango_non_inferiority_p`] is close to alpha and `n` is small. The maximum is
/// taken over 401 gain rates on the boundary of the hypothesis; between grid points the true maximum can
/// be larger by about 1e-3. Cost is `n` tail probabilities for each rate: milliseconds at n = 100.
///
/// # Errors
/// An impossible table or a margin outside `[0, 1]`.
pub fn exact_non_inferiority_p(counts: PairedCounts, margin: f64) -> Result<f64, StatsError> {
    margin_in_domain(margin)?;
    counts.check()?;
    let n = counts.n;
    let reached = statistic(counts, -margin);
    // For each number of losses, the fewest gains that make the table at least as favourable.
    let fewest: Vec<Option<u64>> = (0..=n)
        .map(|losses| fewest_gains(n, losses, margin, reached))
        .collect();
    let tail = |gain: f64| -> f64 {
        let loss = gain + margin;
        // Given the losses, each other pair gains with this probability.
        let share = if loss < 1.0 {
            (gain / (1.0 - loss)).min(1.0)
        } else {
            0.0
        };
        let terms = fewest.iter().zip(0..).filter_map(|(gains, losses)| {
            gains.map(|g| binom_pmf(losses, n, loss) * binom_sf(g, n - losses, share))
        });
        terms.sum()
    };
    let top = 0.5 * (1.0 - margin);
    let rates = (0..=GRID).map(|i| top * f64::from(i) / f64::from(GRID));
    Ok(rates.map(tail).fold(0.0, f64::max).min(1.0))
}

fn fewest_gains(n: u64, losses: u64, margin: f64, reached: f64) -> Option<u64> {
    let favourable = |gains: u64| {
        let t = statistic(PairedCounts { gains, losses, n }, -margin);
        t >= reached - 1e-9 * reached.abs()
    };
    // The statistic increases with the gains.
    let (mut lo, mut hi) = (0, n - losses + 1);
    while lo < hi {
        let middle = lo + (hi - lo) / 2;
        if favourable(middle) {
            hi = middle;
        } else {
            lo = middle + 1;
        }
    }
    (lo <= n - losses).then_some(lo)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::paired::tango_non_inferiority_p;

    #[test]
    fn no_flips_give_at_least_the_binomial_rule() {
        let counts = PairedCounts::new(0, 0, 59).unwrap();
        let p = exact_non_inferiority_p(counts, 0.05).unwrap();
        assert!(p >= 0.95_f64.powi(59) - 1e-12, "{p}");
    }

    #[test]
    fn large_samples_agree_with_the_score_test() {
        let counts = PairedCounts::new(20, 22, 600).unwrap();
        let score = tango_non_inferiority_p(counts, 0.03).unwrap();
        let exact = exact_non_inferiority_p(counts, 0.03).unwrap();
        assert!((score - exact).abs() < 0.02, "{score} {exact}");
    }

    #[test]
    fn the_statistic_increases_with_the_gains() {
        for losses in 0..=15_u64 {
            let t = |gains| {
                statistic(
                    PairedCounts {
                        gains,
                        losses,
                        n: 15,
                    },
                    -0.1,
                )
            };
            assert!(
                (1..=15 - losses).all(|gains| t(gains) >= t(gains - 1)),
                "{losses}"
            );
        }
    }
}
