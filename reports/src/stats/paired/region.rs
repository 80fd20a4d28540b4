//! Probability of "a table at least as favourable", for any flip rate.

use std::ops::RangeInclusive;

use super::PairedCounts;
use super::tango::statistic;
use crate::stats::special::{binom_pmf, binom_sf};

/// Flip rates that are tried in the search for the worst one, denser where few or nearly all pairs flip.
const GRID: u32 = 80;
/// Points of the grid to each side that are tried around the worst one of a nearby difference.
const REACH: u32 = 2;
/// Rounds of halving around the worst rate of the grid.
const ROUNDS: u32 = 6;
/// Standard deviations of the number of losses that are summed; what lies outside is below 1e-18.
const WIDTH: f64 = 9.0;
/// A probability so small that the recurrence may have lost it to underflow.
const LOST: f64 = 1e-250;

/// All tables of `n` pairs whose Tango limit reaches `limit`: with more losses, more gains are needed.
#[derive(Debug, Clone)]
pub(super) struct Region {
    n: u64,
    /// For each number of losses the fewest gains; more than there is room for where none suffice.
    fewest: Vec<u32>,
}

impl Region {
    /// The tables with `T(limit) >= z`, and the observed one, which defines `limit`.
    pub(super) fn at_least(observed: PairedCounts, limit: f64, z: f64) -> Self {
        let n = observed.n;
        let mut gains = 0;
        let fewest = (0..=n)
            .map(|losses| {
                let reaches = |gains: u64| {
                    (gains, losses) == (observed.gains, observed.losses)
                        || statistic(PairedCounts { gains, losses, n }, limit)
                            >= z - 1e-12 * z.abs()
                };
                // A loss more never makes a table better, so the walk only goes up.
                while gains + losses <= n && !reaches(gains) {
                    gains += 1;
                }
                gains as u32
            })
            .collect();
        Self { n, fewest }
    }

    /// Largest probability of the region over flip rates up to `most_flips` when the true
    /// difference is `delta`; 0 where so large a difference needs more flips. It
    /// increases with `delta`, because the region loses nothing by a gain more or a loss less.
    pub(super) fn worst(&self, delta: f64, most_flips: f64) -> f64 {
        self.peak(delta, most_flips, 0..=GRID).0
    }

    /// The same, looking at the grid around `near` first. The worst flip rate moves little with
    /// `delta`, so a search for a limit rarely needs the whole grid. It may miss a second peak and be
    /// too small, never too large: whoever uses it confirms the end of the search by [`Self::worst`].
    pub(super) fn worst_near(&self, delta: f64, most_flips: f64, near: &mut Option<u32>) -> f64 {
        if let Some(at) = *near {
            let window = at.saturating_sub(REACH)..=(at + REACH).min(GRID);
            let inner =
                |i: u32| (i > *window.start() || i == 0) && (i < *window.end() || i == GRID);
            let (found, best) = self.peak(delta, most_flips, window.clone());
            if inner(best) {
                *near = Some(best);
                return found;
            }
        }
        let (found, best) = self.peak(delta, most_flips, 0..=GRID);
        *near = Some(best);
        found
    }

    /// The largest probability on a part of the grid, refined around its best point, and that point.
    fn peak(&self, delta: f64, most_flips: f64, part: RangeInclusive<u32>) -> (f64, u32) {
        if most_flips < delta.abs() {
            return (0.0, *part.start());
        }
        let least = f64::max(0.0, -delta);
        let room = 0.5 * (most_flips - delta) - least;
        let rate = |u: f64| {
            let (low, high) = (u * u * u, (1.0 - u) * (1.0 - u) * (1.0 - u));
            least + room * low / (low + high)
        };
        let tail = |u: f64| self.probability(rate(u), delta);
        let mut step = 1.0 / f64::from(GRID);
        let (mut corner, mut found) = (*part.start(), tail(f64::from(*part.start()) * step));
        for i in *part.start() + 1..=*part.end() {
            let p = tail(f64::from(i) * step);
            if p > found {
                (corner, found) = (i, p);
            }
        }
        let mut best = f64::from(corner) * step;
        for _ in 0..ROUNDS {
            step *= 0.5;
            for u in [best - step, best + step] {
                let p = if (0.0..=1.0).contains(&u) {
                    tail(u)
                } else {
                    0.0
                };
                if p > found {
                    (best, found) = (u, p);
                }
            }
        }
        (found.min(1.0), corner)
    }

