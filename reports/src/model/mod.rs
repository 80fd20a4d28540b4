//! The report as data: what `report.json` holds and every renderer reads.
//!
//! Nothing here is computed while rendering; renderers only format. Numbers are unrounded.

mod comparison;
mod estimate;
mod latency;
mod leaderboard;
mod plane;
mod policy;
mod reliability;
mod report;
mod routing;
mod run_diff;
mod sequential;
mod verdict;

pub use comparison::{Comparison, CostChange, ErrorChange, SliceKind, SliceResult, SliceState};
pub use estimate::{Estimate, QuantileEstimate};
pub use latency::{Ecdf, LatencyChange, LatencySummary};
pub use leaderboard::{Board, BoardAxis, BoardDifference, BoardPair, BoardRow, Leaderboard};
pub use plane::{Plane, PlanePoint, PointKind};
pub use policy::{LedgerRow, ModelShare, PolicySummary};
pub use reliability::{
    FailureTimeline, Fallback, GatewayReliability, ModelReliability, Outage, PolicyReliability,
    Reliability, TimelineUnit, TriesSummary, TtftSplit,
};
pub use report::{Coverage, Flip, FlipSide, Provenance, REPORT_SCHEMA, Report};
pub use routing::{ControlCheck, Cpt, CurvePoint, RoutingSummary};
pub use run_diff::{
    ChangedSample, ConfigChange, ItemChange, MetricChange, MetricUnit, RunDiff, RunJoin, RunSide,
};
pub use sequential::{Attempts, EvidenceRow, Sequential, SequentialCandidate, SequentialStop};
pub use verdict::{Claim, ClaimKind, ClaimState, Outcome, Verdict};
