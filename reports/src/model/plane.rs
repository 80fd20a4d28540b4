//! The cost–quality plane.

use serde::{Deserialize, Serialize};

use super::Estimate;

/// What a point of the plane is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointKind {
    /// A policy in production.
    Baseline,
    /// A policy being weighed.
    Candidate,
    /// Another policy.
    Other,
    /// A control policy.
    Control,
    /// A single model.
    Single,
    /// Cheapest of the best models per sample.
    Oracle,
}

/// One point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanePoint {
    /// Label.
    pub name: String,
    /// What it is.
    pub kind: PointKind,
    /// US dollars per 1,000 requests.
    pub cost_per_1k_usd: f64,
    /// Mean score.
    pub quality: Estimate,
}

/// The plane with its hulls.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Plane {
    /// Points, in the order of the run's policies, then single models, then the oracle.
    pub points: Vec<PlanePoint>,
    /// Zero router: non-decreasing convex hull of the single models, `(cost per 1k, quality)`.
    /// Between its corners it is only reachable by mixing at random.
    pub zero_router: Vec<(f64, f64)>,
    /// Non-decreasing convex hull of all deployable policies.
    pub policy_hull: Vec<(f64, f64)>,
}
