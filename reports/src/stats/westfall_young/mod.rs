//! Westfall-Young min-p adjustment over overlapping slices by joint sign flips.
//!
//! Under "the candidate is not worse", the sign of each independent unit (an item, or a cluster of
//! items) is exchangeable. One flip changes the sign of a unit in *every* slice that contains it, so
//! overlap, correlation and discreteness of the slices are all in the reference distribution. Units
//! without a difference never move and cost nothing.
//!
//! Sources: Westfall and Young 1993; Ge, Dudoit and Speed 2003 for the min-p computation.

mod bits;
mod counter;
mod counts;
mod minp;
mod slices;
mod sums;
mod tails;

use bits::Flips;
use slices::{Kind, Members};

use super::error::StatsError;

/// Most units for which all sign patterns are enumerated.
const MAX_EXHAUSTIVE_UNITS: usize = 24;

/// Result for one slice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SliceP {
    /// One-sided p-value of the slice alone; small when the candidate is worse.
    pub p_raw: f64,
    /// Single-step family-wise adjusted p-value: the chance under "no slice got worse" that *any*
    /// slice shows a p-value this small.
    pub p_adjusted: f64,
    /// Step-down adjusted p-value, never above [`Self::p_adjusted`]: rejected slices leave the
    /// comparison. Family-wise control as well (subset pivotality holds for sign flips).
    pub p_step_down: f64,
    /// Monte-Carlo standard error of [`Self::p_adjusted`]; 0 when every pattern was enumerated.
    pub mc_se: f64,
}

/// Results in the order of the slices.
#[derive(Debug, Clone, PartialEq)]
pub struct WestfallYoungResult {
    /// One entry per slice.
    pub slices: Vec<SliceP>,
    /// Number of sign patterns looked at.
    pub flips: u64,
    /// Whether these were all patterns there are.
    pub exact: bool,
}

/// A prepared problem: which units with a difference belong to which slice.
///
/// ```
/// use weighbridge_reports::stats::westfall_young::WestfallYoung;
/// let d = [-1.0, -1.0, -1.0, -1.0, -1.0, 0.0, 1.0, -1.0];
/// let slices = [vec![0, 1, 2, 3, 4, 5], vec![4, 5, 6, 7]];
/// let result = WestfallYoung::new(&slices, &d, None)?.run(10_000, 7)?;
/// assert!(result.exact); // 7 discordant items have only 128 sign patterns
/// assert_eq!(result.slices[0].p_raw, 1.0 / 32.0);
/// # Ok::<(), weighbridge_reports::stats::StatsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct WestfallYoung {
    members: Members,
}

impl WestfallYoung {
    /// Prepares slices given as lists of item indices into `d`, the paired differences. `cluster`
    /// names the independent unit of each item; `None` means that every item is its own. Slices may
    /// overlap and may be empty.
    ///
    /// When the net difference of every unit in every slice is -1, 0 or 1, the p-value of a slice is
    /// the exact binomial sign test; otherwise it is the permutation p-value of the summed loss.
    ///
    /// # Errors
    /// A difference that is not finite, lengths that differ, or an index that is out of range or
    /// repeated within a slice.
    pub fn new<S: AsRef<[u32]>>(
        slices: &[S],
        d: &[f64],
        cluster: Option<&[u32]>,
    ) -> Result<Self, StatsError> {
        Ok(Self {
            members: Members::new(slices, d, cluster)?,
        })
    }

    /// Number of independent units with a difference in at least one item.
    pub fn units(&self) -> usize {
        self.members.moving
    }

    /// Runs `flips` random sign patterns (10,000 resolve 1e-4), or all patterns when there are no more
    /// than that. The bits depend on the seed, the rank of the unit (by item index or cluster id, among
    /// the units with a difference) and the number of the block of 64 flips only, so every thread
    /// count gives the same result, and items without a difference do not touch it. Monte-Carlo
    /// p-values use the add-one rule and are never 0.
    ///
    /// # Errors
    /// `flips = 0`, or more memory than a graded problem of this size may use.
    pub fn run(&self, flips: u64, seed: u64) -> Result<WestfallYoungResult, StatsError> {
        if flips == 0 {
            return Err(StatsError::TooFew {
                what: "flips",
                got: 0,
                needed: 1,
            });
        }
        let exhaustive = self.units() <= MAX_EXHAUSTIVE_UNITS && 1_u64 << self.units() <= flips;
        let source = if exhaustive {
            Flips::exhaustive(self.units())
        } else {
            Flips::random(flips, seed)
        };
        self.evaluate(&source)
    }

    /// Enumerates every sign pattern.
    ///
    /// # Errors
    /// More than 24 units with a difference.
    pub fn run_exact(&self) -> Result<WestfallYoungResult, StatsError> {
        if self.units() > MAX_EXHAUSTIVE_UNITS {
            let why = "more than 24 units differ; use random flips";
            return Err(StatsError::Undetermined {
                what: "exact enumeration of sign flips",
                why,
            });
        }
        self.evaluate(&Flips::exhaustive(self.units()))
    }

