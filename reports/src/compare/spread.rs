//! The mean of values in `[0, 1]` that belong to samples, with its interval.

use super::Frame;
use super::bet::Bet;
use crate::model::Estimate;
use crate::stats::clustered::clustered_mean;

/// Fewest clusters with a value other than 0 before a t interval is trusted.
const MIN_CLUSTERS: usize = 10;

/// Values of some samples.
pub(crate) struct Spread<'a> {
    values: &'a [f64],
    clusters: Vec<u32>,
    order: Vec<u64>,
}

impl<'a> Spread<'a> {
    /// Values of the samples `at`, in the same order.
    pub(crate) fn of(frame: &Frame<'_>, values: &'a [f64], at: &[u32]) -> Self {
        let cluster = |&i: &u32| frame.clusters.as_ref().map_or(i, |ids| ids[i as usize]);
        Self {
            values,
            clusters: at.iter().map(cluster).collect(),
            order: at.iter().map(|&i| frame.order[i as usize]).collect(),
        }
    }

    /// CR2 with Satterthwaite degrees of freedom where at least 10 clusters have a value, the betting
    /// bound otherwise; limits are kept in `[0, 1]`.
    pub(crate) fn estimate(&self, level: f64) -> Estimate {
        let n = self.values.len();
        if n == 0 {
            return Estimate {
                point: 0.0,
                lower: None,
                upper: None,
                level,
                n: 0,
                method: "none: no sample".to_owned(),
            };
        }
        let mean = clustered_mean(self.values, &self.clusters).ok();
        let student = mean
            .filter(|m| m.nonzero_clusters >= MIN_CLUSTERS)
            .and_then(|m| m.interval(level).ok().flatten());
        let tail = 0.5 * (1.0 - level);
        let (lower, upper, method) = match student {
            Some(interval) => (Some(interval.lo), Some(interval.hi), "CR2 t, Satterthwaite"),
            None => {
                let bet = Bet::differences(self.values, &self.clusters, &self.order);
                (bet.lower(tail), bet.upper(tail), "betting bound")
            }
        };
        Estimate {
            point: self.values.iter().sum::<f64>() / n as f64,
            lower: lower.map(|x| x.clamp(0.0, 1.0)),
            upper: upper.map(|x| x.clamp(0.0, 1.0)),
            level,
            n: n as u64,
            method: method.to_owned(),
        }
    }
}
