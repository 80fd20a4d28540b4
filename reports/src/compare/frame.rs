//! What all comparisons of a run share: clusters, slices, a fixed order, mean scores.

use std::collections::BTreeSet;

use weighbridge_datasets::SliceRule;
use weighbridge_record::{RunHeader, SliceTier};
use xxhash_rust::xxh3::xxh3_64;

use super::Levels;
use crate::discover::search_key;
use crate::table::{Arm, RunTable, ScoreState};

/// Two-sided confidence level of every displayed interval.
pub(crate) const LEVEL: f64 = 0.95;

/// A registered slice with what the gate policy says about it.
#[derive(Debug, Clone)]
pub(crate) struct Registered {
    pub(crate) name: String,
    pub(crate) tier: SliceTier,
    pub(crate) margin: f64,
    /// Sample positions, ascending.
    pub(crate) members: Vec<u32>,
}

/// A run prepared for comparing and judging.
#[derive(Debug)]
pub struct Frame<'a> {
    pub(crate) table: &'a RunTable,
    pub(crate) levels: Levels,
    /// Cluster of each sample; `None` when every sample is its own.
    pub(crate) clusters: Option<Vec<u32>>,
    /// Rank key of each sample, from its id alone: the order in which bets are made.
    pub(crate) order: Vec<u64>,
    pub(crate) slices: Vec<Registered>,
    /// Mean counted score by policy and sample; NaN where no repeat has one.
    pub(crate) scores: Vec<Vec<f64>>,
}

impl<'a> Frame<'a> {
    /// Prepares a run under the gate policy in its header.
    pub fn new(table: &'a RunTable) -> Self {
        let gate = &table.header().gate;
        let found_here = found_here(table.header());
        let slices = table
            .slices()
            .iter()
            .map(|(name, members)| Registered {
                name: name.to_owned(),
                tier: if found_here.contains(name) {
                    SliceTier::Exploratory
                } else {
                    gate.tier(name)
                },
                margin: gate.margin(name),
                members: members.to_vec(),
            })
            .collect();
        let scores = table
            .arms()
            .iter()
            .map(|arm| per_sample(table, |at| arm.counted(at)))
            .collect();
        Self {
            table,
            levels: Levels::of(gate),
            clusters: table.clusters(),
            order: table
                .samples()
                .iter()
                .map(|s| xxh3_64(s.id.as_bytes()))
                .collect(),
            slices,
            scores,
        }
    }

    /// Position of the baseline among the policies.
    pub(crate) fn baseline(&self) -> Option<usize> {
        let name = &self.table.header().baseline()?.name;
        let policies = &self.table.header().policies;
        policies.iter().position(|p| &p.name == name)
    }
}

/// Slices that a search found in a comparison of this very run: chosen by its results, they are
/// shown and never gate.
pub(crate) fn found_here(header: &RunHeader) -> BTreeSet<String> {
    let keys: BTreeSet<String> = header
        .policies
        .iter()
        .map(|p| search_key(header, &p.name))
        .collect();
    let found = header.slices.iter().filter_map(|rule| match rule {
        SliceRule::Matching(slice) => {
            let key = slice.found_in.as_ref()?;
            (!key.is_empty() && keys.contains(key)).then(|| slice.name.clone())
        }
        SliceRule::By(_) | SliceRule::Where { .. } => None,
    });
    found.collect()
}

/// Mean over the repeats that have a value, by sample; NaN where none has.
pub(crate) fn per_sample(table: &RunTable, value: impl Fn(usize) -> Option<f64>) -> Vec<f64> {
    let samples = table.samples().len();
    let mean = |sample: usize| {
        let (mut sum, mut count) = (0.0, 0u32);
        for repeat in 0..table.repeats() {
            if let Some(x) = value(repeat * samples + sample) {
                sum += x;
                count += 1;
            }
        }
        // 0 / 0 is the NaN that marks an absent value.
        sum / f64::from(count)
    };
    (0..samples).map(mean).collect()
}

/// Whether every value is exactly 0 or 1.
pub(crate) fn is_binary(values: &[f64]) -> bool {
    values.iter().all(|&x| x == 0.0 || x == 1.0)
}

/// Whether any trial of the arm that answered has a time to first token.
pub(crate) fn has_ttft(arm: &Arm) -> bool {
    let mut trials = arm.ttft_ms.iter().zip(&arm.state);
    trials.any(|(ms, state)| !ms.is_nan() && *state != ScoreState::Failed)
}
