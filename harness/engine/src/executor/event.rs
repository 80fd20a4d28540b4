//! What a live run tells while it goes, and at its end.

use std::sync::Arc;
use std::time::Duration;

use weighbridge_record::{AttemptErrorKind, Trial};

use super::{BudgetLimit, ClientValidity, LimitFacts};

/// Something that happened in a live run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A trial is finished. Arrives in order of completion.
    TrialDone(Box<Trial>),
    /// Where the run stands, after each trial.
    Progress(Progress),
    /// A call failed and is tried again after a wait.
    Retry {
        /// Model called.
        model: Arc<str>,
        /// Why the try failed.
        kind: AttemptErrorKind,
        /// The next try, from 1.
        try_number: u32,
        /// Time until it.
        wait: Duration,
    },
    /// No call is made any more: its worst case would exceed a limit.
    BudgetReached(BudgetLimit),
    /// Something worth telling the user.
    Note(String),
}

/// Where a live run stands.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Progress {
    /// Finished trials, those of an earlier part of the run included.
    pub done: u64,
    /// All trials of the plan.
    pub total: u64,
    /// Trials under way.
    pub in_flight: usize,
    /// Money spent, earlier parts included, in US dollars.
    pub spent_usd: f64,
    /// Calls made, earlier parts included.
    pub calls: u64,
}

/// How a live run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// Every trial is finished.
    Completed,
    /// A budget limit was reached; the run resumes.
    Budget(BudgetLimit),
    /// Told that nothing more is needed; every trial under way was finished.
    Enough,
    /// Stopped from outside, or nobody read the events any more; the run resumes.
    Interrupted,
    /// A trial ended in a panic, which is a bug; finished trials are kept.
    Panicked,
}

/// What is known once a live run has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveSummary {
    /// How it ended.
    pub end: RunEnd,
    /// Where it stands.
    pub progress: Progress,
    /// What the limits of each backend did, those with something to tell.
    pub limits: Vec<LimitFacts>,
    /// Whether the client itself kept up.
    pub validity: ClientValidity,
}
