//! The first line of a run log.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weighbridge_datasets::SliceRule;
use weighbridge_datasets::health::Finding;

use crate::{ChangeInfo, GatePolicy, Price};

/// Version of the log format. A reader accepts this version only.
pub const SCHEMA: u32 = 1;

/// Whether answers were made for this run or taken from a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Backends were called.
    Live,
    /// Recorded outcomes were looked up.
    Replay,
}

/// What a policy is in this experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PolicyRole {
    /// What is in production now.
    Baseline,
    /// The change that is weighed.
    Candidate,
    /// A policy to compare with; does not gate.
    Other,
    /// A control that every router must beat.
    Control,
}

/// One policy of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyEntry {
    /// Unique name.
    pub name: String,
    /// Kind, as the experiment file names it.
    pub kind: String,
    /// What it is here.
    pub role: PolicyRole,
    /// Hash of its resolved configuration, taken before any outcome was read.
    pub hash: String,
    /// What the reader must know: needs the truth, reads a label, fitted on a split, cross-fitted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One model of the fleet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelEntry {
    /// Name, unique in the fleet.
    pub name: String,
    /// Wire dialect or `recorded`.
    pub dialect: String,
    /// Price, where token prices apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// The dataset that was judged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DatasetInfo {
    /// Short name.
    pub name: String,
    /// Where it comes from.
    pub source: String,
    /// Its licence.
    pub licence: String,
    /// Content fingerprint of the judged samples.
    pub fingerprint: String,
    /// Number of judged samples.
    pub samples: u64,
}

/// The machine of a live run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HostInfo {
    /// Operating system and architecture.
    pub platform: String,
    /// Logical processors.
    pub processors: u32,
}

/// The first line of `run.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Version of the program that wrote the log.
    pub weighbridge: String,
    /// Name of the experiment.
    pub name: String,
    /// Live or replay.
    pub mode: Mode,
    /// Seed of every random choice.
    pub seed: u64,
    /// Repeats of each (sample, policy).
    pub repeats: u32,
    /// Hash of the resolved experiment; a log is only resumed under the same hash.
    pub experiment_hash: String,
    /// The resolved experiment.
    pub experiment: serde_json::Value,
    /// The dataset.
    pub dataset: DatasetInfo,
    /// The fleet, in file order.
    pub fleet: Vec<ModelEntry>,
    /// The policies, in file order, controls last.
    pub policies: Vec<PolicyEntry>,
    /// How slices are made from labels.
    pub slices: Vec<SliceRule>,
    /// What must hold.
    pub gate: GatePolicy,
    /// Date of the price book (`YYYY-MM-DD`), where one was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices_as_of: Option<String>,
    /// What was noticed while the data was loaded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Wall-clock start of a live run, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_unix_ms: Option<u64>,
    /// The machine of a live run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostInfo>,
    /// Which change is judged, and what was tried before; absent in logs of older programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangeInfo>,
    /// Free-form facts worth keeping with the run, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
}

impl RunHeader {
    /// A header with nothing in it yet, of one repeat, by this version of the program.
    pub fn new(name: impl Into<String>, mode: Mode) -> Self {
        Self {
            schema: SCHEMA,
            weighbridge: env!("CARGO_PKG_VERSION").to_owned(),
            name: name.into(),
            mode,
            seed: 0,
            repeats: 1,
            experiment_hash: String::new(),
            experiment: serde_json::Value::Null,
            dataset: DatasetInfo::default(),
            fleet: Vec::new(),
            policies: Vec::new(),
            slices: Vec::new(),
            gate: GatePolicy::default(),
            prices_as_of: None,
            findings: Vec::new(),
            started_unix_ms: None,
            host: None,
            change: None,
            notes: BTreeMap::new(),
        }
    }

    /// The policy that is in production now.
    pub fn baseline(&self) -> Option<&PolicyEntry> {
        self.policies
            .iter()
            .find(|p| p.role == PolicyRole::Baseline)
    }

    /// The changes that are weighed.
    pub fn candidates(&self) -> impl Iterator<Item = &PolicyEntry> {
        self.policies
            .iter()
            .filter(|p| p.role == PolicyRole::Candidate)
    }
}
