//! The replay of many policies over many samples.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use weighbridge_datasets::{OutcomeStore, Sample};
use weighbridge_policies::Policy;
use weighbridge_record::Trial;

use super::fault::FaultSchedule;
use super::row::Row;
use super::trial::Column;
use super::{Batch, ModelCoverage, ReplayError};
use crate::PriceBook;

/// A policy under the name it has in the experiment.
pub type NamedPolicy = (Arc<str>, Arc<dyn Policy>);

/// Samples of one batch: small enough to stay in the processor's cache with 25 policies.
const BLOCK: usize = 32;
/// Samples resolved at a time: bounds memory whatever the size of the dataset.
const CHUNK: usize = 16 * BLOCK;

/// A replay over recorded outcomes. Two runs give the same bytes at any number of threads.
#[derive(Debug, Clone, Copy)]
pub struct Replay<'a> {
    samples: &'a [Sample],
    outcomes: &'a OutcomeStore,
    prices: &'a PriceBook,
    repeats: u32,
    faults: Option<&'a FaultSchedule>,
}

impl<'a> Replay<'a> {
    /// A replay of samples in arrival order, once each.
    pub fn new(samples: &'a [Sample], outcomes: &'a OutcomeStore, prices: &'a PriceBook) -> Self {
        Self {
            samples,
            outcomes,
            prices,
            repeats: 1,
            faults: None,
        }
    }

    /// What goes wrong; nothing if there are no rules.
    #[must_use]
    pub fn faults(mut self, faults: &'a FaultSchedule) -> Self {
        self.faults = Some(faults).filter(|faults| !faults.rules.is_empty());
        self
    }

    /// Repeats of each (sample, policy), at least 1. Policies with state start fresh in each.
    #[must_use]
    pub fn repeats(mut self, repeats: u32) -> Self {
        self.repeats = repeats.max(1);
        self
    }

    /// Hands every trial to `sink`, in the fixed order: by sample, then policy, then repeat.
    pub fn run(&self, policies: &[NamedPolicy], mut sink: impl FnMut(Trial) + Send) {
        let plan = Plan::new(self, policies);
        let done: Result<(), std::convert::Infallible> = plan.each(Ok, |trials| {
            trials.into_iter().for_each(&mut sink);
            Ok(())
        });
        match done {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }

    /// Like [`run`](Self::run), with the log lines: trials are serialized on all threads, and the
    /// sink works beside them.
    ///
    /// # Errors
    /// The first error of `sink`; nothing is handed over after it.
    pub fn run_serialized<E: Send>(
        &self,
        policies: &[NamedPolicy],
        mut sink: impl FnMut(Batch) -> Result<(), E> + Send,
    ) -> Result<(), ReplayError<E>> {
        Plan::new(self, policies).each(
            |trials| Batch::of(trials).map_err(ReplayError::Serialize),
            |batch| sink(batch).map_err(ReplayError::Sink),
        )
    }

    /// What the recording lacks for these samples, by model in order of first appearance.
    pub fn coverage(&self) -> Vec<ModelCoverage> {
        let models = self.models();
        let none = || -> Vec<ModelCoverage> { models.iter().map(ModelCoverage::none).collect() };
        let samples = self.samples.par_iter().enumerate();
        samples
            .fold(none, |mut coverage, (position, sample)| {
                let row = Row::new(sample, position, &models, self.outcomes, self.prices);
                for (of, cell) in coverage.iter_mut().zip(&row.cells) {
                    of.count(cell.as_ref());
                }
                coverage
            })
            .reduce(none, |mut sum, part| {
                sum.iter_mut().zip(&part).for_each(|(a, b)| a.add(b));
                sum
            })
    }

    fn models(&self) -> Vec<Arc<str>> {
        let models = self.outcomes.models().iter();
        models.map(|m| m.as_str().into()).collect()
    }
}

/// What is fixed before the first sample.
struct Plan<'a> {
    replay: Replay<'a>,
    models: Vec<Arc<str>>,
    /// By policy, then repeat.
    columns: Vec<Column>,
}

