//! Columns of values over the same items, laid out for comparing every pair.

use std::collections::BTreeMap;

use super::bits::Bits;
use crate::stats::error::{StatsError, same_len};

/// What values can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Scores in `[0, 1]`.
    Unit,
    /// Any finite numbers: costs, linearised indices.
    Free,
}

/// Columns prepared for comparing.
#[derive(Debug)]
pub(super) struct Columns<'a> {
    pub(super) values: &'a [Vec<f64>],
    pub(super) scale: Scale,
    /// Dense cluster number of each item, and how many there are; `None` where every item is its own.
    pub(super) clusters: Option<(Vec<u32>, usize)>,
    /// One entry for each column; present where all its values are 0 or 1 and no item shares a
    /// cluster.
    pub(super) bits: Vec<Option<Bits>>,
    /// Largest share of absent values of a column.
    pub(super) absent: f64,
}

impl<'a> Columns<'a> {
    /// `values` holds one vector for each column; NaN marks an absent value.
    ///
    /// # Errors
    /// Columns of different lengths, cluster ids of another length, an infinite value, or a value
    /// outside `[0, 1]` on the unit scale.
    pub(super) fn new(
        values: &'a [Vec<f64>],
        clusters: Option<&[u32]>,
        scale: Scale,
    ) -> Result<Self, StatsError> {
        let items = values.first().map_or(0, Vec::len);
        let mut absent = 0.0f64;
        for column in values {
            same_len("columns", items, column.len())?;
            check(column, scale)?;
            let missing = column.iter().filter(|x| x.is_nan()).count();
            absent = absent.max(missing as f64 / items.max(1) as f64);
        }
        if let Some(ids) = clusters {
            same_len("columns and clusters", items, ids.len())?;
        }
        let clusters = clusters.map(dense).filter(|(_, count)| *count < items);
        let bits = values.iter().map(|column| match clusters {
            None => Bits::of(column),
            Some(_) => None,
        });
        Ok(Self {
            values,
            scale,
            bits: bits.collect(),
            clusters,
            absent,
        })
    }

    /// Number of items.
    pub(super) fn items(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// Number of clusters, items of their own included.
    pub(super) fn cluster_count(&self) -> usize {
        self.clusters.as_ref().map_or(self.items(), |c| c.1)
    }

    /// Cluster of an item.
    pub(super) fn cluster(&self, item: usize) -> usize {
        self.clusters
            .as_ref()
            .map_or(item, |(ids, _)| ids[item] as usize)
    }
}

fn check(column: &[f64], scale: Scale) -> Result<(), StatsError> {
    for (index, &value) in column.iter().enumerate() {
        if value.is_infinite() {
            let what = "column";
            return Err(StatsError::NotFinite { what, index, value });
        }
        if scale == Scale::Unit && !value.is_nan() && !(0.0..=1.0).contains(&value) {
            return Err(StatsError::OutOfRange {
                what: "score",
                value,
                domain: "in [0, 1]",
            });
        }
    }
    Ok(())
}

/// Cluster numbers in order of first appearance.
fn dense(ids: &[u32]) -> (Vec<u32>, usize) {
    let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
    let dense = ids
        .iter()
        .map(|id| {
            let next = numbers.len() as u32;
            *numbers.entry(*id).or_insert(next)
        })
        .collect();
    (dense, numbers.len())
}
