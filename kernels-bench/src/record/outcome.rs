//! One configuration of one benchmark and what came of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SkipReason;

/// One configuration of one benchmark and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Record {
    /// Benchmark id, `C1` to `C8` and `G0` to `G9`.
    pub bench: String,
    /// Who did the work: `weighbridge`, or a peer with its version (`kv-index 2.0.0`).
    pub by: String,
    /// The configuration, by axis name; numbers and strings only.
    pub config: BTreeMap<String, Value>,
    /// What came of it.
    pub outcome: Outcome,
}

/// Measured, modelled or skipped; a column of a report holds one kind only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Outcome {
    /// A clock was read.
    Measured(Box<Measured>),
    /// Arithmetic, from measured or preset inputs.
    Modelled(Modelled),
    /// Not run, and why.
    Skipped(SkipReason),
}

/// A measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Measured {
    /// Time of the whole operation.
    pub time: Timing,
    /// Transfers only: where the time goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<CopyTimes>,
    /// What one operation does.
    pub work: Work,
    /// Whether the data was in cache when the clock started.
    pub cache: CacheState,
    /// The ceiling this is judged against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Ceiling>,
    /// Whether the result was right.
    pub oracle: Oracle,
    /// What a reader must know to read the number right; usually absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Summary of the samples, nanoseconds for one operation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timing {
    /// Median.
    pub median_ns: f64,
    /// 20th percentile.
    pub p20_ns: f64,
    /// 80th percentile.
    pub p80_ns: f64,
    /// 99th percentile.
    pub p99_ns: f64,
    /// Number of samples.
    pub n: usize,
    /// Relative difference of the medians when the same configuration is measured twice,
    /// interleaved: differences below it are ties.
    pub noise_rel: f64,
}

/// The three times of a transfer, nanoseconds, medians.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CopyTimes {
    /// Host clock around posting the work.
    pub submit_ns: f64,
    /// Events on the copy stream.
    pub device_ns: f64,
    /// Host clock from first post to completion.
    pub end_to_end_ns: f64,
}

/// What one operation does; only what applies is present.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Work {
    /// Payload bytes, counted once for a transfer, read plus written for a kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<f64>,
    /// Floating-point operations (a multiply-add is two).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flops: Option<f64>,
    /// Tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<f64>,
    /// Blocks (pages).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<f64>,
}

/// Whether the data was in cache when the clock started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum CacheState {
    /// In cache as far as it fits: the operation ran just before.
    Hot,
    /// Evicted before every sample, or larger than the cache.
    Cold,
}

/// The bound an operation is judged against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ceiling {
    /// What the bound is.
    pub name: String,
    /// Time the same work takes at the bound, nanoseconds.
    pub at_ceiling_ns: f64,
    /// Whether the bound itself was measured here.
    pub origin: Origin,
}

/// Where a number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Origin {
    /// Measured on this machine.
    Measured,
    /// A data sheet or a published preset.
    Preset,
}

/// Whether the result was right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Oracle {
    /// It was, by this check.
    Passed(String),
    /// It was not: the time is worth nothing.
    Failed(String),
    /// Nothing to check (a ceiling, a latency).
    None,
}

/// A modelled number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Modelled {
    /// What it is, by name of the quantity; the name carries the unit (`saved_ms`).
    pub values: BTreeMap<String, f64>,
    /// Whether its ceilings were measured here.
    pub inputs: Origin,
    /// Why a hit loses, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loses_because: Option<String>,
}

impl Record {
    /// A record of our own work.
    pub fn ours(bench: &str, config: Vec<(&str, Value)>, outcome: Outcome) -> Self {
        Self::by("weighbridge", bench, config, outcome)
    }

    /// A record of a peer's work.
    pub fn by(by: &str, bench: &str, config: Vec<(&str, Value)>, outcome: Outcome) -> Self {
        Self {
            bench: bench.to_owned(),
            by: by.to_owned(),
            config: config.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
            outcome,
        }
    }

    /// The configuration on one line, `axis=value` in axis order.
    pub fn config_line(&self) -> String {
        let pairs = self.config.iter().map(|(k, v)| match v {
            Value::String(s) => format!("{k}={s}"),
            other => format!("{k}={other}"),
        });
        pairs.collect::<Vec<_>>().join(" ")
    }

    /// The measurement, if it is one.
    pub fn measured(&self) -> Option<&Measured> {
        match &self.outcome {
            Outcome::Measured(m) => Some(m),
            _ => None,
        }
    }
}

impl Measured {
    /// Payload rate in GB/s (10^9 bytes), if bytes are counted.
    pub fn gb_per_s(&self) -> Option<f64> {
        self.work.bytes.map(|b| b / self.time.median_ns)
    }

    /// TFLOP/s, if operations are counted.
    pub fn tflop_per_s(&self) -> Option<f64> {
        self.work.flops.map(|f| f / self.time.median_ns / 1e3)
    }

    /// Share of the ceiling reached, 1 at the ceiling.
    pub fn of_ceiling(&self) -> Option<f64> {
        self.ceiling
            .as_ref()
            .map(|c| c.at_ceiling_ns / self.time.median_ns)
    }
}
