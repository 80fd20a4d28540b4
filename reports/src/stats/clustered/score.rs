//! Score tests for clustered paired binary data.

use super::groups::{Group, groups};
use crate::stats::error::{StatsError, margin_in_domain, open_unit, same_len};
use crate::stats::interval::Interval;
use crate::stats::paired::PairedCounts;
use crate::stats::paired::tango_statistic;
use crate::stats::root::last_true;
use crate::stats::special::{norm_quantile, norm_sf};

/// Below this many clusters with a net difference the clustering cannot be estimated from the data.
const MIN_INFORMATIVE_CLUSTERS: usize = 10;

/// Obuchowski's (1998) clustered McNemar statistic for "no difference", asymptotically normal:
/// `sum D_g / sqrt(C/(C-1) sum D_g^2)` with `D_g` gains minus losses of cluster `g`. Negative when
/// the candidate is worse. `None` with fewer than two clusters or when every `D_g` is 0.
///
/// It tests no margin. Moving its variance to a margin would make zero flips in a few clusters look
/// like proof, which is why [`ClusteredPaired`] does not do so.
///
/// # Errors
/// Values other than -1, 0, 1, or lengths that differ.
pub fn obuchowski(d: &[f64], clusters: &[u32]) -> Result<Option<f64>, StatsError> {
    let (_, groups) = checked(d, clusters)?;
    let count = groups.len() as f64;
    let squares: f64 = groups.iter().map(|g| g.sum * g.sum).sum();
    if groups.len() < 2 || squares == 0.0 {
        return Ok(None);
    }
    let total: f64 = groups.iter().map(|g| g.sum).sum();
    Ok(Some(total / (count / (count - 1.0) * squares).sqrt()))
}

/// Durkalski's (2003) clustered McNemar statistic: as [`obuchowski`], but clusters weigh equally,
/// `sum D_g/n_g / sqrt(sum (D_g/n_g)^2)`. `None` when every `D_g` is 0.
///
/// # Errors
/// As [`obuchowski`].
pub fn durkalski(d: &[f64], clusters: &[u32]) -> Result<Option<f64>, StatsError> {
    let (_, groups) = checked(d, clusters)?;
    let squares: f64 = groups.iter().map(|g| (g.sum / g.size).powi(2)).sum();
    let total: f64 = groups.iter().map(|g| g.sum / g.size).sum();
    Ok((squares > 0.0).then(|| total / squares.sqrt()))
}

fn checked(d: &[f64], clusters: &[u32]) -> Result<(PairedCounts, Vec<Group>), StatsError> {
    same_len("differences and clusters", d.len(), clusters.len())?;
    let counts = PairedCounts::from_differences(d)?;
    Ok((counts, groups(d, clusters)))
}

/// Tango's score test with its variance inflated by the design effect of the clusters: a clustered
/// non-inferiority test that stays honest without flips.
///
/// `T_c(delta) = T(delta) / sqrt(deff)` (Rao and Scott 1992 applied to Tango 1998). The design effect
/// is the ratio of the between-cluster to the item-level sum of squares, times `C/(C-1)`, at least 1.
/// With fewer than 10 clusters that show a net difference it cannot be estimated, and the worst case
/// is used: whole clusters flip together, `deff = sum n_g^2 / n`. Singleton clusters give Tango's test.
///
/// Assumptions: independent clusters, cluster sizes unrelated to the difference. Failure mode: below
/// about 20 informative clusters the estimated design effect is itself noisy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusteredPaired {
    /// Gains, losses and items over all clusters.
    pub counts: PairedCounts,
    /// Number of clusters.
    pub clusters: usize,
    /// Variance inflation, at least 1.
    pub design_effect: f64,
    /// Whether the design effect was estimated (`true`) or the worst case assumed.
    pub estimated: bool,
}

impl ClusteredPaired {
    /// Counts and design effect of binary differences `d` (values -1, 0, 1) with cluster ids.
    ///
    /// # Errors
    /// Empty data, values other than -1, 0, 1, or lengths that differ.
    pub fn new(d: &[f64], clusters: &[u32]) -> Result<Self, StatsError> {
        let (counts, groups) = checked(d, clusters)?;
        Ok(Self::of_groups(counts, &groups))
    }

    /// The same from totals by cluster.
    pub(crate) fn of_groups(counts: PairedCounts, groups: &[Group]) -> Self {
        let n = counts.n as f64;
        let worst = groups.iter().map(|g| g.size * g.size).sum::<f64>() / n;
        let informative = groups.iter().filter(|g| g.sum != 0.0).count();
        let estimated = worst == 1.0 || informative >= MIN_INFORMATIVE_CLUSTERS;
        let design_effect = if estimated {
            estimate(counts, groups, worst)
        } else {
            worst
        };
        Self {
            counts,
            clusters: groups.len(),
            design_effect,
            estimated,
        }
    }

