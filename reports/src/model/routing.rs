//! Routing metrics of one policy.

use serde::{Deserialize, Serialize};

use super::Estimate;

/// A point of a deferral curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Share of requests sent to the strong model.
    pub share: f64,
    /// Mean score.
    pub quality: f64,
}

/// Smallest share of strong calls that recovers a part of the gap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cpt {
    /// Part of the gap, for example 0.5.
    pub recovered: f64,
    /// Share of strong calls at first passage on the exact curve; absent if never reached.
    pub share: Option<f64>,
    /// Smallest and largest share over all orders of requests with equal rank; absent if never
    /// reached in one of them. Equal to `share` where nothing ties at the passage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tie_range: Option<(f64, f64)>,
}

/// Whether a policy beats a control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ControlCheck {
    /// Name of the control.
    pub control: String,
    /// Mean score of the policy minus the control's at the policy's cost (or strong share).
    pub difference: Estimate,
    /// One sentence: beats it, does not beat it, or cannot tell.
    pub sentence: String,
    /// Whether the interval lies above 0.
    pub beats: bool,
}

/// Routing metrics of one policy. Definitions: routing metrics chapter of the documentation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoutingSummary {
    /// Policy name.
    pub policy: String,
    /// Weak model of the pair.
    pub weak: String,
    /// Strong model of the pair.
    pub strong: String,
    /// Share of requests answered by the strong model.
    pub strong_share: f64,
    /// Performance gap recovered; absent where the gap itself is within noise.
    pub pgr: Option<Estimate>,
    /// Mean gap recovered over the curve, exact: every cut of the ranking.
    pub apgr: Option<f64>,
    /// The same on 10 quantile bins, as published tables have it.
    pub apgr_10: Option<f64>,
    /// Area under the deferral curve, quality over strong share.
    pub auc: Option<f64>,
    /// Call-performance thresholds at 20, 50, 80 and 95 %.
    pub cpt: Vec<Cpt>,
    /// AIQ, paper normalisation: hull integral over the common cost range.
    pub aiq: Option<f64>,
    /// AIQ as the released code divides: by the largest cost.
    pub aiq_released: Option<f64>,
    /// RouterArena score.
    pub arena: f64,
    /// Share of solvable samples where the cheapest right model was chosen.
    pub opt_selection: Option<f64>,
    /// Optimal cost over the policy's cost on solvable samples.
    pub opt_cost: Option<f64>,
    /// Policy score over optimal score on solvable samples.
    pub opt_accuracy: Option<f64>,
    /// The deferral curve, thinned for drawing; empty where the policy has no ranking score.
    pub curve: Vec<CurvePoint>,
    /// Comparison with each control.
    pub controls: Vec<ControlCheck>,
}
