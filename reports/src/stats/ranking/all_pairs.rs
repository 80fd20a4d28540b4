//! Every pair of columns at one simultaneous level.

use rayon::prelude::*;

use super::columns::{Columns, Scale};
use super::critical::{DRAWS, covariance, critical_value};
use super::pair::Pair;
use super::sets::{RankSet, rank_sets};
use crate::stats::Bounds;
use crate::stats::error::{StatsError, open_unit};
use crate::stats::special::{norm_quantile, norm_sf};

/// Largest share of absent values of a column for which the covariance is trusted.
const MOST_ABSENT: f64 = 0.05;

/// A paired difference with its simultaneous limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairwiseDifference {
    /// Position of the first column.
    pub first: usize,
    /// Position of the second column, after the first.
    pub second: usize,
    /// Items on which both have a value.
    pub n: u64,
    /// Mean of the first minus the second, over those items.
    pub difference: f64,
    /// Simultaneous limits; absent where the data give none.
    pub bounds: Bounds,
    /// Whether the larger one is shown to be larger. The limits then leave out 0.
    pub shown: bool,
}

/// All pairs of `k` columns.
#[derive(Debug, Clone, PartialEq)]
pub struct AllPairs {
    /// Number of columns.
    pub columns: usize,
    /// Simultaneous level of limits and decisions.
    pub level: f64,
    /// In the order (0,1), (0,2), …, (1,2), ….
    pub pairs: Vec<PairwiseDifference>,
    /// Pairs with too few differing clusters for the joint calibration.
    pub sparse: usize,
    /// Two-sided critical value of the dense pairs, in standard normal units.
    pub critical: f64,
    /// Multiplier draws behind it; 0 where Bonferroni's bound was used instead.
    pub draws: usize,
}

/// Compares all columns at a simultaneous level; larger values are better.
///
/// `columns` holds one vector for each column, in the same order of items, NaN where a value is
/// absent. Items of one entry of `clusters` are not independent. With more than 5 % of a column
/// absent, or where no pair is dense, Bonferroni's bound takes the place of the calibration.
///
/// # Errors
/// Lengths that differ, infinite values, scores outside `[0, 1]` on the unit scale, or a level outside
/// (0, 1).
pub fn compare_all(
    columns: &[Vec<f64>],
    clusters: Option<&[u32]>,
    scale: Scale,
    level: f64,
    seed: u64,
) -> Result<AllPairs, StatsError> {
    open_unit("level", level)?;
    let k = columns.len();
    let columns = Columns::new(columns, clusters, scale)?;
    let positions: Vec<(usize, usize)> = (0..k)
        .flat_map(|i| (i + 1..k).map(move |j| (i, j)))
        .collect();
    let pairs: Vec<Pair> = positions
        .par_iter()
        .map(|&(i, j)| Pair::new(&columns, i, j))
        .collect();
    let alpha = 1.0 - level;
    let share = alpha / pairs.len().max(1) as f64;
    let dense: Vec<(usize, usize)> = positions
        .iter()
        .zip(&pairs)
        .filter(|(_, pair)| pair.is_dense())
        .map(|(at, _)| *at)
        .collect();
    let bonferroni = norm_quantile(1.0 - 0.5 * share);
    let calibrated = (columns.absent <= MOST_ABSENT && !dense.is_empty())
        .then(|| {
            critical_value(
                &covariance(&columns),
                &dense,
                share * dense.len() as f64,
                seed,
            )
        })
        .flatten()
        // Never wider than what needs no calibration.
        .map(|critical| critical.min(bonferroni));
    let critical = calibrated.unwrap_or(bonferroni);
    let dense_alpha = 2.0 * norm_sf(critical);
    let decided = positions
        .par_iter()
        .zip(&pairs)
        .map(|(&at, pair)| decide(at, pair, share, dense_alpha))
        .collect();
    Ok(AllPairs {
        columns: k,
        level,
        pairs: decided,
        sparse: pairs.len() - dense.len(),
        critical,
        draws: if calibrated.is_some() { DRAWS } else { 0 },
    })
}

fn decide(
    (first, second): (usize, usize),
    pair: &Pair,
    share: f64,
    dense_alpha: f64,
) -> PairwiseDifference {
    let dense = pair.is_dense();
    let mut bounds = pair.limits(if dense { dense_alpha } else { share });
    let excludes = |b: &Bounds| b.lo.is_some_and(|lo| lo > 0.0) || b.hi.is_some_and(|hi| hi < 0.0);
    let signs = pair.sign_p() <= 0.5 * share;
    let shown = if pair.is_constant() {
        signs && pair.mean != 0.0
    } else {
        excludes(&bounds) && (dense || signs)
    };
    if !shown {
        // The exact test disagrees: the limits must not say more than it does.
        bounds.lo = bounds.lo.map(|lo| lo.min(0.0));
        bounds.hi = bounds.hi.map(|hi| hi.max(0.0));
    }
    PairwiseDifference {
        first,
        second,
        n: pair.n,
        difference: pair.mean,
        bounds,
        shown,
    }
}

