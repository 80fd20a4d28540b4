//! The experiment file exactly as written, before anything is looked up.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use weighbridge_record::{GatePolicy, Price};

use super::arrivals::{ArrivalsWritten, ClientWritten, ThinkWritten, WarmupWritten};
use super::fault_recorded::RecordedFaultWritten;
use super::prefix::PrefixWritten;
use super::{BackendWritten, PolicyWritten};

/// A whole experiment file.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) top: Top,
    pub(crate) gate: Option<GateWritten>,
    pub(crate) backends: Vec<Spanned<BackendWritten>>,
    pub(crate) models: Vec<Spanned<ModelWritten>>,
    pub(crate) faults: Vec<Spanned<RecordedFaultWritten>>,
    pub(crate) policies: Vec<PolicyWritten>,
}

/// Everything but the lists.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Top {
    /// Name of the experiment, shown in every output.
    pub(crate) name: String,
    /// Seed of every random choice; the same seed gives the same decisions.
    #[serde(default)]
    pub(crate) seed: u64,
    /// Repeats of each (sample, policy), at least 1.
    #[serde(default = "one")]
    pub(crate) repeats: u32,
    /// The labelled requests.
    #[cfg_attr(feature = "schema", schemars(with = "DatasetWritten"))]
    pub(crate) dataset: Spanned<DatasetWritten>,
    /// How slices are made from labels.
    #[serde(default)]
    pub(crate) slices: SlicesWritten,
    /// How the run is executed.
    #[serde(default)]
    pub(crate) run: RunWritten,
    /// Controls that every router is compared with.
    #[serde(default)]
    pub(crate) controls: ControlsWritten,
    /// The price book.
    #[serde(default)]
    pub(crate) prices: PricesWritten,
    /// The pair that deferral curves are drawn for.
    #[serde(default)]
    pub(crate) routing: RoutingWritten,
}

fn one() -> u32 {
    1
}

/// `[dataset]`.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct DatasetWritten {
    /// JSONL file of samples, relative to the experiment file.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) path: Option<Spanned<String>>,
    /// Foreign format to import instead: `routellm-gsm8k`, `routellm-mmlu`, `routellm-mtbench`,
    /// `llmrouter`, `routerbench`, `routerarena`, `llmrouterbench` or `jsonl`. The folder comes from
    /// `--data` or from `folder`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) import: Option<Spanned<String>>,
    /// Folder to import from, relative to the experiment file; `--data` overrides it.
    pub(crate) folder: Option<String>,
    /// JSONL file of recorded outcomes, relative to the experiment file.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) outcomes: Option<Spanned<String>>,
    /// Split that is judged; all samples if absent.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub(crate) split: Option<Spanned<String>>,
    /// Name shown in reports.
    pub(crate) name: Option<String>,
    /// Licence of the data.
    pub(crate) licence: Option<String>,
    /// Judge only so many samples, evenly spaced over the file, for a quick look.
    pub(crate) limit: Option<usize>,
}

/// `[slices]`.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SlicesWritten {
    /// Label keys: one slice per value of each.
    pub(crate) by: Vec<String>,
    /// Slices of a name of their own.
    #[serde(rename = "where")]
    pub(crate) named: Vec<NamedSlice>,
}

/// `[[slices.where]]`: a slice of a name of its own, by conditions that must all hold. At least one
/// condition is needed.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedSlice {
    /// Name of the slice.
    pub(crate) name: String,
    /// Label values that must all be present.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    /// Length of the prompt in characters, over all messages.
    pub(crate) prompt_chars: Option<CharBandWritten>,
    /// Words or phrases that the first 600 characters of the last user message must all contain;
    /// case and punctuation do not matter.
    #[serde(default)]
    pub(crate) words: Vec<String>,
    /// Written by `weighbridge slices discover`: the comparison in which the slice was found. The
    /// slice is shown but never gates there, since it was chosen by that very result.
    pub(crate) found_in: Option<String>,
}

/// `prompt_chars` of a slice; at least one end is given.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct CharBandWritten {
    /// Smallest length that belongs to the slice.
    pub(crate) at_least: Option<u64>,
    /// Smallest length that is too long for it.
    pub(crate) below: Option<u64>,
}

