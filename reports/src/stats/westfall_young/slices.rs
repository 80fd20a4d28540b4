//! From item indices to the units that can move: membership in compressed rows.

use crate::stats::error::{StatsError, finite, same_len};

/// No unit: the item has no difference.
const NONE: u32 = u32::MAX;

/// Which statistic the data call for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Every contribution is -1 or 1: count losses.
    Signs,
    /// Graded or clustered contributions: sum them.
    Sums,
}

/// Slices as compressed rows of units.
#[derive(Debug, Clone)]
pub(super) struct Members {
    /// Number of units with a difference.
    pub(super) moving: usize,
    /// Row boundaries, one more than slices.
    pub(super) offsets: Vec<usize>,
    /// Unit of each entry.
    pub(super) units: Vec<u32>,
    /// Net difference of the unit within the slice, never 0.
    pub(super) weights: Vec<f64>,
    /// Sign test or sum.
    pub(super) kind: Kind,
}

impl Members {
    pub(super) fn new<S: AsRef<[u32]>>(
        slices: &[S],
        d: &[f64],
        cluster: Option<&[u32]>,
    ) -> Result<Self, StatsError> {
        finite("differences", d, 0)?;
        if let Some(ids) = cluster {
            same_len("differences and clusters", d.len(), ids.len())?;
        }
        let (moving, unit_of) = units(d, cluster);
        let mut members = Self {
            offsets: vec![0],
            units: Vec::new(),
            weights: Vec::new(),
            kind: Kind::Signs,
            moving,
        };
        let mut seen = vec![NONE; d.len()];
        let mut net = vec![0.0; moving];
        for (row, slice) in slices.iter().enumerate() {
            members.push_row(row as u32, slice.as_ref(), d, &unit_of, &mut seen, &mut net)?;
        }
        if members.weights.iter().any(|w| w.abs() != 1.0) {
            members.kind = Kind::Sums;
        }
        Ok(members)
    }

    fn push_row(
        &mut self,
        row: u32,
        items: &[u32],
        d: &[f64],
        unit_of: &[u32],
        seen: &mut [u32],
        net: &mut [f64],
    ) -> Result<(), StatsError> {
        let mut touched = Vec::new();
        for &item in items {
            let index = item as usize;
            let bad = |problem| StatsError::BadIndex {
                what: "slice",
                index,
                problem,
            };
            if index >= d.len() {
                return Err(bad("is past the last item"));
            }
            if seen[index] == row {
                return Err(bad("appears twice in the same slice"));
            }
            seen[index] = row;
            if unit_of[index] != NONE {
                touched.push(unit_of[index]);
                net[unit_of[index] as usize] += d[index];
            }
        }
        touched.sort_unstable();
        touched.dedup();
        for unit in touched {
            let weight = std::mem::take(&mut net[unit as usize]);
            if weight != 0.0 {
                self.units.push(unit);
                self.weights.push(weight);
            }
        }
        self.offsets.push(self.units.len());
        Ok(())
    }

    /// Number of slices.
    pub(super) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Units and weights of one slice.
    pub(super) fn row(&self, slice: usize) -> (&[u32], &[f64]) {
        let range = self.offsets[slice]..self.offsets[slice + 1];
        (&self.units[range.clone()], &self.weights[range])
    }
}

/// Number of units with a difference, in the order of item index or cluster id, and the unit of each
/// item (`NONE` without a difference).
fn units(d: &[f64], cluster: Option<&[u32]>) -> (usize, Vec<u32>) {
    let key = |item: usize| cluster.map_or(item as u32, |ids| ids[item]);
    let mut keys: Vec<u32> = (0..d.len()).filter(|&i| d[i] != 0.0).map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    let unit = |item: usize| match keys.binary_search(&key(item)) {
        Ok(unit) => unit as u32,
        Err(_) => NONE,
    };
    // Most items of a real comparison do not differ; they need no search.
    let unit = |item: usize| if d[item] == 0.0 { NONE } else { unit(item) };
    let unit_of = (0..d.len()).map(unit).collect();
    (keys.len(), unit_of)
}