impl AllPairs {
    /// The difference `first - second`, in either order of positions; `None` for the same column.
    pub fn between(&self, first: usize, second: usize) -> Option<PairwiseDifference> {
        let (low, high) = (first.min(second), first.max(second));
        if low == high || high >= self.columns {
            return None;
        }
        // Rows before `low` hold k-1, k-2, … pairs.
        let before = low * (2 * self.columns - low - 1) / 2;
        let pair = *self.pairs.get(before + high - low - 1)?;
        Some(if first < second {
            pair
        } else {
            PairwiseDifference {
                first,
                second,
                difference: 0.0 - pair.difference,
                bounds: Bounds {
                    lo: pair.bounds.hi.map(|x| 0.0 - x),
                    hi: pair.bounds.lo.map(|x| 0.0 - x),
                },
                ..pair
            }
        })
    }

    /// Whether the first column is shown to be better than the second.
    pub fn beats(&self, first: usize, second: usize) -> bool {
        self.between(first, second)
            .is_some_and(|pair| pair.shown && pair.difference > 0.0)
    }

    /// The ranks that each column may have, 1 the best; all of them hold together at [`Self::level`].
    pub fn rank_sets(&self) -> Vec<RankSet> {
        rank_sets(self.columns, |a, b| self.beats(a, b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(n: usize, share: f64, turn: usize) -> Vec<f64> {
        (0..n)
            .map(|i| {
                f64::from(u8::from(
                    (((i * 7919 + turn * 104_729) % n) as f64) < share * n as f64,
                ))
            })
            .collect()
    }

    #[test]
    fn clear_differences_are_ranked_and_equal_ones_are_not() {
        let columns = [
            column(1000, 0.9, 1),
            column(1000, 0.7, 2),
            column(1000, 0.7, 3),
        ];
        let all = compare_all(&columns, None, Scale::Unit, 0.95, 1).unwrap();
        let sets = all.rank_sets();
        assert_eq!((sets[0].best, sets[0].worst), (1, 1));
        assert_eq!((sets[1].best, sets[1].worst), (2, 3));
        assert_eq!(sets[1], sets[2]);
        assert!(all.beats(0, 2) && !all.beats(2, 0) && !all.beats(1, 2));
        let (there, back) = (all.between(0, 1).unwrap(), all.between(1, 0).unwrap());
        assert_eq!(there.difference, -back.difference);
        assert_eq!(there.bounds.lo, back.bounds.hi.map(|x| -x));
        assert!(all.draws > 0 && all.critical < norm_quantile(1.0 - 0.05 / 6.0) + 1e-12);
    }

    #[test]
    fn nothing_is_shown_from_nothing() {
        let same = column(500, 0.8, 1);
        for columns in [
            vec![same.clone(), same.clone(), same],
            vec![vec![1.0], vec![0.0], vec![1.0]],
            vec![Vec::new(), Vec::new(), Vec::new()],
            vec![vec![f64::NAN; 3], vec![1.0; 3], vec![0.0; 3]],
        ] {
            for scale in [Scale::Unit, Scale::Free] {
                let all = compare_all(&columns, None, scale, 0.95, 1).unwrap();
                for set in all.rank_sets() {
                    assert_eq!((set.best, set.worst), (1, 3), "{columns:?}");
                }
                for pair in &all.pairs {
                    let (lo, hi) = (pair.bounds.lo, pair.bounds.hi);
                    assert!(lo.is_none() || lo < hi, "zero width: {pair:?}");
                }
            }
        }
        assert!(
            compare_all(&[], None, Scale::Unit, 0.95, 1)
                .unwrap()
                .pairs
                .is_empty()
        );
    }

    #[test]
    fn five_flips_one_way_do_not_decide_among_three() {
        // Tango alone at a third of 5 % would: z = 2.45 > 2.39. The exact test does not: 1/64.
        let base = column(200, 0.5, 1);
        let mut better = base.clone();
        let zeros: Vec<usize> = (0..200).filter(|&i| base[i] == 0.0).take(6).collect();
        zeros.iter().for_each(|&i| better[i] = 1.0);
        let all = compare_all(&[better, base.clone(), base], None, Scale::Unit, 0.95, 1).unwrap();
        assert!(all.pairs.iter().all(|p| !p.shown));
        assert_eq!(all.pairs[0].bounds.lo, Some(0.0));
    }

    #[test]
    fn items_repeated_in_their_cluster_decide_no_more() {
        let a = column(60, 0.7, 1);
        let b = column(60, 0.45, 2);
        let c = column(60, 0.5, 3);
        let shown = |copies: usize, clustered: bool| {
            let repeat = |x: &[f64]| x.repeat(copies);
            let ids: Vec<u32> = (0..60u32).collect::<Vec<_>>().repeat(copies);
            let columns = [repeat(&a), repeat(&b), repeat(&c)];
            let ids = clustered.then_some(ids.as_slice());
            let all = compare_all(&columns, ids, Scale::Unit, 0.95, 1).unwrap();
            all.pairs.iter().filter(|p| p.shown).count()
        };
        assert_eq!(shown(20, true), shown(1, false));
        assert!(
            shown(20, false) > shown(1, false),
            "the copies must be seen as such"
        );
    }

    #[test]
    fn bad_input_is_named() {
        let ok = vec![0.0, 1.0];
        let all = |columns: &[Vec<f64>]| compare_all(columns, None, Scale::Unit, 0.95, 1);
        assert!(all(&[ok.clone(), vec![0.0]]).is_err());
        assert!(all(&[ok.clone(), vec![0.0, 2.0]]).is_err());
        assert!(all(&[ok.clone(), vec![0.0, f64::INFINITY]]).is_err());
        assert!(compare_all(&[ok], None, Scale::Unit, 1.0, 1).is_err());
    }
}