impl<'a> Plan<'a> {
    fn new(replay: &Replay<'a>, policies: &[NamedPolicy]) -> Self {
        let column = |(name, policy): &NamedPolicy, repeat| Column {
            name: Arc::clone(name),
            policy: policy.fresh().unwrap_or_else(|| Arc::clone(policy)),
            needs: policy.needs(),
            repeat,
        };
        let columns = policies
            .iter()
            .flat_map(|policy| (0..replay.repeats).map(move |repeat| column(policy, repeat)))
            .collect();
        Self {
            replay: *replay,
            models: replay.models(),
            columns,
        }
    }

    /// Computes chunk after chunk; while one is handed over, the next is under way.
    fn each<T: Send, E: Send>(
        &self,
        finish: impl Fn(Vec<Trial>) -> Result<T, E> + Sync,
        mut sink: impl FnMut(T) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let samples = self.replay.samples.len();
        let mut ready: Vec<T> = Vec::new();
        for start in (0..samples).step_by(CHUNK) {
            let range = start..samples.min(start + CHUNK);
            let (handed, computed) = rayon::join(
                || ready.drain(..).try_for_each(&mut sink),
                || self.chunk(range, &finish),
            );
            handed?;
            ready = computed?;
        }
        ready.into_iter().try_for_each(sink)
    }

    fn chunk<T: Send, E: Send>(
        &self,
        range: Range<usize>,
        finish: &(impl Fn(Vec<Trial>) -> Result<T, E> + Sync),
    ) -> Result<Vec<T>, E> {
        let rows: Vec<Row<'a>> = range.into_par_iter().map(|i| self.row(i)).collect();
        let mut blocks: Vec<Block<'_, 'a>> = rows.chunks(BLOCK).map(Block::new).collect();
        // Policies with state see their samples one after the other; all others go by block.
        let ordered = self.columns.par_iter().filter(|c| c.needs.ordered);
        let ordered: Vec<Vec<Trial>> = ordered
            .map(|column| rows.iter().map(|r| self.trial(column, r)).collect())
            .collect();
        for column in ordered {
            let mut trials = column.into_iter();
            for block in &mut blocks {
                block
                    .ordered
                    .push(trials.by_ref().take(block.rows.len()).collect());
            }
        }
        let finished = blocks
            .into_par_iter()
            .map(|block| finish(self.block(block)));
        finished.collect()
    }

    fn trial(&self, column: &Column, row: &Row<'_>) -> Trial {
        column.trial(&self.models, row, self.replay.faults)
    }

    fn row(&self, position: usize) -> Row<'a> {
        let Replay {
            samples,
            outcomes,
            prices,
            ..
        } = self.replay;
        Row::new(&samples[position], position, &self.models, outcomes, prices)
    }

    /// Computes what is missing of a block and puts its trials in order.
    fn block(&self, block: Block<'_, '_>) -> Vec<Trial> {
        let mut trials = Vec::with_capacity(block.rows.len() * self.columns.len());
        let mut ordered: Vec<_> = block.ordered.into_iter().map(Vec::into_iter).collect();
        for row in block.rows {
            let mut done = ordered.iter_mut();
            for column in &self.columns {
                let trial = match column.needs.ordered {
                    true => done.next().and_then(Iterator::next),
                    false => Some(self.trial(column, row)),
                };
                trials.extend(trial);
            }
        }
        trials
    }
}

/// Neighbouring rows, with the trials of the policies that go in order.
struct Block<'r, 'a> {
    rows: &'r [Row<'a>],
    ordered: Vec<Vec<Trial>>,
}

impl<'r, 'a> Block<'r, 'a> {
    fn new(rows: &'r [Row<'a>]) -> Self {
        Self {
            rows,
            ordered: Vec::new(),
        }
    }
}
