//! Exact unconditional limits and tests for the paired difference of small samples.
//!
//! Tables are ordered by Tango's one-sided limit. For a true difference `delta`, the probability of a
//! table at least as favourable as the one seen is maximised over the flip rate; the lower limit is
//! where that probability comes down to alpha (Buehler 1957; Lloyd and Moldovan 2007 for this case).
//! Because the order does not depend on the hypothesis, the p-value falls as the margin grows, and the
//! limit and the test cannot disagree.
//!
//! The maximum is taken over the flip rates that the data leave possible: up to the Clopper-Pearson limit
//! at error rate gamma = alpha / 50, and gamma is added to the p-value (Berger and Boos 1994). Without
//! that, a sample without any flip would be judged by what happens when nearly all of them flip.
//!
//! The maximum is searched on 81 flip rates and refined around the best; between them the true maximum
//! can be larger by about 1e-4. Where next to every pair flips, it matters whether the number of pairs is
//! even or odd, and a concordant pair more could raise the p-value. The larger p-value of both sizes is
//! taken, so that agreement does not weaken a proof.

use std::cell::Cell;

use super::PairedCounts;
use super::region::Region;
use super::tango::lower_at;
use crate::stats::error::{StatsError, margin_in_domain, open_unit};
use crate::stats::proportion::clopper_pearson_upper;
use crate::stats::special::norm_quantile;

/// Error rate whose Tango limit orders the tables for a p-value.
const ORDER_ALPHA: f64 = 0.05;
/// Part of alpha that is kept for flip rates beyond those searched.
const BEYOND: f64 = 50.0;

/// One-sided p-value of `H0: difference <= -margin` that holds its level at every flip rate.
///
/// # Errors
/// An impossible table or a margin outside `[0, 1]`.
pub fn exact_non_inferiority_p(counts: PairedCounts, margin: f64) -> Result<f64, StatsError> {
    margin_in_domain(margin)?;
    counts.check()?;
    Ok(Ordered::new(counts, ORDER_ALPHA).p(-margin))
}

/// One-sided lower limit of the difference at error rate `alpha` that holds its level at every flip
/// rate: it exceeds the true difference with probability at most `alpha`.
///
/// # Errors
/// An impossible table or an alpha outside (0, 1).
pub fn exact_lower(counts: PairedCounts, alpha: f64) -> Result<f64, StatsError> {
    counts.check()?;
    open_unit("alpha", alpha)?;
    Ok(Ordered::new(counts, alpha).lower(alpha))
}

/// A table in its place among all tables of its size.
#[derive(Debug, Clone)]
pub(super) struct Ordered {
    /// Its Tango limit, by which it is ordered.
    pub(super) limit: f64,
    /// At least as favourable tables of its size, and with one concordant pair more.
    regions: [Placed; 2],
    /// Chance that the flip rate lies above what is searched.
    gamma: f64,
}

/// A region with the highest flip rate that its table leaves possible.
#[derive(Debug, Clone)]
struct Placed {
    region: Region,
    most_flips: f64,
}

impl Ordered {
    /// Places a table by its Tango limit at error rate `alpha`.
    pub(super) fn new(counts: PairedCounts, alpha: f64) -> Self {
        let z = norm_quantile(1.0 - alpha);
        let gamma = alpha / BEYOND;
        let place = |n: u64| {
            let counts = PairedCounts { n, ..counts };
            let most = clopper_pearson_upper(counts.discordant(), n, gamma);
            Placed {
                region: Region::at_least(counts, lower_at(counts, z), z),
                most_flips: most.unwrap_or(1.0),
            }
        };
        Self {
            limit: lower_at(counts, z),
            regions: [place(counts.n), place(counts.n + 1)],
            gamma,
        }
    }

    /// Largest probability of a table at least as favourable when the difference is `delta`.
    pub(super) fn p(&self, delta: f64) -> f64 {
        if self.limit <= -1.0 {
            return 1.0;
        }
        let worst = |placed: &Placed| placed.region.worst(delta, placed.most_flips);
        let worst = self.regions.iter().map(worst).fold(0.0, f64::max);
        (worst + self.gamma).min(1.0)
    }

    /// The largest difference at which a table like this has probability at most `alpha`.
    pub(super) fn lower(&self, alpha: f64) -> f64 {
        if self.limit <= -1.0 {
            return -1.0;
        }
        let beyond = |p: f64| (p.max(1e-300) / alpha).ln();
        let near = Cell::new([None; 2]);
        let fast = |delta: f64| beyond(self.p_near(delta, &near));
        let (lo, hi) = bracket(self.limit, &fast);
        let limit = narrow(lo, hi, &fast);
        // Right of the limit even the smaller of the two values is beyond alpha; left of it the
        // larger one has to be looked at.
        if limit <= -1.0 || self.p(limit) <= alpha {
            return limit;
        }
        let full = |delta: f64| beyond(self.p(delta));
        let (lo, hi) = bracket(self.limit, &full);
        narrow(lo, hi, &full)
    }