    /// Probability of the region when losses have the rate `loss` and gains `loss + delta`.
    fn probability(&self, loss: f64, delta: f64) -> f64 {
        let n = self.n as f64;
        let gain = (loss + delta).max(0.0);
        // Given the losses, each other pair gains with this probability.
        let share = if loss < 1.0 { gain / (1.0 - loss) } else { 0.0 };
        // A hair below 1 the recurrences would divide by rounding noise.
        let share = if share > 1.0 - 1e-9 { 1.0 } else { share };
        let reach = WIDTH * (n * loss * (1.0 - loss)).sqrt() + 12.0;
        let first = (n * loss - reach).max(0.0) as u64;
        let last = ((n * loss + reach) as u64).min(self.n);
        let mut gains = Tail::at(
            u64::from(self.fewest[first as usize]),
            self.n - first,
            share,
        );
        let mut of_losses = binom_pmf(first, self.n, loss);
        let odds = loss / (1.0 - loss);
        let mut sum = of_losses * gains.reached;
        for losses in first..last {
            of_losses *= (self.n - losses) as f64 / (losses + 1) as f64 * odds;
            gains.drop_one();
            gains.raise_to(u64::from(self.fewest[losses as usize + 1]));
            if of_losses == 0.0 || gains.k > gains.n {
                break;
            }
            sum += of_losses * gains.reached;
        }
        sum
    }
}

/// `P(X >= k)` and `P(X = k)` for `X ~ Binomial(n, p)`, moved along by recurrences.
struct Tail {
    k: u64,
    n: u64,
    p: f64,
    reached: f64,
    exactly: f64,
}

impl Tail {
    fn at(k: u64, n: u64, p: f64) -> Self {
        Self {
            k,
            n,
            p,
            reached: binom_sf(k, n, p),
            exactly: binom_pmf(k, n, p),
        }
    }

    /// One pair fewer: `P(X' >= k) = P(X >= k) - P(X = k) k / n`.
    fn drop_one(&mut self) {
        if self.exactly < LOST || self.p >= 1.0 {
            *self = Self::at(self.k, self.n - 1, self.p);
            return;
        }
        let (k, n) = (self.k as f64, self.n as f64);
        self.reached = (self.reached - self.exactly * k / n).max(0.0);
        self.exactly *= (n - k) / (n * (1.0 - self.p));
        self.n -= 1;
    }

    fn raise_to(&mut self, k: u64) {
        if k > self.k && (self.exactly < LOST || self.p >= 1.0) {
            *self = Self::at(k, self.n, self.p);
            return;
        }
        while self.k < k {
            let here = self.k as f64;
            self.reached = (self.reached - self.exactly).max(0.0);
            self.exactly *= (self.n as f64 - here) / (here + 1.0) * self.p / (1.0 - self.p);
            self.k += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::paired::tango::lower_at;

    const Z: f64 = 1.644_853_626_951_472_2;

    fn region(gains: u64, losses: u64, n: u64) -> Region {
        let counts = PairedCounts { gains, losses, n };
        Region::at_least(counts, lower_at(counts, Z), Z)
    }

    #[test]
    fn recurrences_give_what_direct_sums_give() {
        for (gains, losses, n) in [(0, 0, 12), (3, 5, 40), (9, 2, 90), (30, 40, 300)] {
            let region = region(gains, losses, n);
            for (loss, delta) in [(0.05, -0.05), (0.2, -0.03), (0.4, 0.1), (0.52, -0.04)] {
                let share = (loss + delta) / (1.0 - loss);
                let direct: f64 = (0..=n)
                    .map(|c| {
                        let k = u64::from(region.fewest[c as usize]);
                        binom_pmf(c, n, loss) * binom_sf(k, n - c, share)
                    })
                    .sum();
                let fast = region.probability(loss, delta);
                assert!((direct - fast).abs() < 1e-11, "{n} {loss}: {direct} {fast}");
            }
        }
    }

    #[test]
    fn the_ends_of_the_flip_rate_are_no_special_case() {
        // Every pair flips: the region is a binomial tail of the gains.
        let region = region(8, 4, 12);
        let direct: f64 = (0..=12_u64)
            .filter(|&c| u64::from(region.fewest[c as usize]) <= 12 - c)
            .map(|c| binom_pmf(c, 12, 0.45))
            .sum();
        assert!((region.probability(0.45, 0.10) - direct).abs() < 1e-9);
        // No gains: only the losses vary.
        let no_loss = Region {
            n: 20,
            fewest: vec![0; 21],
        };
        assert!((no_loss.probability(0.3, -0.3) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_loss_more_never_makes_a_table_better() {
        for n in 1..=20_u64 {
            for step in 0..40 {
                let limit = -0.999 + 0.05 * f64::from(step);
                let t = |gains, losses| statistic(PairedCounts { gains, losses, n }, limit);
                for losses in 0..n {
                    for gains in 0..n - losses {
                        assert!(
                            t(gains, losses + 1) <= t(gains, losses) + 1e-9,
                            "{n} {limit} {gains} {losses}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_worst_case_increases_with_the_difference() {
        for (gains, losses, n) in [(0, 0, 30), (2, 3, 30), (10, 12, 80)] {
            let region = region(gains, losses, n);
            let worst: Vec<f64> = (0..40)
                .map(|i| region.worst(-0.5 + 0.02 * f64::from(i), 1.0))
                .collect();
            assert!(worst.windows(2).all(|w| w[0] <= w[1] + 1e-6), "{worst:?}");
        }
    }
}
