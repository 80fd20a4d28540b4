//! What paired differences say about their mean, by the method that fits them.

use super::bet::Bet;
use super::pairs::Pairs;
use super::slice::Slice;
use super::{LEVEL, needed};
use crate::model::Estimate;
use crate::stats::clustered::{ClusteredMean, ClusteredPaired, clustered_mean};
use crate::stats::paired::{
    PairedCounts, calibrated_lower, calibrated_non_inferiority_p, calibrated_proves,
    calibrated_upper, tango_interval, tango_lower, tango_non_inferiority_p, tango_upper,
};
use crate::stats::planning::{min_n_without_flips, min_n_without_flips_score};
use weighbridge_record::SliceTier;

/// Fewest clusters with a difference before a t interval is trusted.
const MIN_SPREAD_CLUSTERS: usize = 10;

/// Paired differences of a slice, with the method chosen for them.
///
/// * Binary differences without shared clusters: Tango's score interval; limits that a PASS rests on
///   are exact where few samples or few flips make Tango's too bold.
/// * Binary differences with clusters: the score interval widened by the design effect.
/// * Graded differences: CR2 standard errors with Satterthwaite degrees of freedom, when at least
///   10 clusters have a difference and there is spread; otherwise the betting bound.
///
/// No method here proves anything from zero spread.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Pairs.
    pub n: u64,
    /// Clusters among them.
    pub clusters: u64,
    /// Mean difference; 0 without pairs.
    pub mean: f64,
    /// Mean squared difference: the flip rate of binary scores.
    pub mean_square: f64,
    /// Pairs on which the candidate is better.
    pub gains: u64,
    /// Pairs on which it is worse.
    pub losses: u64,
    method: Method,
}

#[derive(Debug, Clone)]
enum Method {
    Empty,
    Tango(PairedCounts),
    /// The same by limits that are exact where Tango's test is not close enough to its level.
    Exact(PairedCounts),
    Score(ClusteredPaired),
    Student(ClusteredMean),
    Betting(Bet),
}

impl Evidence {
    /// The evidence of some pairs, by their positions.
    pub(crate) fn of(pairs: &Pairs, at: &[u32]) -> Self {
        let d: Vec<f64> = gather(&pairs.difference, at);
        let ids = pairs.clusters.as_ref().map(|ids| gather(ids, at));
        let order = || gather(&pairs.order, at);
        let n = d.len();
        let share = |sum: f64| if n == 0 { 0.0 } else { sum / n as f64 };
        Self {
            n: n as u64,
            clusters: ids.as_ref().map_or(n, |ids| distinct(ids)) as u64,
            mean: share(d.iter().sum()),
            mean_square: share(d.iter().map(|x| x * x).sum()),
            gains: d.iter().filter(|x| **x > 0.0).count() as u64,
            losses: d.iter().filter(|x| **x < 0.0).count() as u64,
            method: Method::choose(&d, ids.as_deref(), order),
        }
    }

    /// The evidence on a slice. Claims that a PASS rests on, on critical slices, get limits that hold
    /// their level exactly; all others need no proof and get Tango's, a thousand times cheaper, whose
    /// worst error in small slices is 7 to 9 % at a nominal 5 %.
    pub(crate) fn on(pairs: &Pairs, slice: &Slice) -> Self {
        let evidence = Self::of(pairs, &slice.at);
        match evidence.method {
            Method::Exact(counts) if slice.tier != SliceTier::Critical => Self {
                method: Method::Tango(counts),
                ..evidence
            },
            _ => evidence,
        }
    }

    /// One-sided lower limit of the mean difference at error rate `alpha`; -1 when the data exclude
    /// nothing. Its negative is the certified loss bound.
    pub fn lower(&self, alpha: f64) -> f64 {
        let limit = match &self.method {
            Method::Empty => None,
            Method::Tango(counts) => tango_lower(*counts, alpha).ok(),
            Method::Exact(counts) => calibrated_lower(*counts, alpha).ok(),
            Method::Score(score) => score.lower(alpha).ok(),
            Method::Student(mean) => mean.lower(alpha).ok().flatten(),
            Method::Betting(bet) => bet.lower(alpha),
        };
        limit.unwrap_or(-1.0).clamp(-1.0, 1.0)
    }

    /// One-sided upper limit at error rate `alpha`; 1 when the data exclude nothing.
    pub fn upper(&self, alpha: f64) -> f64 {
        let limit = match &self.method {
            Method::Empty => None,
            Method::Tango(counts) => tango_upper(*counts, alpha).ok(),
            Method::Exact(counts) => calibrated_upper(*counts, alpha).ok(),
            Method::Score(score) => score.upper(alpha).ok(),
            Method::Student(mean) => mean.upper(alpha).ok().flatten(),
            Method::Betting(bet) => bet.upper(alpha),
        };
        limit.unwrap_or(1.0).clamp(-1.0, 1.0)
    }

    /// One-sided p-value of "the loss is `margin` or more". Absent for the betting bound, which
    /// decides by its limit.
    pub fn noninferiority_p(&self, margin: f64) -> Option<f64> {
        match &self.method {
            Method::Empty | Method::Betting(_) => None,
            Method::Tango(counts) => tango_non_inferiority_p(*counts, margin).ok(),
            Method::Exact(counts) => calibrated_non_inferiority_p(*counts, margin).ok(),
            Method::Score(score) => score.non_inferiority_p(margin).ok(),
            Method::Student(mean) => mean.non_inferiority_p(margin).ok().flatten(),
        }
    }

