//! Per-cluster totals in a fixed order.

use std::collections::BTreeMap;

/// Size and total of one cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Group {
    /// Number of items.
    pub(crate) size: f64,
    /// Sum of the values.
    pub(crate) sum: f64,
    /// Whether any value is not zero.
    pub(crate) nonzero: bool,
}

/// Totals by cluster id, ordered by id so that sums do not depend on the order of the input.
pub(super) fn groups(values: &[f64], clusters: &[u32]) -> Vec<Group> {
    let mut by_id: BTreeMap<u32, Group> = BTreeMap::new();
    for (&value, &id) in values.iter().zip(clusters) {
        let group = by_id.entry(id).or_default();
        group.size += 1.0;
        group.sum += value;
        group.nonzero |= value != 0.0;
    }
    by_id.into_values().collect()
}
