//! How a sequential run went, and what was tried before.

use serde::{Deserialize, Serialize};
use weighbridge_record::{ChangeAttempt, Question};

use super::Outcome;

/// Why a sequential run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SequentialStop {
    /// Every candidate passed or is blocked.
    Decided,
    /// Every candidate that is not decided can no longer pass.
    Futile,
    /// Every sample was used.
    Exhausted,
    /// The log ends before the next block: a budget, an interrupt, or a run that goes on.
    Unfinished,
}

/// A question with its e-value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EvidenceRow {
    /// Slice name, or `overall`.
    pub slice: String,
    /// What is bet on.
    pub question: Question,
    /// Natural logarithm of the e-value, carried evidence included.
    pub log_e: f64,
    /// Share of it that earlier attempts on other samples brought.
    pub carried_log_e: f64,
    /// Natural logarithm of what decides it; absent where a family of slices is decided together.
    pub log_threshold: Option<f64>,
    /// Whether it was ever decided.
    pub decided: bool,
}

/// One candidate of a sequential run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SequentialCandidate {
    /// The candidate policy.
    pub candidate: String,
    /// What the gate says.
    pub outcome: Outcome,
    /// Samples used when it was decided; absent while it was open to the end.
    pub decided_at: Option<u64>,
    /// Why it was decided, or not.
    pub sentence: String,
    /// Every question: required ones first.
    pub evidence: Vec<EvidenceRow>,
}

/// A sequential run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sequential {
    /// Name of the method.
    pub method: String,
    /// Why it ended.
    pub stop: SequentialStop,
    /// The same in words.
    pub sentence: String,
    /// Which time the samples are gone through for this change, from 1.
    pub round: u32,
    /// Error rate of a false PASS in force, per claim.
    pub alpha_pass: f64,
    /// Family-wise error rate of a false BLOCK in force.
    pub alpha_block: f64,
    /// Samples used.
    pub samples_used: u64,
    /// Samples of earlier attempts whose evidence is carried.
    pub samples_carried: u64,
    /// Samples of the dataset.
    pub samples_available: u64,
    /// Trials that were under way at the stop: paid, in the log, not used.
    pub unused_trials: u64,
    /// Everything spent, unused trials included, in US dollars; what the recorded answers cost, for a
    /// replay.
    pub spent_usd: f64,
    /// Of it: unused trials.
    pub unused_usd: f64,
    /// About what the samples that were not visited would have cost, at the mean cost of those used.
    pub saved_usd: f64,
    /// One entry per candidate.
    pub candidates: Vec<SequentialCandidate>,
}

/// Attempts at judging the change of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempts {
    /// Key of the change.
    pub change: String,
    /// Number of this attempt.
    pub number: u32,
    /// What that means for the error rates.
    pub note: String,
    /// This attempt, as the ledger keeps it.
    pub this: ChangeAttempt,
    /// Earlier attempts on other data.
    pub earlier: Vec<ChangeAttempt>,
}
