//! Judging while a live run goes: when nothing more is needed, the run is told so.

use weighbridge_record::Trial;
use weighbridge_reports::model::{Outcome, SequentialStop};
use weighbridge_reports::sequential::Monitor;

use crate::config::Experiment;

/// Blocks after which the mean cost of a block is taken for known.
const FEWEST_BLOCKS: u64 = 10;

/// The judge of a sequential run.
pub(crate) struct Judge {
    monitor: Monitor,
    max_cost_usd: Option<f64>,
    max_calls: Option<u64>,
    spent_usd: f64,
    calls: u64,
    blocks: u64,
    /// Why the rest of the budget is not worth spending, once that is so.
    pub(super) budget: Option<String>,
}

impl Judge {
    pub(super) fn new(experiment: &Experiment, monitor: Monitor) -> Self {
        Self {
            monitor,
            max_cost_usd: experiment.run.max_cost_usd,
            max_calls: experiment.run.max_calls,
            spent_usd: 0.0,
            calls: 0,
            blocks: 0,
            budget: None,
        }
    }

    /// Takes a finished trial, in any order; whether nothing more is needed.
    pub(super) fn is_enough(&mut self, trial: &Trial) -> bool {
        self.spent_usd += trial.cost_usd;
        self.calls += trial.calls();
        if self.monitor.push(trial).is_some() {
            return true;
        }
        let blocks = self.monitor.process().blocks().0;
        if blocks > self.blocks && blocks >= FEWEST_BLOCKS && self.budget.is_none() {
            self.budget = self.spent_in_vain(blocks);
        }
        self.blocks = blocks;
        self.budget.is_some()
    }

    /// Whether what the budget still pays for, at the mean cost of a block so far, can bring a PASS.
    fn spent_in_vain(&self, blocks: u64) -> Option<String> {
        let (left_usd, left_calls) = (
            self.max_cost_usd
                .map(|max| (max - self.spent_usd, self.spent_usd)),
            self.max_calls
                .map(|max| (max as f64 - self.calls as f64, self.calls as f64)),
        );
        let affordable = [left_usd, left_calls]
            .into_iter()
            .flatten()
            .filter(|(_, spent)| *spent > 0.0)
            .map(|(left, spent)| (left.max(0.0) / spent * blocks as f64).ceil() as u64)
            .min()?;
        self.monitor
            .process()
            .is_hopeless_within(affordable)
            .then(|| {
                format!(
                    "the rest of the budget pays for about {affordable} more samples, and even gains in \
                     all of them could not prove what is open"
                )
            })
    }

    /// The stop of the process, if it has one.
    pub(super) fn stop(&self) -> Option<SequentialStop> {
        self.monitor.process().stop()
    }

    /// One line for people.
    pub(super) fn sentence(&self) -> String {
        let process = self.monitor.process();
        let standings: Vec<String> = process
            .standings()
            .map(|(name, outcome)| {
                let word = match outcome {
                    Outcome::Pass => "passes",
                    Outcome::Block => "is blocked",
                    Outcome::Inconclusive | Outcome::Invalid => "cannot pass",
                };
                format!("{name} {word}")
            })
            .collect();
        format!(
            "stopping after {} samples: {}",
            process.samples_used(),
            self.budget.clone().unwrap_or_else(|| standings.join(", "))
        )
    }
}
