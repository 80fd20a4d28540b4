//! Routing metrics and the cost-quality plane of a run.

use rayon::prelude::*;
use weighbridge_record::PolicyEntry;

use super::aiq::CostRange;
use super::cells::{ALWAYS, Cells, Single, single_model, singles};
use super::columns::{Column, mean};
use super::pair::{Pair, pair};
use super::plane::plane;
use super::summary::Subject;
use crate::model::{Plane, RoutingSummary};
use crate::stats::StatsError;
use crate::table::{Arm, RunTable};

/// Policy kind that routes by a label.
const TABLE: &str = "table";

/// Routing metrics of every policy that is not a single model itself, in the order of the run's
/// policies, and the plane of all of them.
///
/// Samples count where the policy and every complete single-model arm (policy kind `always`, a trial
/// for every sample) have a counted score: failures are 0, unscored trials are left out. Repeats are
/// averaged by sample. The pair of a deferral curve is the cheapest and the best of those single
/// models; the notes `weak` and `strong` of the run header override it. Without two different single
/// models there are no routing metrics and the list is empty; a policy with nothing in common with
/// them, or with values that are not numbers, is left out of it.
pub fn analyse(table: &RunTable) -> (Vec<RoutingSummary>, Plane) {
    let policies = &table.header().policies;
    let columns: Vec<Column> = table
        .arms()
        .par_iter()
        .map(|arm| Column::of(table, arm))
        .collect();
    let singles = singles(table);
    let cells = Cells::new(table, &singles, |_| true).ok().flatten();
    let clusters = table.clusters();
    let is_single = |(entry, arm)| {
        single_model(entry, arm).is_some_and(|m| singles.iter().any(|s| s.fleet == m))
    };
    let repeats_single: Vec<bool> = policies.iter().zip(table.arms()).map(is_single).collect();
    let plane = plane(
        policies,
        &columns,
        &repeats_single,
        clusters.as_deref(),
        &singles,
        cells.as_ref(),
    )
    .unwrap_or_default();
    let summaries = cells
        .and_then(|cells| Routing::new(table, &columns, &singles, &cells).map(|r| r.summaries()))
        .unwrap_or_default();
    (summaries, plane)
}

/// What all policies of a run have in common.
struct Routing<'a> {
    table: &'a RunTable,
    columns: &'a [Column],
    singles: &'a [Single],
    cells: &'a Cells,
    pair: Pair,
    range: CostRange,
    label_table: Option<(&'a str, &'a Column)>,
}

impl<'a> Routing<'a> {
    fn new(
        table: &'a RunTable,
        columns: &'a [Column],
        singles: &'a [Single],
        cells: &'a Cells,
    ) -> Option<Self> {
        let header = table.header();
        let policies = header.policies.iter().zip(columns);
        let label_table = policies
            .clone()
            .find(|(entry, _)| entry.kind == TABLE)
            .map(|(entry, column)| (entry.name.as_str(), column));
        let costs = policies.map(|(_, c)| mean_counted(&c.cost));
        let range = CostRange::of(costs.chain(cells.means.iter().map(|p| p.cost)))?;
        Some(Self {
            pair: pair(singles, &cells.means, &header.notes)?,
            table,
            columns,
            singles,
            cells,
            range,
            label_table,
        })
    }

    fn summaries(&self) -> Vec<RoutingSummary> {
        let policies = self.table.header().policies.par_iter().enumerate();
        policies
            .filter(|(_, entry)| entry.kind != ALWAYS)
            .filter_map(|(i, entry)| {
                let arm = &self.table.arms()[i];
                self.summary(entry, arm, &self.columns[i]).ok().flatten()
            })
            .collect()
    }

    fn summary(
        &self,
        entry: &PolicyEntry,
        arm: &Arm,
        column: &Column,
    ) -> Result<Option<RoutingSummary>, StatsError> {
        let complete = self
            .cells
            .samples
            .iter()
            .all(|&i| column.counts(i as usize));
        let own = if complete {
            None
        } else {
            let Some(own) = Cells::new(self.table, self.singles, |i| column.counts(i))? else {
                return Ok(None);
            };
            Some(own)
        };
        let cells = own.as_ref().unwrap_or(self.cells);
        let subject = Subject {
            table: self.table,
            entry,
            arm,
            singles: self.singles,
            cells,
            pair: self.pair,
            column: column.at(&cells.samples),
            label_table: self.label_table,
            range: self.range,
        };
        subject.summary().map(Some)
    }
}

fn mean_counted(costs: &[f64]) -> f64 {
    let counted: Vec<f64> = costs.iter().copied().filter(|c| !c.is_nan()).collect();
    mean(&counted)
}
