//! A sequential judgement: blocks in visiting order, a look after each, until nothing is open.

use std::sync::Arc;

use weighbridge_record::{PolicyRole, Trial};

use super::candidate::{Candidate, Standing};
use super::layout::Layout;
use super::values::Arms;
use crate::model::{Outcome, SequentialStop};
use crate::stats::StatsError;
use crate::table::{Place, RunTable};

/// The e-processes of a run, fed from its table strictly in visiting order: a block counts when every
/// trial of it is there and every block before it was used. So neither the order of completion nor
/// the number of threads can matter.
#[derive(Debug, Clone)]
pub struct Process {
    pub(super) layout: Layout,
    pub(super) candidates: Vec<Candidate>,
    baseline: usize,
    /// Next block.
    pub(super) cursor: usize,
    /// Samples used, by position among all samples.
    pub(super) used: Vec<u32>,
    stop: Option<SequentialStop>,
}

impl Process {
    /// The process of a sequential run before its first block; `None` for another run, or one without
    /// a baseline.
    ///
    /// # Errors
    /// Margins or error rates outside (0, 1).
    pub fn new(table: &RunTable) -> Result<Option<Self>, StatsError> {
        Self::over(table, |role| role == PolicyRole::Candidate)
    }

    /// The same for every policy that `watches` names by its role.
    pub(super) fn over(
        table: &RunTable,
        watches: impl Fn(PolicyRole) -> bool,
    ) -> Result<Option<Self>, StatsError> {
        let header = table.header();
        let is_baseline = |p: &weighbridge_record::PolicyEntry| p.role == PolicyRole::Baseline;
        let baseline = header.policies.iter().position(is_baseline);
        let (Some(layout), Some(baseline)) = (Layout::of(table), baseline) else {
            return Ok(None);
        };
        let watched = header.policies.iter().enumerate();
        let candidates = watched
            .filter(|(_, p)| watches(p.role))
            .map(|(i, p)| Candidate::new(&layout, i, &p.name, header.change.as_ref()))
            .collect::<Result<_, _>>()?;
        let mut process = Self {
            cursor: layout.from_block.min(layout.blocks.len()),
            layout,
            candidates,
            baseline,
            used: Vec::new(),
            stop: None,
        };
        process.look();
        Ok(Some(process))
    }

    /// Uses every block that is complete in the table, until the stop or a block that is not.
    pub fn advance(&mut self, table: &RunTable) {
        while self.stop.is_none() && self.use_next(table) {
            self.look();
        }
    }

    /// Uses blocks up to and without `end`, whatever the candidates' standing.
    pub(super) fn advance_to(&mut self, table: &RunTable, end: usize) {
        while self.cursor < end && self.use_next(table) {
            self.look();
        }
    }

    fn use_next(&mut self, table: &RunTable) -> bool {
        let Some(block) = self.complete(table) else {
            return false;
        };
        for candidate in &mut self.candidates {
            let arms = Arms {
                fleet: &table.header().fleet,
                base: &table.arms()[self.baseline],
                cand: &table.arms()[candidate.policy],
                samples: table.samples().len(),
                repeats: table.repeats(),
            };
            candidate.push(&self.layout, &arms, &block);
        }
        self.used.extend(block);
        self.cursor += 1;
        true
    }

    /// The next block, if all its trials are there.
    fn complete(&self, table: &RunTable) -> Option<Vec<u32>> {
        let block = self.layout.blocks.get(self.cursor)?;
        let (samples, repeats) = (table.samples().len(), table.repeats());
        // The table's samples come first among all samples.
        let is_here = |&sample: &u32| {
            let mut at = (0..repeats).map(|repeat| repeat * samples + sample as usize);
            (sample as usize) < samples
                && at.all(|at| table.arms().iter().all(|arm| Arms::is_there(arm, at)))
        };
        block.iter().all(is_here).then(|| block.clone())
    }

    fn look(&mut self) {
        let used = self.used.len() as u64;
        for candidate in &mut self.candidates {
            candidate.look(&self.layout, self.cursor, used);
        }
        let stands = |wanted: fn(&Standing) -> bool| {
            let mut standings = self.candidates.iter().map(|c| &c.standing);
            standings.any(wanted)
        };
        self.stop = if !stands(|s| *s == Standing::Going) {
            Some(if stands(|s| matches!(s, Standing::Hopeless(_))) {
                SequentialStop::Futile
            } else {
                SequentialStop::Decided
            })
        } else if self.cursor >= self.layout.blocks.len() {
            Some(SequentialStop::Exhausted)
        } else {
            None
        };
    }

    /// Where each candidate stands, by name: its outcome so far, coverage left aside.
    pub fn standings(&self) -> impl Iterator<Item = (&str, Outcome)> {
        self.candidates.iter().map(|candidate| {
            let outcome = match candidate.standing {
                Standing::Pass => Outcome::Pass,
                Standing::Block => Outcome::Block,
                Standing::Going | Standing::Hopeless(_) => Outcome::Inconclusive,
            };
            (candidate.name.as_str(), outcome)
        })
    }

    /// Samples used.
    pub fn samples_used(&self) -> u64 {
        self.used.len() as u64
    }

    /// Why nothing more is needed, once that is so.
    pub fn stop(&self) -> Option<SequentialStop> {
        self.stop
    }

    /// Blocks used by this attempt, and blocks that are left.
    pub fn blocks(&self) -> (u64, u64) {
        let used = self.cursor - self.layout.from_block.min(self.cursor);
        (used as u64, (self.layout.blocks.len() - self.cursor) as u64)
    }

    /// Whether the next `blocks` blocks cannot bring a PASS to any candidate that is still open.
    pub fn is_hopeless_within(&self, blocks: u64) -> bool {
        let blocks = usize::try_from(blocks).unwrap_or(usize::MAX);
        let mut open = self
            .candidates
            .iter()
            .filter(|c| c.standing == Standing::Going);
        open.all(|c| c.hopeless(self.cursor, blocks).is_some())
    }
}

/// A process that is fed trial by trial while a run goes.
#[derive(Debug, Clone)]
pub struct Monitor {
    table: RunTable,
    process: Process,
}

impl Monitor {
    /// A monitor of the run that this empty table is for; `None` for a run that is not sequential.
    ///
    /// # Errors
    /// As [`Process::new`].
    pub fn new(table: RunTable) -> Result<Option<Self>, StatsError> {
        let process = Process::new(&table)?;
        Ok(process.map(|process| Self { table, process }))
    }

    /// Takes a trial, in any order, and says whether nothing more is needed.
    pub fn push(&mut self, trial: &Trial) -> Option<SequentialStop> {
        self.table.push(trial, Place::default());
        self.process.advance(&self.table);
        self.process.stop()
    }

    /// The process so far.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Ids of the samples used, in visiting order.
    pub fn used(&self) -> impl Iterator<Item = &Arc<str>> {
        let samples = self.table.samples();
        let used = self.process.used.iter();
        used.filter_map(|&i| samples.get(i as usize).map(|s| &s.id))
    }
}
