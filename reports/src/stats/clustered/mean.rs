//! Cluster-robust standard errors of a mean and the small-sample interval built on them.

use super::groups::{Group, groups};
use crate::stats::error::{StatsError, finite, open_unit, same_len};
use crate::stats::interval::Interval;
use crate::stats::special::{t_quantile, t_sf};

/// A mean with its cluster-robust standard errors, all in units of the values.
///
/// With cluster residual sums `S_g`, sizes `n_g` and `n` items in `C` clusters:
/// CR0 is `sqrt(sum S_g^2) / n`; CR1 multiplies by `sqrt(C/(C-1))`; CR2 divides each `S_g` by
/// `sqrt(1 - n_g/n)`; CR3 divides by `1 - n_g/n` (the jackknife, up to a constant).
/// With singleton clusters CR2 is the textbook `sd / sqrt(n)` and the degrees of freedom are `n - 1`.
///
/// Sources: Liang and Zeger 1986; Bell and McCaffrey 2002; Pustejovsky and Tipton 2018; Miller 2024
/// (arXiv 2411.00640) for CR0 in evaluations.
///
/// Failure modes: with a single cluster nothing can be estimated, and every error is `None`. With zero
/// spread the estimated error is 0 whatever the truth; [`Self::interval`] is `None` then, because such
/// an interval would prove anything. Use Tango's or the betting bound in both cases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusteredMean {
    /// Mean over items.
    pub mean: f64,
    /// Number of items.
    pub n: usize,
    /// Number of clusters.
    pub clusters: usize,
    /// Clusters with at least one value that is not zero: for paired differences, the clusters that
    /// carry information about the spread. Ask for at least 10 before trusting a t interval.
    pub nonzero_clusters: usize,
    /// `sd / sqrt(n)`, ignoring clusters; `None` for one item.
    pub se_iid: Option<f64>,
    /// Uncorrected clustered error.
    pub se_cr0: Option<f64>,
    /// CR0 times `sqrt(C/(C-1))`.
    pub se_cr1: Option<f64>,
    /// Bias-reduced error: the default.
    pub se_cr2: Option<f64>,
    /// Jackknife-type error.
    pub se_cr3: Option<f64>,
    /// Satterthwaite degrees of freedom of CR2 under the independence working model.
    pub df: Option<f64>,
}

/// Mean of `values` with errors clustered by `clusters` (one id per value; ids need not be dense).
///
/// # Errors
/// Empty data, a value that is not finite, or lengths that differ.
///
/// ```
/// use weighbridge_reports::stats::clustered::clustered_mean;
/// let mean = clustered_mean(&[1.0, 0.0, 1.0, 1.0], &[0, 0, 1, 2])?;
/// assert_eq!((mean.mean, mean.clusters), (0.75, 3));
/// # Ok::<(), weighbridge_reports::stats::StatsError>(())
/// ```
pub fn clustered_mean(values: &[f64], clusters: &[u32]) -> Result<ClusteredMean, StatsError> {
    finite("values", values, 1)?;
    same_len("values and clusters", values.len(), clusters.len())?;
    let groups = groups(values, clusters);
    let mean = groups.iter().map(|g| g.sum).sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Ok(mean_of_groups(&groups, values.len(), squares))
}

/// The same from totals by cluster; `squares` is the sum of squared deviations of the items from
/// their mean, for the error that ignores clusters.
pub(crate) fn mean_of_groups(groups: &[Group], items: usize, squares: f64) -> ClusteredMean {
    let (n, count) = (items as f64, groups.len() as f64);
    let mean = groups.iter().map(|g| g.sum).sum::<f64>() / n;
    let several = groups.len() > 1;

    let (mut cr0, mut cr2, mut cr3) = (0.0, 0.0, 0.0);
    let (mut trace, mut trace_squared, mut cross) = (0.0, 0.0, 0.0);
    for g in groups {
        let leverage = g.size / n;
        let residual = (g.sum - g.size * mean).powi(2);
        cr0 += residual;
        cr2 += residual / (1.0 - leverage);
        cr3 += residual / (1.0 - leverage).powi(2);
        // The matrix of cluster contributions is diag(a) - u u'; its traces need no n^2 loop.
        let a = leverage / (1.0 - leverage);
        let u2 = leverage * a;
        trace += a - u2;
        trace_squared += a * a - 2.0 * a * u2;
        cross += u2;
    }
    let se = |sum: f64| several.then(|| sum.sqrt() / n);
    ClusteredMean {
        mean,
        n: items,
        clusters: groups.len(),
        nonzero_clusters: groups.iter().filter(|g| g.nonzero).count(),
        se_iid: (items > 1).then(|| (squares / (n - 1.0) / n).sqrt()),
        se_cr0: se(cr0),
        se_cr1: se(cr0 * count / (count - 1.0)),
        se_cr2: se(cr2),
        se_cr3: se(cr3),
        df: several.then(|| trace * trace / (trace_squared + cross * cross)),
    }
}