    /// The statistic at `delta`, asymptotically standard normal.
    ///
    /// # Errors
    /// `delta` outside `[-1, 1]`.
    pub fn statistic(&self, delta: f64) -> Result<f64, StatsError> {
        Ok(tango_statistic(self.counts, delta)? / self.design_effect.sqrt())
    }

    /// One-sided p-value of `H0: difference <= -margin`.
    ///
    /// # Errors
    /// A margin outside `[0, 1]`.
    pub fn non_inferiority_p(&self, margin: f64) -> Result<f64, StatsError> {
        margin_in_domain(margin)?;
        Ok(norm_sf(self.statistic(-margin)?))
    }

    /// Two-sided score interval of the difference.
    ///
    /// # Errors
    /// A level outside (0, 1).
    pub fn interval(&self, level: f64) -> Result<Interval, StatsError> {
        open_unit("level", level)?;
        let tail = 0.5 - 0.5 * level;
        Ok(Interval::new(self.lower(tail)?, self.upper(tail)?))
    }

    /// One-sided lower limit at error rate `alpha`.
    ///
    /// # Errors
    /// `alpha` outside (0, 1).
    pub fn lower(&self, alpha: f64) -> Result<f64, StatsError> {
        open_unit("alpha", alpha)?;
        Ok(self.lower_of(self.counts, alpha))
    }

    /// One-sided upper limit at error rate `alpha`.
    ///
    /// # Errors
    /// `alpha` outside (0, 1).
    pub fn upper(&self, alpha: f64) -> Result<f64, StatsError> {
        open_unit("alpha", alpha)?;
        Ok(-self.lower_of(self.counts.swapped(), alpha))
    }

    fn lower_of(&self, counts: PairedCounts, alpha: f64) -> f64 {
        let z = norm_quantile(1.0 - alpha) * self.design_effect.sqrt();
        last_true(-1.0, 1.0, |delta| {
            tango_statistic(counts, delta).is_ok_and(|t| t > z)
        })
    }
}

fn estimate(counts: PairedCounts, groups: &[Group], worst: f64) -> f64 {
    if worst == 1.0 {
        return 1.0;
    }
    let (count, mean) = (groups.len() as f64, counts.difference());
    let between: f64 = groups.iter().map(|g| (g.sum - g.size * mean).powi(2)).sum();
    let items = counts.discordant() as f64 - counts.n as f64 * mean * mean;
    if items > 0.0 {
        (between / items * count / (count - 1.0)).max(1.0)
    } else {
        worst
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::paired::{tango_interval, tango_non_inferiority_p};

    #[test]
    fn singleton_clusters_reproduce_tango() {
        let mut d = vec![0.0; 60];
        (d[3], d[7], d[9]) = (-1.0, -1.0, 1.0);
        let ids: Vec<u32> = (0..60).collect();
        let clustered = ClusteredPaired::new(&d, &ids).unwrap();
        let plain = PairedCounts::new(1, 2, 60).unwrap();
        assert_eq!(clustered.design_effect, 1.0);
        assert_eq!(
            clustered.non_inferiority_p(0.1).unwrap(),
            tango_non_inferiority_p(plain, 0.1).unwrap()
        );
        assert_eq!(
            clustered.interval(0.9).unwrap(),
            tango_interval(plain, 0.9).unwrap()
        );
    }

    #[test]
    fn zero_flips_in_a_few_large_clusters_prove_nothing() {
        let ids: Vec<u32> = (0..500).map(|i| i / 50).collect();
        let clustered = ClusteredPaired::new(&[0.0; 500], &ids).unwrap();
        assert!(!clustered.estimated);
        assert_eq!(clustered.design_effect, 50.0);
        assert!(clustered.non_inferiority_p(0.05).unwrap() > 0.05);
        assert_eq!(obuchowski(&[0.0; 500], &ids).unwrap(), None);
    }

    #[test]
    fn repeating_every_item_in_its_cluster_leaves_the_test_unchanged() {
        let d: Vec<f64> = (0..200)
            .map(|i| if i % 8 == 0 { -1.0 } else { 0.0 })
            .collect();
        let ids: Vec<u32> = (0..200).collect();
        let once = ClusteredPaired::new(&d, &ids)
            .unwrap()
            .non_inferiority_p(0.2)
            .unwrap();
        let twice = ClusteredPaired::new(&d.repeat(3), &ids.repeat(3)).unwrap();
        assert!(twice.estimated);
        assert!((twice.non_inferiority_p(0.2).unwrap() / once - 1.0).abs() < 0.1);
    }

    #[test]
    fn unclustered_statistics_reduce_to_mcnemar() {
        let mut d = vec![0.0; 30];
        d[..8].copy_from_slice(&[-1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, 1.0]);
        let ids: Vec<u32> = (0..30).collect();
        let expected = -6.0 / 8f64.sqrt();
        assert!((durkalski(&d, &ids).unwrap().unwrap() - expected).abs() < 1e-14);
        let corrected = expected / (30f64 / 29.0).sqrt();
        assert!((obuchowski(&d, &ids).unwrap().unwrap() - corrected).abs() < 1e-14);
    }
}
