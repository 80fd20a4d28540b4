//! Time to first token and its change.

use serde::{Deserialize, Serialize};

use super::{Estimate, QuantileEstimate};

/// An empirical distribution function, thinned for drawing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ecdf {
    /// `(milliseconds, share at or below)`, ascending.
    pub points: Vec<(f64, f64)>,
    /// Share of trials without a first token.
    pub failed_share: f64,
}

/// Latency of one policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatencySummary {
    /// Policy name.
    pub policy: String,
    /// Time to first token, router time inside: p50, p90, p95, p99.
    pub ttft: Vec<QuantileEstimate>,
    /// End-to-end time: p50, p95.
    pub e2e: Vec<QuantileEstimate>,
    /// Router time: p50, p95, p99; empty where it was not measured.
    pub router: Vec<QuantileEstimate>,
    /// Distribution of the time to first token.
    pub ecdf: Ecdf,
}

/// Change of latency against the baseline, paired by sample.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatencyChange {
    /// Typical ratio candidate / baseline of the time to first token (Hodges–Lehmann on paired log
    /// ratios).
    pub ttft_ratio: Option<Estimate>,
    /// Difference of medians in milliseconds.
    pub p50_change_ms: Option<f64>,
    /// Difference of 95th percentiles in milliseconds.
    pub p95_change_ms: Option<f64>,
    /// Rise of the share of requests above the objective, where one is set.
    pub slo_rise: Option<Estimate>,
}
