//! The betting bound for clusters of unequal size.

use std::collections::BTreeMap;

use crate::stats::betting::{Horizon, certified_lower};

/// Cluster contributions to a mean, scaled into `[-1, 1]`, in an order fixed by sample ids.
///
/// The mean over items is the mean over clusters of `sum_g * C / n`. Each such value lies within
/// `-W..W`, `W = max n_g * C / n`; divided by `W` it can be bet on, and the bound is multiplied by
/// `W` again. With clusters of equal size `W = 1`.
#[derive(Debug, Clone)]
pub(crate) struct Bet {
    values: Vec<f64>,
    scale: f64,
}

impl Bet {
    /// From differences in `[-1, 1]`.
    pub(crate) fn differences(d: &[f64], clusters: &[u32], order: &[u64]) -> Self {
        let mut groups: BTreeMap<u32, (f64, f64, u64)> = BTreeMap::new();
        for ((&x, &id), &key) in d.iter().zip(clusters).zip(order) {
            let group = groups.entry(id).or_insert((0.0, 0.0, u64::MAX));
            group.0 += x;
            group.1 += 1.0;
            group.2 = group.2.min(key);
        }
        let mut groups: Vec<(f64, f64, u64)> = groups.into_values().collect();
        // The key comes from ids alone, so outcomes cannot choose the order of the bets.
        groups.sort_by_key(|a| a.2);
        let per_cluster = groups.len() as f64 / d.len() as f64;
        let scale = groups.iter().fold(0.0, |w, g| f64::max(w, g.1)) * per_cluster;
        let values = groups
            .iter()
            .map(|g| (g.0 * per_cluster / scale).clamp(-1.0, 1.0))
            .collect();
        Self { values, scale }
    }

    /// One-sided lower limit of the mean difference.
    pub(crate) fn lower(&self, alpha: f64) -> Option<f64> {
        let bound = certified_lower(&self.values, alpha, Horizon::FixedN).ok()?;
        Some((bound * self.scale).clamp(-1.0, 1.0))
    }

    /// One-sided upper limit.
    pub(crate) fn upper(&self, alpha: f64) -> Option<f64> {
        let mirrored: Vec<f64> = self.values.iter().map(|x| -x).collect();
        let bound = certified_lower(&mirrored, alpha, Horizon::FixedN).ok()?;
        Some((-bound * self.scale).clamp(-1.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cluster_bounds_nothing_and_order_of_items_does_not_matter() {
        let d = [0.25; 40];
        let order: Vec<u64> = (0..40).map(|i| i * 7919 % 41).collect();
        let one = Bet::differences(&d, &[3; 40], &order);
        assert!(one.lower(0.05).unwrap() < -0.9);

        let ids: Vec<u32> = (0..40).collect();
        let mixed: Vec<f64> = ids.iter().map(|i| f64::from(i % 5) / 10.0).collect();
        let forward = Bet::differences(&mixed, &ids, &order);
        let reversed = |v: &[f64]| v.iter().rev().copied().collect::<Vec<_>>();
        let backward = Bet::differences(
            &reversed(&mixed),
            &ids.iter().rev().copied().collect::<Vec<_>>(),
            &order.iter().rev().copied().collect::<Vec<_>>(),
        );
        assert_eq!(forward.lower(0.05), backward.lower(0.05));
    }

    #[test]
    fn a_large_cluster_costs_certainty() {
        let d = vec![0.5; 60];
        let order: Vec<u64> = (0..60).collect();
        let even: Vec<u32> = (0..60).map(|i| i / 2).collect();
        let lumpy: Vec<u32> = (0..60u32).map(|i| i.saturating_sub(30)).collect();
        let bound = |ids: &[u32]| Bet::differences(&d, ids, &order).lower(0.05).unwrap();
        assert!(bound(&lumpy) < bound(&even));
    }
}