    fn evaluate(&self, source: &Flips) -> Result<WestfallYoungResult, StatsError> {
        let slices = match self.members.kind {
            Kind::Signs => counts::evaluate(&self.members, source),
            Kind::Sums => sums::evaluate(&self.members, source)?,
        };
        Ok(WestfallYoungResult {
            slices,
            flips: source.total(),
            exact: source.is_exact(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graded_and_binary_paths_agree_on_binary_data() {
        // Doubling every difference forces the sum path on the same sign test.
        let d: Vec<f64> = (0..12)
            .map(|i| if i % 4 == 1 { 1.0 } else { -1.0 })
            .collect();
        let slices = [
            vec![0, 1, 2, 3, 4, 6],
            vec![4, 5, 6, 7, 8],
            (0..12).collect(),
        ];
        let doubled: Vec<f64> = d.iter().map(|x| 2.0 * x).collect();
        let binary = WestfallYoung::new(&slices, &d, None)
            .unwrap()
            .run_exact()
            .unwrap();
        let graded = WestfallYoung::new(&slices, &doubled, None)
            .unwrap()
            .run_exact()
            .unwrap();
        for (a, b) in binary.slices.iter().zip(&graded.slices) {
            assert!((a.p_raw - b.p_raw).abs() < 1e-12, "{a:?} {b:?}");
            assert!((a.p_adjusted - b.p_adjusted).abs() < 1e-12, "{a:?} {b:?}");
            assert!((a.p_step_down - b.p_step_down).abs() < 1e-12, "{a:?} {b:?}");
        }
    }

    #[test]
    fn random_flips_estimate_the_exact_answer() {
        for scale in [1.0, 0.3] {
            let d: Vec<f64> = (0..15)
                .map(|i| if i % 5 == 1 { scale } else { -scale })
                .collect();
            let slices = [vec![0, 2, 3, 4, 5], (3..15).collect(), vec![1, 6, 11]];
            let problem = WestfallYoung::new(&slices, &d, None).unwrap();
            let (exact, random) = (
                problem.run_exact().unwrap(),
                problem.run(20_000, 3).unwrap(),
            );
            assert!(exact.exact && !random.exact);
            for (a, b) in exact.slices.iter().zip(&random.slices) {
                assert!(
                    (a.p_adjusted - b.p_adjusted).abs() < 5.0 * b.mc_se + 1e-4,
                    "{a:?} {b:?}"
                );
                assert!((a.p_step_down - b.p_step_down).abs() < 0.02, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn no_difference_anywhere_gives_one() {
        let problem = WestfallYoung::new(&[vec![0, 1], vec![]], &[0.0; 2], None).unwrap();
        let result = problem.run(100, 1).unwrap();
        assert_eq!((problem.units(), result.flips, result.exact), (0, 1, true));
        assert!(
            result
                .slices
                .iter()
                .all(|s| s.p_raw == 1.0 && s.p_adjusted == 1.0)
        );
    }

    #[test]
    fn items_without_a_difference_change_no_bit() {
        let d: Vec<f64> = (0..40)
            .map(|i| if i % 3 == 0 { 1.0 } else { -1.0 })
            .collect();
        let padded: Vec<f64> = d.iter().flat_map(|&x| [0.0, x, 0.0]).collect();
        let few = [(0..40).collect::<Vec<u32>>(), (5..25).collect()];
        let many = [(0..120).collect::<Vec<u32>>(), (15..75).collect()];
        let run = |slices: &[Vec<u32>], d: &[f64]| {
            let problem = WestfallYoung::new(slices, d, None).unwrap();
            problem.run(2_000, 5).unwrap()
        };
        assert_eq!(run(&few, &d), run(&many, &padded));
    }

    #[test]
    fn a_cluster_flips_as_one() {
        // Six losses in one cluster are one unit: no evidence beyond a single coin.
        let d = [-1.0; 6];
        let problem = WestfallYoung::new(&[(0..6).collect::<Vec<_>>()], &d, Some(&[5; 6])).unwrap();
        assert_eq!(problem.run_exact().unwrap().slices[0].p_raw, 0.5);
    }

    #[test]
    fn bad_slices_are_refused() {
        assert!(WestfallYoung::new(&[vec![2]], &[0.0; 2], None).is_err());
        assert!(WestfallYoung::new(&[vec![0, 0]], &[1.0; 2], None).is_err());
        assert!(WestfallYoung::new(&[vec![0]], &[f64::NAN], None).is_err());
        assert!(WestfallYoung::new(&[vec![0]], &[1.0], Some(&[])).is_err());
    }
}
