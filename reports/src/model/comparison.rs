//! One policy against the baseline, paired by sample.

use serde::{Deserialize, Serialize};
use weighbridge_record::SliceTier;

use super::{Estimate, LatencyChange};

/// How a slice is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SliceKind {
    /// All samples.
    Overall,
    /// Registered by labels.
    Label,
    /// By the candidate's own decision: samples it sends to a model other than the baseline's.
    Routed,
}

/// What the data say about a slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum SliceState {
    /// A loss of the margin or more is excluded.
    Proven,
    /// A loss is shown and the point estimate is beyond the margin.
    Blocked,
    /// Neither; about this many samples would be needed to prove it if nothing changed.
    Undecided {
        /// Samples needed at the flip rate seen (or with no flips).
        needs_n: Option<u64>,
    },
    /// Shown only.
    Exploratory,
    /// The slice has no paired sample.
    Empty,
}

/// One slice of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SliceResult {
    /// Name, `overall`, `key=value` or `routed to MODEL`.
    pub name: String,
    /// How it is defined.
    pub kind: SliceKind,
    /// How strongly it is guarded.
    pub tier: SliceTier,
    /// Paired samples.
    pub n: u64,
    /// Clusters among them.
    pub clusters: u64,
    /// Baseline mean score.
    pub baseline: f64,
    /// Candidate mean score.
    pub candidate: f64,
    /// Mean difference, candidate minus baseline, with a two-sided interval.
    pub difference: Estimate,
    /// Samples on which the candidate is better.
    pub gains: u64,
    /// Samples on which it is worse.
    pub losses: u64,
    /// Largest acceptable loss.
    pub margin: f64,
    /// One-sided bound: a loss larger than this is excluded at `1 - alpha_pass`.
    pub certified_loss: Option<f64>,
    /// The same, simultaneous over all slices of the comparison (Bonferroni).
    pub simultaneous_loss: Option<f64>,
    /// One-sided p-value of "the loss is the margin or more".
    pub noninferiority_p: Option<f64>,
    /// Raw one-sided p-value of "not worse".
    pub worse_p: Option<f64>,
    /// The same, adjusted family-wise.
    pub worse_p_adjusted: Option<f64>,
    /// Shrunken difference, for display only.
    pub shrunken: Option<f64>,
    /// What it comes to.
    pub verdict: SliceState,
}

/// Change of cost, as a ratio of sums.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostChange {
    /// Baseline, US dollars per 1,000 requests.
    pub baseline_per_1k_usd: f64,
    /// Candidate, US dollars per 1,000 requests.
    pub candidate_per_1k_usd: f64,
    /// Share saved, `1 - candidate / baseline`; absent when the baseline cost nothing.
    pub saving: Option<Estimate>,
    /// Share of the total carried by the dearest 1 % of requests, over both arms.
    pub top_percent_share: f64,
}

/// Change of the error rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorChange {
    /// Baseline share of failed trials.
    pub baseline: f64,
    /// Candidate share.
    pub candidate: f64,
    /// Rise, candidate minus baseline.
    pub rise: Estimate,
}

/// One policy against the baseline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The policy.
    pub candidate: String,
    /// The baseline.
    pub baseline: String,
    /// Samples paired.
    pub pairs: u64,
    /// Samples that could not be paired.
    pub unpaired: u64,
    /// All samples.
    pub overall: SliceResult,
    /// Registered slices by name, then routed slices.
    pub slices: Vec<SliceResult>,
    /// Quality lost on the samples the candidate sends elsewhere: mean of baseline minus candidate.
    pub routed_loss: Option<Estimate>,
    /// Cost.
    pub cost: CostChange,
    /// Latency, where it was measured.
    pub latency: Option<LatencyChange>,
    /// Errors.
    pub errors: ErrorChange,
    /// How the family-wise screen was made (method, flips, Monte-Carlo error).
    pub screen: String,
}
