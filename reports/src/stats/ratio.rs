//! Ratio of sums, `sum(candidate) / sum(baseline)`: the estimand for money. One minus it is the
//! saving. The mean of per-item ratios answers a different question and is not offered.

use std::collections::BTreeMap;

use super::error::{StatsError, finite, open_unit, same_len};
use super::interval::{Bounds, Interval};
use super::special::t_quantile;

/// A ratio of sums with the moments its intervals need.
///
/// Sums are taken per cluster (pass `None` for independent items); `C` is the number of clusters.
/// Assumption: independent clusters. Failure mode: heavy tails, where a few items carry the total; the
/// intervals are then too short at small `C`, so show the share of the top 1 % of items beside them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratio {
    /// `sum(candidate) / sum(baseline)`.
    pub ratio: f64,
    /// Delta-method standard error: that of the mean of `a - R b`, over `mean(b)`; `None` at `C = 1`.
    pub delta_se: Option<f64>,
    /// Delete-one-cluster jackknife standard error; `None` at `C = 1` or when a leave-one-out
    /// denominator vanishes.
    pub jackknife_se: Option<f64>,
    /// Number of clusters.
    pub clusters: usize,
    mean_a: f64,
    mean_b: f64,
    var_a: f64,
    var_b: f64,
    cov: f64,
}

/// Fieller's confidence set of a ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fieller {
    /// `t^2 var(mean b) / mean(b)^2`. The delta interval is adequate below 0.05; from 1 on the
    /// denominator is not distinguishable from zero.
    pub g: f64,
    /// The interval; both ends `None` when `g >= 1` and no ratio can be excluded with confidence.
    pub bounds: Bounds,
}

/// Ratio of the sums of `candidate` and `baseline`, paired item by item.
///
/// # Errors
/// Empty or non-finite data, lengths that differ, or a baseline that adds up to zero.
pub fn ratio_of_sums(
    candidate: &[f64],
    baseline: &[f64],
    clusters: Option<&[u32]>,
) -> Result<Ratio, StatsError> {
    finite("candidate", candidate, 1)?;
    finite("baseline", baseline, 1)?;
    same_len("candidate and baseline", candidate.len(), baseline.len())?;
    let pairs = totals(candidate, baseline, clusters)?;
    let c = pairs.len() as f64;
    let (sum_a, sum_b) = pairs
        .iter()
        .fold((0.0, 0.0), |(a, b), p| (a + p.0, b + p.1));
    if sum_b == 0.0 {
        let why = "the baseline adds up to zero, so there is nothing to divide by";
        return Err(StatsError::Undetermined {
            what: "ratio of sums",
            why,
        });
    }
    let (mean_a, mean_b, ratio) = (sum_a / c, sum_b / c, sum_a / sum_b);
    let product = |f: fn(f64, f64) -> f64| -> f64 {
        pairs
            .iter()
            .map(|p| f(p.0 - mean_a, p.1 - mean_b))
            .sum::<f64>()
            / (c - 1.0)
            / c
    };
    let (var_a, var_b, cov) = (
        product(|a, _| a * a),
        product(|_, b| b * b),
        product(|a, b| a * b),
    );
    let residual: f64 = pairs.iter().map(|p| (p.0 - ratio * p.1).powi(2)).sum();
    let delta_se = (pairs.len() > 1).then(|| (residual / (c - 1.0) / c).sqrt() / mean_b.abs());
    let jackknife_se = jackknife(&pairs, sum_a, sum_b);
    Ok(Ratio {
        ratio,
        delta_se,
        jackknife_se,
        clusters: pairs.len(),
        mean_a,
        mean_b,
        var_a,
        var_b,
        cov,
    })
}

fn totals(
    candidate: &[f64],
    baseline: &[f64],
    clusters: Option<&[u32]>,
) -> Result<Vec<(f64, f64)>, StatsError> {
    let items = candidate.iter().copied().zip(baseline.iter().copied());
    let Some(ids) = clusters else {
        return Ok(items.collect());
    };
    same_len("items and clusters", candidate.len(), ids.len())?;
    let mut by_id: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for ((a, b), &id) in items.zip(ids) {
        let total = by_id.entry(id).or_default();
        total.0 += a;
        total.1 += b;
    }
    Ok(by_id.into_values().collect())
}

