//! The verdict on one candidate.

use serde::{Deserialize, Serialize};

use super::Estimate;

/// What the gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every claim that must hold is proven and the screen is silent.
    Pass,
    /// The data cannot decide.
    Inconclusive,
    /// A regression is shown.
    Block,
    /// The run itself is not valid.
    Invalid,
}

impl Outcome {
    /// The name in every file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Block => "block",
            Self::Invalid => "invalid",
        }
    }
}

/// What a claim is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// Share of trials with a score.
    Coverage,
    /// Mean score.
    Quality,
    /// Mean score with every unjudged trial at its worst.
    QualityWorstCase,
    /// Share of requests above the time-to-first-token objective.
    TtftSlo,
    /// Share of failed trials.
    Errors,
    /// Promised cost saving.
    Saving,
    /// Whether the measuring client kept up; a run whose client did not is invalid.
    Client,
}

/// How a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClaimState {
    /// Proven.
    Holds,
    /// The opposite is shown.
    Fails,
    /// Cannot be told.
    Open,
}

/// One claim of the gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Claim {
    /// Slice name, or `overall`.
    pub slice: String,
    /// What it is about.
    pub kind: ClaimKind,
    /// Whether a PASS needs it.
    pub required: bool,
    /// How it stands.
    pub state: ClaimState,
    /// The number it rests on.
    pub estimate: Option<Estimate>,
    /// The limit it is held against, in the unit of the estimate.
    pub limit: f64,
    /// One sentence with the numbers in it.
    pub sentence: String,
}

/// The verdict on one candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The change.
    pub candidate: String,
    /// What it is weighed against.
    pub baseline: String,
    /// What the gate says.
    pub outcome: Outcome,
    /// The one sentence why.
    pub sentence: String,
    /// Every claim: required ones first, then screened slices that fail.
    pub claims: Vec<Claim>,
    /// What would change the verdict: sizes, slices.
    pub next_steps: Vec<String>,
}