    /// One-sided p-value of "not worse", for slices outside the screen.
    pub fn worse_p(&self) -> Option<f64> {
        match &self.method {
            Method::Empty | Method::Betting(_) => None,
            Method::Tango(c) | Method::Exact(c) => {
                Some(crate::stats::paired::mcnemar_losses_exceed(*c))
            }
            Method::Score(score) => {
                let z = score.statistic(0.0).ok()?;
                Some(crate::stats::special::norm_cdf(z))
            }
            Method::Student(mean) => Some(1.0 - mean.non_inferiority_p(0.0).ok().flatten()?),
        }
    }

    /// Whether a loss of the margin or more is excluded at error rate `alpha`: the certified loss bound
    /// lies below the margin.
    pub fn proves(&self, margin: f64, alpha: f64) -> bool {
        match &self.method {
            // The same statement as the limit's, without the search for it.
            Method::Exact(counts) => calibrated_proves(*counts, margin, alpha).unwrap_or(false),
            _ => self.n > 0 && self.lower(alpha) > -margin,
        }
    }

    /// Fewest samples that could ever prove `margin` at error rate `alpha`, should nothing flip.
    pub(crate) fn least(&self, margin: f64, alpha: f64) -> f64 {
        let score = || min_n_without_flips_score(margin, alpha).map(|n| n as f64);
        let least = match &self.method {
            Method::Exact(_) | Method::Empty => {
                min_n_without_flips(margin, alpha).map(|n| n as f64)
            }
            Method::Tango(_) | Method::Score(_) | Method::Student(_) | Method::Betting(_) => {
                score()
            }
        };
        least.unwrap_or(f64::INFINITY) * self.design_effect()
    }

    /// Whether a loss is shown at error rate `alpha` and its point is beyond the margin.
    pub fn shows_loss(&self, margin: f64, alpha: f64) -> bool {
        self.n > 0 && self.mean < -margin && self.upper(alpha) < 0.0
    }

    /// Samples that would probably prove the margin: at the flip rate seen if nothing changed, or, where
    /// that many are there already, at the loss seen; `None` when that is the margin or more.
    pub fn needed(&self, margin: f64, alpha: f64) -> Option<u64> {
        needed::samples(self, margin, alpha)
    }

    /// The counts of binary differences without clusters: what their tests depend on.
    pub(crate) fn plain_counts(&self) -> Option<PairedCounts> {
        match &self.method {
            Method::Tango(counts) | Method::Exact(counts) => Some(*counts),
            _ => None,
        }
    }

    /// Variance inflation by clusters, at least 1.
    pub(crate) fn design_effect(&self) -> f64 {
        match &self.method {
            Method::Score(score) => score.design_effect,
            Method::Student(mean) => mean.design_effect().unwrap_or(1.0).max(1.0),
            Method::Empty | Method::Tango(_) | Method::Exact(_) | Method::Betting(_) => 1.0,
        }
    }

    /// The difference with its two-sided interval.
    pub fn estimate(&self) -> Estimate {
        let tail = 0.5 * (1.0 - LEVEL);
        let (lower, upper) = match &self.method {
            Method::Empty => (None, None),
            Method::Tango(counts) | Method::Exact(counts) => match tango_interval(*counts, LEVEL) {
                Ok(interval) => (Some(interval.lo), Some(interval.hi)),
                Err(_) => (None, None),
            },
            _ => (Some(self.lower(tail)), Some(self.upper(tail))),
        };
        Estimate {
            point: self.mean,
            lower,
            upper,
            level: LEVEL,
            n: self.n,
            method: self.method_name().to_owned(),
        }
    }

    /// The same for baseline minus candidate: a rise of a rate that should not rise, a loss.
    pub fn mirrored(&self) -> Estimate {
        let estimate = self.estimate();
        Estimate {
            point: 0.0 - estimate.point,
            lower: estimate.upper.map(|x| 0.0 - x),
            upper: estimate.lower.map(|x| 0.0 - x),
            ..estimate
        }
    }

    /// Name of the method, for the reader.
    pub fn method_name(&self) -> &'static str {
        match &self.method {
            Method::Empty => "none: no pair",
            Method::Tango(_) | Method::Exact(_) => "Tango score",
            Method::Score(score) if score.design_effect == 1.0 => "Tango score",
            Method::Score(score) if score.estimated => "Tango score, design effect of clusters",
            Method::Score(_) => "Tango score, clusters taken to flip as one",
            Method::Student(_) => "CR2 t, Satterthwaite",
            Method::Betting(_) => "betting bound",
        }
    }
}

impl Method {
    fn choose(d: &[f64], ids: Option<&[u32]>, order: impl Fn() -> Vec<u64>) -> Self {
        if d.is_empty() {
            return Self::Empty;
        }
        if let Ok(counts) = PairedCounts::from_differences(d) {
            let score = ids.and_then(|ids| ClusteredPaired::new(d, ids).ok());
            return score.map_or(Self::Exact(counts), Self::Score);
        }
        let own: Vec<u32>;
        let groups = match ids {
            Some(ids) => ids,
            None => {
                own = (0..d.len() as u32).collect();
                &own
            }
        };
        let mean = clustered_mean(d, groups).ok().filter(|mean| {
            mean.nonzero_clusters >= MIN_SPREAD_CLUSTERS
                && mean.interval(LEVEL).is_ok_and(|i| i.is_some())
        });
        match mean {
            Some(mean) => Self::Student(mean),
            None => Self::Betting(Bet::differences(d, groups, &order())),
        }
    }
}

pub(crate) fn gather<T: Copy>(values: &[T], at: &[u32]) -> Vec<T> {
    at.iter().map(|&i| values[i as usize]).collect()
}

fn distinct(ids: &[u32]) -> usize {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids.len()
}