fn jackknife(pairs: &[(f64, f64)], sum_a: f64, sum_b: f64) -> Option<f64> {
    if pairs.len() < 2 || pairs.iter().any(|p| sum_b - p.1 == 0.0) {
        return None;
    }
    let left_out: Vec<f64> = pairs
        .iter()
        .map(|p| (sum_a - p.0) / (sum_b - p.1))
        .collect();
    let c = pairs.len() as f64;
    let mean = left_out.iter().sum::<f64>() / c;
    let squares: f64 = left_out.iter().map(|r| (r - mean).powi(2)).sum();
    Some(((c - 1.0) / c * squares).sqrt())
}

impl Ratio {
    /// Delta-method interval with `t` quantiles at `C - 1` degrees of freedom; `None` at `C = 1`.
    ///
    /// # Errors
    /// A level outside (0, 1).
    pub fn delta_interval(&self, level: f64) -> Result<Option<Interval>, StatsError> {
        let t = self.critical(level)?;
        Ok(self.delta_se.map(|se| Interval::around(self.ratio, t * se)))
    }

    /// Jackknife interval with `t` quantiles at `C - 1` degrees of freedom; `None` as
    /// [`Self::jackknife_se`].
    ///
    /// # Errors
    /// A level outside (0, 1).
    pub fn jackknife_interval(&self, level: f64) -> Result<Option<Interval>, StatsError> {
        let t = self.critical(level)?;
        Ok(self
            .jackknife_se
            .map(|se| Interval::around(self.ratio, t * se)))
    }

    /// Fieller's (1954) confidence set: exact under joint normality of the two means, and honest when
    /// the denominator is noisy. `None` at `C = 1`.
    ///
    /// # Errors
    /// A level outside (0, 1).
    pub fn fieller(&self, level: f64) -> Result<Option<Fieller>, StatsError> {
        let t = self.critical(level)?;
        if self.clusters < 2 {
            return Ok(None);
        }
        let t2 = t * t;
        let g = t2 * self.var_b / (self.mean_b * self.mean_b);
        let a = self.mean_b * self.mean_b - t2 * self.var_b;
        let b = self.mean_a * self.mean_b - t2 * self.cov;
        let c = self.mean_a * self.mean_a - t2 * self.var_a;
        let bounds = if g >= 1.0 {
            Bounds { lo: None, hi: None }
        } else {
            Interval::around(b / a, (b * b - a * c).max(0.0).sqrt() / a).into()
        };
        Ok(Some(Fieller { g, bounds }))
    }

    fn critical(&self, level: f64) -> Result<f64, StatsError> {
        open_unit("level", level)?;
        Ok(t_quantile(
            0.5 + 0.5 * level,
            (self.clusters as f64 - 1.0).max(1.0),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identical_arms_cost_the_same_with_certainty() {
        let cost = [1.0, 2.5, 0.3, 9.0];
        let r = ratio_of_sums(&cost, &cost, None).unwrap();
        assert_eq!((r.ratio, r.delta_se), (1.0, Some(0.0)));
        assert!(r.fieller(0.5).unwrap().unwrap().bounds.contains(1.0));
    }

    #[test]
    fn singleton_clusters_change_nothing_and_one_cluster_gives_no_interval() {
        let (a, b) = ([1.0, 0.5, 2.0], [2.0, 1.0, 2.5]);
        let plain = ratio_of_sums(&a, &b, None).unwrap();
        assert_eq!(ratio_of_sums(&a, &b, Some(&[0, 1, 2])).unwrap(), plain);
        let one = ratio_of_sums(&a, &b, Some(&[4, 4, 4])).unwrap();
        assert_eq!(one.delta_interval(0.95).unwrap(), None);
        assert_eq!(one.fieller(0.95).unwrap(), None);
    }

    #[test]
    fn a_noisy_denominator_is_reported_as_unbounded() {
        let r = ratio_of_sums(&[1.0, 1.0, 1.0], &[-5.0, 0.5, 5.0], None).unwrap();
        let fieller = r.fieller(0.95).unwrap().unwrap();
        assert!(fieller.g > 1.0);
        assert_eq!(fieller.bounds, Bounds { lo: None, hi: None });
        assert!(ratio_of_sums(&[1.0], &[0.0], None).is_err());
    }
}
