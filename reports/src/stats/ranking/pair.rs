//! What two columns say about each other, before any level is chosen.

use super::columns::{Columns, Scale};
use crate::stats::clustered::{ClusteredMean, ClusteredPaired, Group, mean_of_groups};
use crate::stats::paired::PairedCounts;
use crate::stats::special::binom_sf;
use crate::stats::{Bounds, Interval};

/// Clusters that must differ before a pair is dense.
pub(super) const DENSE: u64 = 30;

/// Clusters that must differ before a t interval is trusted.
const MIN_SPREAD: usize = 10;

/// One pair: the first column minus the second.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) n: u64,
    pub(super) mean: f64,
    /// Clusters with a net difference above 0, and below.
    above: u64,
    below: u64,
    method: Method,
}

#[derive(Debug, Clone)]
enum Method {
    /// Too little to say anything.
    None,
    Score(ClusteredPaired),
    Student(ClusteredMean),
    /// Graded scores of which few differ: limits as if each difference were a whole point.
    Whole(ClusteredPaired),
}

impl Pair {
    /// Compares two columns.
    pub(super) fn new(columns: &Columns<'_>, first: usize, second: usize) -> Self {
        if let (Some(a), Some(b)) = (&columns.bits[first], &columns.bits[second]) {
            return Self::of_counts(a.against(b));
        }
        let (a, b) = (&columns.values[first], &columns.values[second]);
        match columns.clusters {
            None => Self::of_items(columns, a, b),
            Some(_) => Self::of_clusters(columns, a, b),
        }
    }

    fn of_counts(counts: PairedCounts) -> Self {
        let method = if counts.n == 0 {
            Method::None
        } else {
            Method::Score(independent(counts))
        };
        Self {
            n: counts.n,
            mean: if counts.n == 0 {
                0.0
            } else {
                counts.difference()
            },
            above: counts.gains,
            below: counts.losses,
            method,
        }
    }

    fn of_items(columns: &Columns<'_>, a: &[f64], b: &[f64]) -> Self {
        let mut tally = Tally::default();
        for (x, y) in a.iter().zip(b) {
            tally.add(x - y);
        }
        let n = tally.n as f64;
        let mean = if tally.n == 0 { 0.0 } else { tally.sum / n };
        // A second pass: the squares of large equal numbers would cancel to noise.
        let squares: f64 = a
            .iter()
            .zip(b)
            .map(|(x, y)| x - y - mean)
            .filter(|d| !d.is_nan())
            .map(|d| d * d)
            .sum();
        let counts = tally.counts();
        let spread = ClusteredMean {
            mean,
            n: tally.n as usize,
            clusters: tally.n as usize,
            nonzero_clusters: (tally.above + tally.below) as usize,
            se_iid: None,
            se_cr0: None,
            se_cr1: None,
            // With clusters of one item CR2 is the textbook error.
            se_cr2: (tally.n > 1).then(|| (squares / (n - 1.0) / n).sqrt()),
            se_cr3: None,
            df: (tally.n > 1).then_some(n - 1.0),
        };
        Self {
            n: tally.n,
            mean,
            above: tally.above,
            below: tally.below,
            method: Method::choose(columns.scale, &tally, independent(counts), spread),
        }
    }

    fn of_clusters(columns: &Columns<'_>, a: &[f64], b: &[f64]) -> Self {
        let mut tally = Tally::default();
        let mut groups = vec![Group::default(); columns.cluster_count()];
        for (item, (x, y)) in a.iter().zip(b).enumerate() {
            let d = x - y;
            if tally.add(d) {
                let group = &mut groups[columns.cluster(item)];
                group.size += 1.0;
                group.sum += d;
                group.nonzero |= d != 0.0;
            }
        }
        groups.retain(|g| g.size > 0.0);
        let above = groups.iter().filter(|g| g.sum > 0.0).count() as u64;
        let below = groups.iter().filter(|g| g.sum < 0.0).count() as u64;
        // The error that ignores clusters is not used here.
        let spread = mean_of_groups(&groups, tally.n as usize, 0.0);
        let method = if tally.n == 0 {
            Method::None
        } else {
            let score = ClusteredPaired::of_groups(tally.counts(), &groups);
            Method::choose(columns.scale, &tally, score, spread)
        };
        Self {
            n: tally.n,
            mean: if tally.n == 0 { 0.0 } else { spread.mean },
            above,
            below,
            method,
        }
    }

    /// Whether enough clusters differ for a joint calibration.
    pub(super) fn is_dense(&self) -> bool {
        self.above + self.below >= DENSE
            && matches!(self.method, Method::Score(_) | Method::Student(_))
    }

    /// One-sided exact sign test over the clusters with a net difference, in the direction seen
    /// (McNemar's exact test where no items share clusters).
    pub(super) fn sign_p(&self) -> f64 {
        let flips = self.above + self.below;
        match self.above.max(self.below) {
            0 => 1.0,
            most => binom_sf(most, flips, 0.5),
        }
    }

