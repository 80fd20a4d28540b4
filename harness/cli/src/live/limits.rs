//! Limits, money written down, and what both did to a run.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use weighbridge_engine::executor::{
    BackendLimits, BreakerRule, Journal, JournalRef, Limits, TrialKey,
};
use weighbridge_engine::{LiveSummary, RunEnd, Settings};
use weighbridge_record::{CallJournal, Trial, Unlogged};

use crate::config::{BackendWritten, Experiment};
use crate::failure::Failure;

/// What was paid, at the worst, and is not in the log: by earlier parts of the run, and by this one.
pub(super) struct Spent {
    file: Arc<CallJournal>,
    unlogged: Unlogged,
}

impl Spent {
    /// Reads what earlier parts left, and opens the journal for more.
    pub(super) fn open(dir: &Path, done: &[Trial]) -> Result<Self, Failure> {
        let (file, unlogged) = CallJournal::resume(dir, done)?;
        Ok(Self {
            file: Arc::new(file),
            unlogged,
        })
    }

    /// After the run: what could not be written is an error, and what a whole run no longer needs is
    /// removed.
    pub(super) fn close(&self, summary: &LiveSummary) -> Result<(), Failure> {
        if let Some(error) = self.file.failure() {
            return Err(Failure::unkept(&error));
        }
        if matches!(summary.end, RunEnd::Completed | RunEnd::Enough) {
            self.file.remove()?;
        }
        Ok(())
    }
}

struct Kept(Arc<CallJournal>);

impl Journal for Kept {
    fn note(&self, trial: &TrialKey, usd: f64, calls: i64) -> bool {
        let (sample, policy, repeat) = trial;
        self.0.note((sample, policy, *repeat), usd, calls)
    }
}

/// The settings of a run with its limits. Money is written down before it is spent where a budget
/// must hold over several parts of the run.
pub(super) fn settings(experiment: &Experiment, spent: &Spent, settings: Settings) -> Settings {
    let mut budget = settings.budget;
    budget.spent_usd += spent.unlogged.usd;
    budget.spent_calls += spent.unlogged.calls;
    let has_budget = budget.max_cost_usd.is_some() || budget.max_calls.is_some();
    let journal = has_budget.then(|| JournalRef(Arc::new(Kept(Arc::clone(&spent.file)))));
    Settings {
        budget,
        journal,
        limits: limits(experiment),
        ..settings
    }
}

fn limits(experiment: &Experiment) -> Limits {
    let backends = experiment.backends.iter();
    Limits {
        backends: backends.map(|b| of(experiment, b)).collect(),
    }
}

fn of(experiment: &Experiment, backend: &BackendWritten) -> BackendLimits {
    let models = experiment.models.iter();
    let models = models.filter(|m| m.backend.as_ref() == Some(&backend.name));
    let models = models.map(|m| m.name.as_str().into()).collect();
    BackendLimits {
        requests_per_minute: backend.requests_per_minute,
        tokens_per_minute: backend.tokens_per_minute,
        max_concurrency: backend.max_concurrency,
        is_adaptive: backend.adaptive_concurrency.unwrap_or(true),
        breaker: backend.breaker.as_ref().map(|b| BreakerRule {
            failures: b.failures,
            open: Duration::from_secs_f64(b.open_s),
        }),
        ..BackendLimits::new(backend.name.as_str(), models)
    }
}

/// What the limits did, one note for each backend where they did anything.
pub(super) fn notes(summary: &LiveSummary) -> BTreeMap<String, String> {
    let limits = summary.limits.iter();
    let note = limits.map(|facts| (format!("limits.{}", facts.name), facts.sentence()));
    note.collect()
}
