//! A change, and every attempt at judging it.
//!
//! Who runs a gate until it is green has used up its error rate. So each judgement of a change is
//! kept, with what it showed, beside the runs: see [`AttemptLedger`](crate::AttemptLedger).

use serde::{Deserialize, Serialize};

use crate::Mode;

/// How an attempt is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JudgedBy {
    /// Once, after all samples.
    FixedN,
    /// After every sample, by e-processes.
    Sequential,
}

/// What an e-process bets on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// The loss of mean score is smaller than the margin.
    WithinMargin,
    /// The candidate is worse.
    Worse,
    /// The loss of mean score is larger than the margin.
    BeyondMargin,
    /// The share of slow first tokens rises by less than its margin.
    TtftWithinMargin,
    /// The share of slow first tokens rises.
    TtftWorse,
    /// The error rate rises by less than its margin.
    ErrorsWithinMargin,
    /// The error rate rises.
    ErrorsWorse,
    /// The promised saving is reached (an asymptotic confidence sequence, no e-value).
    SavingReached,
    /// The promised saving is missed (an asymptotic confidence sequence, no e-value).
    SavingMissed,
}

/// What an attempt showed on one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimEvidence {
    /// Slice name, or `overall`.
    pub slice: String,
    /// The question.
    pub question: Question,
    /// Natural logarithm of the e-value when the attempt ended, of this attempt's samples alone.
    pub log_e: f64,
    /// Whether the threshold was ever reached, earlier attempts of the round included.
    pub decided: bool,
}

/// What an attempt showed on one candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CandidateEvidence {
    /// The candidate policy.
    pub candidate: String,
    /// `pass`, `block`, `inconclusive` or `invalid`.
    pub outcome: String,
    /// Every question asked; empty for fixed-n attempts, which have no e-values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<ClaimEvidence>,
}

/// One attempt at judging a change: a line of `attempts.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeAttempt {
    /// Version of the line, [`ChangeAttempt::SCHEMA`].
    pub schema: u32,
    /// Key of the change.
    pub change: String,
    /// Number of the attempt at this change, from 1.
    pub attempt: u32,
    /// What the attempt's data are: for a replay a hash of the recorded outcomes and the seed, so
    /// that the same recording is recognised; for a live run a name of its own.
    pub evidence: String,
    /// How it is judged.
    pub method: JudgedBy,
    /// Live or replay.
    pub mode: Mode,
    /// Wall-clock start of a live run, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_unix_ms: Option<u64>,
    /// Run directory of a live run, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Which time the samples are gone through for this change, from 1.
    pub round: u32,
    /// Blocks of the visiting order that earlier attempts of the round used.
    pub from_block: u64,
    /// First block that is not used yet.
    pub to_block: u64,
    /// Samples used by this attempt.
    pub samples_used: u64,
    /// Money of this attempt in US dollars; what the recorded answers cost, for a replay.
    pub cost_usd: f64,
    /// Worst outcome over all candidates; absent while the attempt is under way, and for good when
    /// it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// What it showed, by candidate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<CandidateEvidence>,
}

impl ChangeAttempt {
    /// Version of the line.
    pub const SCHEMA: u32 = 1;
}

/// Which change a run judges, and what was tried before: part of the header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeInfo {
    /// Hash of everything that makes the change: baseline and candidates with all they refer to,
    /// the samples whatever their order, the gate policy, models and prices, live or replay. Names of
    /// files and the seed are left out.
    pub key: String,
    /// Number of this attempt, from 1.
    pub attempt: u32,
    /// See [`ChangeAttempt::evidence`].
    pub evidence: String,
    /// How this attempt is judged.
    pub method: JudgedBy,
    /// Where a sequential run begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<SequentialStart>,
    /// Attempts before this one on other data, by number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<ChangeAttempt>,
}

/// Where a sequential run begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequentialStart {
    /// Seed of the visiting order: a fingerprint of the samples that does not depend on their order.
    pub order: String,
    /// Which time the samples are gone through for this change, from 1. Error rates are halved with
    /// each further round.
    pub round: u32,
    /// Blocks that earlier attempts of the round used up.
    pub from_block: u64,
}

impl ChangeInfo {
    /// Earlier sequential attempts whose evidence this one continues: same round, other samples.
    pub fn continued(&self) -> impl Iterator<Item = &ChangeAttempt> {
        let round = self
            .start
            .as_ref()
            .filter(|start| start.from_block > 0)
            .map(|start| start.round);
        self.earlier.iter().filter(move |attempt| {
            attempt.method == JudgedBy::Sequential && Some(attempt.round) == round
        })
    }

    /// What the continued attempts showed on one question: the logarithms of their e-values added up
    /// (their samples are disjoint), and whether any of them decided it.
    pub fn carried(&self, candidate: &str, slice: &str, question: Question) -> (f64, bool) {
        let mut carried = (0.0, false);
        let evidence = self
            .continued()
            .flat_map(|attempt| &attempt.candidates)
            .filter(|c| c.candidate == candidate)
            .flat_map(|c| &c.evidence)
            .filter(|e| e.slice == slice && e.question == question);
        for evidence in evidence {
            carried.0 += evidence.log_e;
            carried.1 |= evidence.decided;
        }
        carried
    }
}
