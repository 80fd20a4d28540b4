//! The single-model cells of a run: what every policy is compared with.

use weighbridge_record::PolicyEntry;

use super::Point;
use super::columns::{Column, mean};
use super::length::Falling;
use super::oracle::{NoneCorrect, Oracle, oracle};
use crate::stats::StatsError;
use crate::table::{Arm, RunTable, ScoreState};

/// Policy kind that sends everything to one model.
pub(super) const ALWAYS: &str = "always";

/// A single model whose arm is complete.
#[derive(Debug, Clone)]
pub(super) struct Single {
    /// Model name.
    pub(super) model: String,
    /// Position in the fleet.
    pub(super) fleet: usize,
    /// Over all samples of the run.
    pub(super) column: Column,
}

/// Single models with a trial for every sample, in the order of the fleet.
pub(super) fn singles(table: &RunTable) -> Vec<Single> {
    let header = table.header();
    let mut found: Vec<Single> = Vec::new();
    for (entry, arm) in header.policies.iter().zip(table.arms()) {
        let Some(fleet) = single_model(entry, arm) else {
            continue;
        };
        if found.iter().any(|s| s.fleet == fleet) || arm.state.contains(&ScoreState::Missing) {
            continue;
        }
        found.push(Single {
            model: header.fleet[fleet].name.clone(),
            fleet,
            column: Column::of(table, arm),
        });
    }
    found.sort_by_key(|s| s.fleet);
    found
}

/// Fleet position of the only model of an `always` policy.
pub(super) fn single_model(entry: &PolicyEntry, arm: &Arm) -> Option<usize> {
    if entry.kind != ALWAYS {
        return None;
    }
    let mut models = (0..arm.state.len()).filter_map(|at| arm.final_model(at));
    models.next()
}

/// Everything known of some samples, computed once for all policies that cover them.
#[derive(Debug)]
pub(super) struct Cells {
    /// Samples, by position in the run.
    pub(super) samples: Vec<u32>,
    /// Cluster of each sample.
    pub(super) clusters: Option<Vec<u32>>,
    /// Quality and cost by single model.
    pub(super) models: Vec<Column>,
    /// Mean cost and quality of each single model.
    pub(super) means: Vec<Point>,
    /// Cheapest of the best; calls are never free.
    pub(super) oracle: Oracle,
    /// Samples by falling prompt length.
    pub(super) by_length: Falling,
}

impl Cells {
    /// Cells over the samples at which every single model counts and `keep` holds. `None` without
    /// single models or samples.
    pub(super) fn new(
        table: &RunTable,
        singles: &[Single],
        keep: impl Fn(usize) -> bool,
    ) -> Result<Option<Self>, StatsError> {
        let samples: Vec<u32> = (0..table.samples().len())
            .filter(|&i| keep(i) && singles.iter().all(|s| s.column.counts(i)))
            .map(|i| i as u32)
            .collect();
        if samples.is_empty() || singles.is_empty() {
            return Ok(None);
        }
        let models: Vec<Column> = singles.iter().map(|s| s.column.at(&samples)).collect();
        let views: Vec<_> = models.iter().map(Column::view).collect();
        let oracle = oracle(&views, NoneCorrect::Cheapest)?;
        let means = models
            .iter()
            .map(|m| Point::new(mean(&m.cost), mean(&m.quality)))
            .collect();
        let lines = table.samples();
        let lengths: Vec<f64> = samples
            .iter()
            .map(|&i| f64::from(lines[i as usize].prompt_chars))
            .collect();
        let clusters = table
            .clusters()
            .map(|ids| samples.iter().map(|&i| ids[i as usize]).collect());
        Ok(Some(Self {
            clusters,
            means,
            oracle,
            by_length: Falling::new(&lengths),
            models,
            samples,
        }))
    }

    pub(super) fn len(&self) -> usize {
        self.samples.len()
    }

    pub(super) fn clusters(&self) -> Option<&[u32]> {
        self.clusters.as_deref()
    }
}
