//! `[run.arrivals]`, `[run.think]`, `[run.warmup]` and `[run.client]`: when requests come, and what the
//! client may get wrong.

use serde::{Deserialize, Serialize};
use toml::Spanned;

/// `[run.arrivals]`: when requests are sent. A rate counts all policies together: each trial is one
/// arrival, or each conversation with `[run.think]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ArrivalsWritten {
    /// The process.
    #[cfg_attr(feature = "schema", schemars(with = "ArrivalsKind"))]
    pub(crate) kind: Spanned<ArrivalsKind>,
    /// Arrivals per second, for `constant`, `poisson` and `gamma`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) rate_per_s: Option<Spanned<f64>>,
    /// Shape of gamma gaps, more than 0: their coefficient of variation is 1/√burstiness, so that
    /// below 1 is burstier than `poisson`. For `gamma`, and for a `ramp` with such gaps.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) burstiness: Option<Spanned<f64>>,
    /// Shape of the gaps of a `ramp`; `poisson` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<GapsWritten>"))]
    pub(crate) gaps: Option<Spanned<GapsWritten>>,
    /// Stages of a `ramp`; the last rate goes on to the end of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<StageWritten>>"))]
    pub(crate) stages: Option<Spanned<Vec<StageWritten>>>,
    /// File of a `trace`, relative to the experiment file. A longer trace than needed is cut, a
    /// shorter one is replayed again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) path: Option<Spanned<String>>,
    /// Format of a `trace`: `mooncake`, `burstgpt` or `azure`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) format: Option<Spanned<String>>,
    /// Factor on the times of a `trace`: 0.5 replays twice as fast. 1 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) time_scale: Option<Spanned<f64>>,
    /// Trials of a `burst`, all due at the same instant; at least 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<usize>"))]
    pub(crate) size: Option<Spanned<usize>>,
    /// Seconds from one `burst` to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) period_s: Option<Spanned<f64>>,
    /// Most trials under way at once, not for `closed`. Waiting for a place counts in every latency and
    /// is shown apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<usize>"))]
    pub(crate) max_in_flight: Option<Spanned<usize>>,
}

/// `run.arrivals.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ArrivalsKind {
    /// The next request goes out when an answer ended, `run.concurrency` at once.
    Closed,
    /// Equal gaps.
    Constant,
    /// Exponential gaps.
    Poisson,
    /// Gamma gaps.
    Gamma,
    /// A rate in stages.
    Ramp,
    /// All at once, `size` of them, again every `period_s`.
    Burst,
    /// Recorded times.
    Trace,
}

/// `run.arrivals.gaps`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum GapsWritten {
    /// Equal gaps.
    Constant,
    /// Exponential gaps.
    Poisson,
    /// Gamma gaps.
    Gamma,
}

/// A stage of a ramp.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct StageWritten {
    /// Arrivals per second at its start; the same as `rate_per_s` if absent, which makes a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) from_per_s: Option<f64>,
    /// Arrivals per second at its end.
    pub(crate) rate_per_s: f64,
    /// Its length in seconds.
    pub(crate) seconds: f64,
}

/// `[run.think]`: samples of one cluster are the turns of a conversation. Each is sent when the answer to
/// the one before has ended and the time to think is over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ThinkWritten {
    /// How it varies.
    pub(crate) kind: ThinkKind,
    /// Its mean in seconds, at least 0.
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub(crate) mean_s: Spanned<f64>,
    /// Standard deviation of its logarithm, for `log_normal`; 1 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) sigma: Option<Spanned<f64>>,
}

/// `run.think.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ThinkKind {
    /// Always the same.
    Constant,
    /// Exponential.
    Exponential,
    /// Log-normal.
    LogNormal,
}

/// `[run.warmup]`: the start of each part of a run, whose latencies are not counted. Scores and costs
/// are, and the load goes on without a break.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WarmupWritten {
    /// Trials, in the order in which they start.
    pub(crate) trials: u64,
    /// Seconds since the start.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) seconds: Option<Spanned<f64>>,
}

/// `[run.client]`: what the measuring client may get wrong before the run is invalid.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClientWritten {
    /// Whether the client measures itself before the first trial, on a null backend of its own, for at
    /// most 0.3 s: its own part of every time to first token. On if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calibrate: Option<bool>,
    /// Largest share of the times to first token that may be the client's own, 0.1 if absent: median
    /// against median, 99th percentile against 99th percentile. Not judged beside an embedded backend.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) max_overhead_share: Option<Spanned<f64>>,
    /// Largest 99th percentile of the time by which trials start late, in milliseconds; 2 on a
    /// schedule, 20 in a closed loop.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) max_lag_ms: Option<Spanned<f64>>,
    /// Largest share of this machine's processors that the client may use, 0.8 if absent. Not judged
    /// beside an embedded backend, which runs in the same process.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) max_cpu_share: Option<Spanned<f64>>,
    /// Largest error of the rate of arrivals as a share, 0.01 if absent.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) max_rate_error: Option<Spanned<f64>>,
    /// Largest error of the coefficient of variation of the gaps, 0.03 if absent; 0.1 is always allowed
    /// where gaps are equal.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) max_cv_error: Option<Spanned<f64>>,
    /// Largest Kolmogorov-Smirnov distance of sent and scheduled gaps, 0.1 if absent.
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub(crate) max_ks: Option<Spanned<f64>>,
}