/// `[run]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RunWritten {
    /// `live` calls backends, `replay` looks recorded outcomes up.
    pub(crate) mode: ModeWritten,
    /// Judge after every sample, in an order fixed by a hash, and stop as soon as the verdict is
    /// clear. Error rates hold at every look; single intervals are wider than after a fixed number.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) sequential: bool,
    /// Requests in flight at once in a closed loop, at least 1. Without effect on a schedule.
    pub(crate) concurrency: usize,
    /// When requests are sent; a closed loop if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<ArrivalsWritten>"))]
    pub(crate) arrivals: Option<Spanned<ArrivalsWritten>>,
    /// The time to think between the turns of a conversation; samples know nothing of each other if
    /// absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) think: Option<ThinkWritten>,
    /// The start of the run, whose latencies are not counted.
    pub(crate) warmup: WarmupWritten,
    /// What the measuring client may get wrong before the run is invalid.
    pub(crate) client: ClientWritten,
    /// Synthetic prompts and the server's prefix cache.
    #[serde(skip_serializing_if = "PrefixWritten::is_default")]
    pub(crate) prefix: PrefixWritten,
    /// Tries after the first of a call that failed for a passing reason.
    pub(crate) retries: u32,
    /// Longest time one call may take, in seconds.
    pub(crate) timeout_s: f64,
    /// Give every policy a prompt-cache namespace of its own where a backend can (`cache_salt`), so
    /// that one arm does not warm the cache of another.
    pub(crate) isolate_cache: bool,
    /// Stop before the spend could pass this many US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_cost_usd: Option<f64>,
    /// Stop after this many calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_calls: Option<u64>,
    /// Stop after this many minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_minutes: Option<f64>,
    /// Upper limit of output tokens where a sample has none of its own.
    pub(crate) max_output_tokens: u32,
    /// Sampling temperature; the backend's default if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
}

impl Default for RunWritten {
    fn default() -> Self {
        Self {
            mode: ModeWritten::Live,
            sequential: false,
            concurrency: 16,
            arrivals: None,
            think: None,
            warmup: WarmupWritten::default(),
            client: ClientWritten::default(),
            prefix: PrefixWritten::default(),
            retries: 2,
            timeout_s: 120.0,
            isolate_cache: true,
            max_cost_usd: None,
            max_calls: None,
            max_minutes: None,
            max_output_tokens: 512,
            temperature: None,
        }
    }
}

/// `run.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum ModeWritten {
    /// Call backends.
    Live,
    /// Look recorded outcomes up.
    Replay,
}

/// `[controls]`: on unless switched off, because a router that does not beat them is no router.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ControlsWritten {
    /// One constant policy per model of the fleet. Oracle, hull and best single model need them.
    pub(crate) single: bool,
    /// For each candidate router, its own decisions shuffled over the samples.
    pub(crate) shuffled: bool,
    /// A prompt-length threshold with the candidate's share of strong calls.
    pub(crate) length: bool,
    /// A table of the best model per value of this label, where outcomes to learn from exist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) table: Option<String>,
    /// What the table learns from; five folds where outcomes are recorded for the judged samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fit: Option<super::FitRule>,
}

impl Default for ControlsWritten {
    fn default() -> Self {
        Self {
            single: true,
            shuffled: true,
            length: true,
            table: None,
            fit: None,
        }
    }
}

/// `[gate]`: what must hold, in a file of its own or written in place.
#[derive(Debug)]
pub(crate) enum GateWritten {
    /// TOML file of the gate policy, relative to the experiment file.
    File(Spanned<String>),
    /// The rules themselves.
    Rules(Spanned<GatePolicy>),
}

/// `[prices]`.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PricesWritten {
    /// Date of the prices (`YYYY-MM-DD`).
    pub(crate) as_of: Option<String>,
}

/// `[routing]`.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RoutingWritten {
    /// Weak model of the pair; the cheapest if absent.
    pub(crate) weak: Option<String>,
    /// Strong model of the pair; the best single model if absent.
    pub(crate) strong: Option<String>,
}

/// `[[model]]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelWritten {
    /// Name that policies refer to.
    pub(crate) name: String,
    /// Backend that serves it; absent for recorded models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) backend: Option<String>,
    /// Name on the wire or in the recording; the same as `name` if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    /// Price in US dollars per million tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price: Option<Price>,
    /// More fields of each request's body, by name. They replace the client's own, tables field by
    /// field (`body = { reasoning_effort = "low" }`).
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub(crate) body: serde_json::Map<String, serde_json::Value>,
    /// What the model can do, for the capability router.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) capabilities: Vec<String>,
    /// Longest input in tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) context_tokens: Option<u64>,
}
