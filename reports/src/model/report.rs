//! The whole report.

use serde::{Deserialize, Serialize};
use weighbridge_datasets::health::Finding;
use weighbridge_record::{DatasetInfo, GatePolicy, HostInfo, Mode, ModelEntry, PolicyEntry};

use super::{
    Attempts, Comparison, LatencySummary, Leaderboard, LedgerRow, Outcome, Plane, PolicySummary,
    Reliability, RoutingSummary, RunDiff, Sequential, Verdict,
};

/// Version of `report.json`.
pub const REPORT_SCHEMA: u32 = 1;

/// Trials with and without a score, per policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Policy name.
    pub policy: String,
    /// Trials planned.
    pub planned: u64,
    /// Trials with a value.
    pub scored: u64,
    /// Trials that could not be judged.
    pub unscored: u64,
    /// Trials without a usable answer.
    pub failed: u64,
    /// Trials not in the log.
    pub missing: u64,
    /// Failed attempts by kind, in the order of kinds.
    pub errors: Vec<(String, u64)>,
}

/// One arm of a flipped sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlipSide {
    /// Model that answered, where one did.
    pub model: Option<String>,
    /// Score, or why there is none.
    pub score: String,
    /// The answer, shortened.
    pub answer: Option<String>,
    /// Bytes left out of the answer.
    pub answer_cut_bytes: u64,
    /// Reasons of the decisions, in order.
    pub route: Vec<String>,
    /// Cost in US dollars.
    pub cost_usd: f64,
    /// Time to first token in milliseconds.
    pub ttft_ms: Option<f64>,
}

/// A sample on which candidate and baseline differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flip {
    /// Candidate policy.
    pub candidate_policy: String,
    /// Sample id.
    pub sample: String,
    /// Names of its slices.
    pub slices: Vec<String>,
    /// Beginning of the prompt.
    pub prompt: String,
    /// What was expected.
    pub expected: Option<String>,
    /// Candidate minus baseline score.
    pub difference: f64,
    /// The baseline's side.
    pub baseline: FlipSide,
    /// The candidate's side.
    pub candidate: FlipSide,
}

/// Where everything comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of the program that wrote the log.
    pub weighbridge: String,
    /// Live or replay.
    pub mode: Mode,
    /// Hash of the resolved experiment.
    pub experiment_hash: String,
    /// Hash of the gate policy.
    pub gate_hash: String,
    /// Seed.
    pub seed: u64,
    /// Repeats.
    pub repeats: u32,
    /// The dataset.
    pub dataset: DatasetInfo,
    /// The fleet.
    pub fleet: Vec<ModelEntry>,
    /// The policies with their hashes.
    pub policies: Vec<PolicyEntry>,
    /// Date of the prices.
    pub prices_as_of: Option<String>,
    /// Start of a live run, milliseconds since 1970.
    pub started_unix_ms: Option<u64>,
    /// Machine of a live run.
    pub host: Option<HostInfo>,
    /// Facts kept with the run, in order of name (client validity, budget).
    pub notes: Vec<(String, String)>,
}

/// Everything a report says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`REPORT_SCHEMA`].
    pub schema: u32,
    /// Name of the experiment.
    pub name: String,
    /// Worst outcome over all candidates; `Pass` needs every candidate to pass.
    pub outcome: Outcome,
    /// One verdict per candidate, in the order of the experiment.
    pub verdicts: Vec<Verdict>,
    /// How a sequential run went; absent for a fixed-n run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequential: Option<Sequential>,
    /// Attempts at judging this change; absent in logs of older programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Attempts>,
    /// What must hold.
    pub gate: GatePolicy,
    /// Data-health findings, worst first.
    pub health: Vec<Finding>,
    /// Coverage per policy.
    pub coverage: Vec<Coverage>,
    /// Each policy on its own.
    pub policies: Vec<PolicySummary>,
    /// Each policy but the baseline against the baseline.
    pub comparisons: Vec<Comparison>,
    /// All policies against each other; absent with fewer than three.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaderboard: Option<Leaderboard>,
    /// Cost and quality.
    pub plane: Plane,
    /// Routing metrics.
    pub routing: Vec<RoutingSummary>,
    /// Latency; empty where none was recorded.
    pub latency: Vec<LatencySummary>,
    /// Money.
    pub ledger: Vec<LedgerRow>,
    /// What failed; absent where nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reliability: Option<Reliability>,
    /// Losses of the candidates, worst first, shortened to a few; then gains.
    pub flips: Vec<Flip>,
    /// Losses and gains in all, per candidate: `(candidate, losses, gains)`.
    pub flip_counts: Vec<(String, u64, u64)>,
    /// Notes on method: what was tested, how, at which level.
    pub methods: Vec<String>,
    /// Where everything comes from.
    pub provenance: Provenance,
    /// What differs between the two runs of a comparison; absent in the report of one run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_diff: Option<RunDiff>,
}