impl ClusteredMean {
    /// CR2 interval with Satterthwaite t quantiles. `None` with a single cluster or zero spread.
    ///
    /// # Errors
    /// A level outside (0, 1).
    pub fn interval(&self, level: f64) -> Result<Option<Interval>, StatsError> {
        open_unit("level", level)?;
        Ok(self
            .error()
            .map(|(se, df)| Interval::around(self.mean, se * t_quantile(0.5 + 0.5 * level, df))))
    }

    /// One-sided lower CR2 limit at error rate `alpha`; `None` as in [`Self::interval`].
    ///
    /// # Errors
    /// `alpha` outside (0, 1).
    pub fn lower(&self, alpha: f64) -> Result<Option<f64>, StatsError> {
        open_unit("alpha", alpha)?;
        Ok(self
            .error()
            .map(|(se, df)| self.mean - se * t_quantile(1.0 - alpha, df)))
    }

    /// One-sided upper CR2 limit at error rate `alpha`; `None` as in [`Self::interval`].
    ///
    /// # Errors
    /// `alpha` outside (0, 1).
    pub fn upper(&self, alpha: f64) -> Result<Option<f64>, StatsError> {
        open_unit("alpha", alpha)?;
        Ok(self
            .error()
            .map(|(se, df)| self.mean + se * t_quantile(1.0 - alpha, df)))
    }

    /// One-sided p-value of `H0: mean <= -margin` from the CR2 t statistic; `None` as above.
    ///
    /// # Errors
    /// A margin that is not finite.
    pub fn non_inferiority_p(&self, margin: f64) -> Result<Option<f64>, StatsError> {
        finite("margin", &[margin], 1)?;
        Ok(self
            .error()
            .map(|(se, df)| t_sf((self.mean + margin) / se, df)))
    }

    /// Variance inflation by clustering, `(se_cr1 / se_iid)^2`; `None` without spread.
    pub fn design_effect(&self) -> Option<f64> {
        let iid = self.se_iid.filter(|se| *se > 0.0)?;
        self.se_cr1.map(|se| (se / iid).powi(2))
    }

    fn error(&self) -> Option<(f64, f64)> {
        // Spread below rounding noise of the mean is no spread.
        let noise = 1e-13 * self.mean.abs();
        Some((self.se_cr2.filter(|se| *se > noise)?, self.df?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singletons_are_the_textbook_case() {
        let values = [0.3, 1.4, 0.2, 5.0, 2.2];
        let m = clustered_mean(&values, &[9, 3, 4, 1, 7]).unwrap();
        assert!((m.se_cr2.unwrap() - m.se_iid.unwrap()).abs() < 1e-14);
        assert!((m.df.unwrap() - 4.0).abs() < 1e-10);
    }

    #[test]
    fn one_cluster_or_no_spread_gives_no_interval() {
        let single = clustered_mean(&[1.0, 0.0, 1.0], &[2, 2, 2]).unwrap();
        assert_eq!(single.interval(0.95).unwrap(), None);
        assert_eq!(single.se_cr2, None);
        let flat = clustered_mean(&[0.1; 12], &(0..12).collect::<Vec<_>>()).unwrap();
        assert_eq!(flat.interval(0.95).unwrap(), None);
        assert_eq!(flat.non_inferiority_p(0.01).unwrap(), None);
    }

    #[test]
    fn duplicating_items_inside_their_cluster_does_not_narrow_the_interval() {
        let values = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0];
        let clusters = [0, 1, 2, 3, 4, 5];
        let once = clustered_mean(&values, &clusters)
            .unwrap()
            .interval(0.95)
            .unwrap()
            .unwrap();
        let (twice, ids) = (values.repeat(2), clusters.repeat(2));
        let doubled = clustered_mean(&twice, &ids)
            .unwrap()
            .interval(0.95)
            .unwrap()
            .unwrap();
        assert!((once.width() - doubled.width()).abs() < 1e-12);
    }

    #[test]
    fn the_p_value_and_the_limit_agree() {
        let m = clustered_mean(&[0.0, -1.0, 1.0, 0.0, 0.0, -1.0], &[0, 0, 1, 2, 3, 4]).unwrap();
        let p = m.non_inferiority_p(0.4).unwrap().unwrap();
        assert!((m.lower(p).unwrap().unwrap() + 0.4).abs() < 1e-10);
    }

    #[test]
    fn bad_input_is_refused() {
        assert!(clustered_mean(&[], &[]).is_err());
        assert!(clustered_mean(&[f64::NAN], &[0]).is_err());
        assert!(clustered_mean(&[1.0], &[0, 1]).is_err());
    }
}
