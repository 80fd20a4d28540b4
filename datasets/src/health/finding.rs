//! One finding about the data.

use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Likely to distort a result.
    Warning,
    /// Results that use these cells are not trustworthy.
    Defect,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A model scores below a blind guess on a slice.
    BelowChance,
    /// Token counts are the same on (nearly) every row.
    ConstantTokens,
    /// An identifier comes more than once.
    DuplicateId,
    /// A score is missing or not a number.
    MissingScore,
    /// A judge failed to give a score.
    JudgeFailure,
    /// Every model is right (or wrong) on a slice: it cannot tell policies apart.
    SaturatedSlice,
    /// Rows were dropped on import, for a stated reason.
    DroppedRows,
    /// Recorded totals contradict each other.
    Inconsistent,
    /// The same prompt text comes under several identifiers.
    DuplicatePrompt,
    /// The same prompt text is in two splits: what is fitted on one is not blind on the other.
    SplitOverlap,
    /// Times to first token changed while the load stayed the same.
    Drift,
    /// A prefix cache found less than the prompts share by design.
    PrefixCache,
}

/// One finding, with what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What was found.
    pub kind: FindingKind,
    /// How much it matters.
    pub severity: Severity,
    /// The model concerned, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The slice concerned, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<String>,
    /// Number of rows concerned.
    pub n: u64,
    /// One-sided p-value, where the finding is a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// One sentence with the numbers in it.
    pub message: String,
}