    /// Two-sided limits at error rate `alpha`, where the data give any.
    pub(super) fn limits(&self, alpha: f64) -> Bounds {
        let level = 1.0 - alpha;
        let interval = match &self.method {
            Method::None => None,
            Method::Score(score) => score.interval(level).ok(),
            Method::Student(mean) => mean.interval(level).ok().flatten(),
            Method::Whole(worst) => whole(worst, level),
        };
        Bounds {
            lo: interval.map(|i| i.lo),
            hi: interval.map(|i| i.hi),
        }
    }

    /// Whether the values have no spread at all although they differ: each difference is the same.
    pub(super) fn is_constant(&self) -> bool {
        matches!(&self.method, Method::Student(mean) if mean.se_cr2.is_none_or(|se| se == 0.0))
    }
}

impl Method {
    fn choose(scale: Scale, tally: &Tally, score: ClusteredPaired, spread: ClusteredMean) -> Self {
        match scale {
            _ if tally.n == 0 => Self::None,
            Scale::Unit if !tally.graded => Self::Score(score),
            Scale::Unit if spread.nonzero_clusters < MIN_SPREAD => Self::Whole(score),
            Scale::Free if spread.nonzero_clusters < MIN_SPREAD => Self::None,
            Scale::Unit if spread.se_cr2.is_none_or(|se| se == 0.0) => Self::Whole(score),
            Scale::Unit | Scale::Free => Self::Student(spread),
        }
    }
}

/// Binary pairs without shared clusters.
fn independent(counts: PairedCounts) -> ClusteredPaired {
    ClusteredPaired {
        counts,
        clusters: counts.n as usize,
        design_effect: 1.0,
        estimated: true,
    }
}

/// Limits of the mean of differences in `[-1, 1]` of which few are not 0: the mean is at least that
/// with every loss a whole point and no gain, and at most that with every gain a whole point.
fn whole(score: &ClusteredPaired, level: f64) -> Option<Interval> {
    let only = |gains: u64, losses: u64| ClusteredPaired {
        counts: PairedCounts {
            gains,
            losses,
            n: score.counts.n,
        },
        ..*score
    };
    let lowest = only(0, score.counts.losses).interval(level).ok()?;
    let highest = only(score.counts.gains, 0).interval(level).ok()?;
    Some(Interval::new(lowest.lo, highest.hi))
}

#[derive(Debug, Default)]
struct Tally {
    n: u64,
    sum: f64,
    above: u64,
    below: u64,
    graded: bool,
}

impl Tally {
    /// Counts a difference; `false` where it is absent.
    fn add(&mut self, d: f64) -> bool {
        if d.is_nan() {
            return false;
        }
        self.n += 1;
        self.sum += d;
        self.above += u64::from(d > 0.0);
        self.below += u64::from(d < 0.0);
        self.graded |= d != 0.0 && d.abs() != 1.0;
        true
    }

    fn counts(&self) -> PairedCounts {
        PairedCounts {
            gains: self.above,
            losses: self.below,
            n: self.n,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::clustered::clustered_mean;

    fn columns<'a>(values: &'a [Vec<f64>], clusters: Option<&[u32]>, scale: Scale) -> Columns<'a> {
        Columns::new(values, clusters, scale).unwrap()
    }

    #[test]
    fn graded_pairs_have_the_clustered_interval() {
        let a: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 11) / 10.0).collect();
        let b: Vec<f64> = (0..60).map(|i| f64::from(i * 23 % 7) / 10.0).collect();
        let ids: Vec<u32> = (0..60).map(|i| i / 3).collect();
        let values = [a.clone(), b.clone()];
        let d: Vec<f64> = a.iter().zip(&b).map(|(x, y)| x - y).collect();
        for clusters in [None, Some(ids.as_slice())] {
            let own: Vec<u32> = (0..60).collect();
            let pair = Pair::new(&columns(&values, clusters, Scale::Unit), 0, 1);
            let mean = clustered_mean(&d, clusters.unwrap_or(&own)).unwrap();
            let expected = mean.interval(0.99).unwrap().unwrap();
            let found = pair.limits(0.01);
            assert!((found.lo.unwrap() - expected.lo).abs() < 1e-12);
            assert!((found.hi.unwrap() - expected.hi).abs() < 1e-12);
        }
    }

    #[test]
    fn few_graded_differences_are_taken_for_whole_points() {
        let a = vec![0.5; 200];
        let mut b = a.clone();
        b[7] = 0.4;
        let values = [a.clone(), b, a];
        let columns = columns(&values, None, Scale::Unit);
        let one = Pair::new(&columns, 0, 1);
        let none = Pair::new(&columns, 0, 2).limits(0.05);
        let limits = one.limits(0.05);
        assert!(limits.lo < Some(0.0) && limits.hi > none.hi);
        assert!(
            none.hi > Some(0.018),
            "no flips still leave a width: {none:?}"
        );
        assert_eq!(one.sign_p(), 0.5);
    }

    #[test]
    fn costs_without_spread_have_no_interval_but_a_sign() {
        let values = [vec![2.0; 40], vec![1.0; 40]];
        let pair = Pair::new(&columns(&values, None, Scale::Free), 0, 1);
        assert_eq!(pair.limits(0.05), Bounds { lo: None, hi: None });
        assert!(pair.is_constant() && pair.sign_p() < 1e-11);
    }
}