    /// [`Self::p`] by a search around the flip rates that were worst for the last difference.
    fn p_near(&self, delta: f64, near: &Cell<[Option<u32>; 2]>) -> f64 {
        let mut at = near.get();
        let worst = self.regions.iter().zip(&mut at).map(|(placed, near)| {
            let Placed { region, most_flips } = placed;
            region.worst_near(delta, *most_flips, near)
        });
        let worst = worst.fold(0.0, f64::max);
        near.set(at);
        (worst + self.gamma).min(1.0)
    }
}

/// A point with its value.
type Point = (f64, f64);

/// An interval around `start` with `f <= 0` on its left end and `f > 0` on its right one.
fn bracket(start: f64, f: &impl Fn(f64) -> f64) -> (Point, Point) {
    let at = |x: f64| (x, f(x));
    let (mut lo, mut hi) = (at(start), at(start));
    let mut step = 0.02 * (1.0 + start).min(0.5) + 1e-6;
    while lo.1 > 0.0 && lo.0 > -1.0 {
        hi = lo;
        lo = at((lo.0 - step).max(-1.0));
        step *= 2.0;
    }
    while hi.1 <= 0.0 && hi.0 < 1.0 {
        lo = hi;
        hi = at((hi.0 + step).min(1.0));
        step *= 2.0;
    }
    (lo, hi)
}

/// False position with the Illinois correction, on an increasing function; the left end of the last
/// bracket, where the function is not above 0.
fn narrow(mut lo: Point, mut hi: Point, f: &impl Fn(f64) -> f64) -> f64 {
    if lo.1 > 0.0 {
        return -1.0;
    }
    if hi.1 <= 0.0 {
        return 1.0;
    }
    let mut last_left = None;
    for _ in 0..80 {
        if hi.0 - lo.0 <= 1e-11 {
            break;
        }
        let x = hi.0 - hi.1 * (hi.0 - lo.0) / (hi.1 - lo.1);
        // Always a little inside, so that the bracket keeps shrinking from both ends.
        let inset = 1e-3 * (hi.0 - lo.0);
        let x = x.clamp(lo.0 + inset, hi.0 - inset);
        let y = f(x);
        let left = y <= 0.0;
        if left {
            lo = (x, y);
            hi.1 *= if last_left == Some(true) { 0.5 } else { 1.0 };
        } else {
            hi = (x, y);
            lo.1 *= if last_left == Some(false) { 0.5 } else { 1.0 };
        }
        last_left = Some(left);
    }
    lo.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::paired::tango_non_inferiority_p;

    fn counts(gains: u64, losses: u64, n: u64) -> PairedCounts {
        PairedCounts::new(gains, losses, n).unwrap()
    }

    #[test]
    fn no_flips_give_at_least_the_binomial_rule() {
        let p = exact_non_inferiority_p(counts(0, 0, 59), 0.05).unwrap();
        assert!(p >= 0.95_f64.powi(59) - 1e-12, "{p}");
    }

    #[test]
    fn large_samples_agree_with_the_score_test() {
        let score = tango_non_inferiority_p(counts(20, 22, 600), 0.021).unwrap();
        let exact = exact_non_inferiority_p(counts(20, 22, 600), 0.021).unwrap();
        assert!((score - exact).abs() < 0.02, "{score} {exact}");
    }

    #[test]
    fn the_limit_is_where_the_p_value_comes_down_to_alpha() {
        for table in [
            counts(0, 0, 10),
            counts(1, 2, 25),
            counts(4, 0, 30),
            counts(12, 9, 150),
        ] {
            let lower = exact_lower(table, 0.05).unwrap();
            let ordered = Ordered::new(table, 0.05);
            assert!(ordered.p(lower) <= 0.05, "{table:?}");
            assert!(ordered.p(lower + 1e-4) > 0.05, "{table:?}");
        }
    }

    #[test]
    fn hopeless_tables_exclude_nothing() {
        assert_eq!(exact_lower(counts(0, 7, 7), 0.05).unwrap(), -1.0);
        assert_eq!(exact_non_inferiority_p(counts(0, 7, 7), 0.3).unwrap(), 1.0);
        assert!(exact_lower(counts(0, 0, 1), 0.05).unwrap() <= -0.94);
    }

    #[test]
    fn a_single_kind_of_flip_gives_limits_inside_the_range() {
        let lower = exact_lower(counts(12, 0, 12), 0.05).unwrap();
        assert!(lower > 0.5 && lower < 1.0, "{lower}");
    }
}
