//! What differs between two runs that were joined by sample id.

use serde::{Deserialize, Serialize};
use weighbridge_record::Mode;

/// One of the two runs of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSide {
    /// Name of the experiment.
    pub name: String,
    /// The policy taken from it, under its own name.
    pub policy: String,
    /// Hash of the resolved experiment.
    pub experiment_hash: String,
    /// Live or replay.
    pub mode: Mode,
    /// Start of a live run, milliseconds since 1970.
    pub started_unix_ms: Option<u64>,
    /// Samples it judged.
    pub samples: u64,
    /// Repeats it planned.
    pub repeats: u32,
    /// Trials of the policy in its log, those of unmatched samples included.
    pub trials: u64,
    /// Whether its log ended in a line torn by a crash, which was left out.
    pub torn: bool,
}

/// A setting that is not the same in both runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigChange {
    /// Where it is, for example `policies[cascade].hash`.
    pub path: String,
    /// Its value in A; absent where A has none.
    pub a: Option<String>,
    /// Its value in B; absent where B has none.
    pub b: Option<String>,
}

/// A sample that has the same id in both runs and not the same content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedSample {
    /// Sample id.
    pub id: String,
    /// What differs, in words.
    pub what: String,
}

/// How two runs were joined: everything that is known before any score is looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunJoin {
    /// The baseline's run.
    pub a: RunSide,
    /// The candidate's run.
    pub b: RunSide,
    /// Samples in both runs with the same content: the ones that are compared.
    pub matched: u64,
    /// Ids that only A judged; excluded.
    pub only_a: Vec<String>,
    /// Ids that only B judged; excluded.
    pub only_b: Vec<String>,
    /// Same id, other content; excluded.
    pub changed: Vec<ChangedSample>,
    /// Ids whose labels or cluster differ; compared, with those of B.
    pub relabelled: Vec<String>,
    /// Settings that differ, by path.
    pub config: Vec<ConfigChange>,
    /// What was done so that the two can be compared.
    pub notes: Vec<String>,
}

impl RunJoin {
    /// Samples of either run that are not compared; a changed sample counts once.
    pub fn excluded(&self) -> u64 {
        (self.only_a.len() + self.only_b.len() + self.changed.len()) as u64
    }
}

/// Unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricUnit {
    /// A mean score in `[0, 1]`.
    Score,
    /// A share in `[0, 1]`.
    Share,
    /// US dollars.
    Usd,
    /// Milliseconds.
    Ms,
    /// A plain number.
    Number,
}

/// One metric of both policies, over the matched samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricChange {
    /// What is measured.
    pub name: String,
    /// In which unit.
    pub unit: MetricUnit,
    /// Value in A; absent where it has none.
    pub a: Option<f64>,
    /// Value in B.
    pub b: Option<f64>,
}

/// A sample that fails in at least one of the runs. A sample fails when its mean score is below one
/// half, the limit of `cost_per_success_usd`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemChange {
    /// Sample id.
    pub sample: String,
    /// Names of its slices.
    pub slices: Vec<String>,
    /// Mean score in A.
    pub a: f64,
    /// Mean score in B.
    pub b: f64,
    /// Model that answered in A (first repeat), where one did.
    pub model_a: Option<String>,
    /// Model that answered in B.
    pub model_b: Option<String>,
}

/// What differs between two runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunDiff {
    /// How they were joined.
    pub join: RunJoin,
    /// Metrics over the matched samples.
    pub metrics: Vec<MetricChange>,
    /// Right in A, wrong in B.
    pub new_failures: Vec<ItemChange>,
    /// Wrong in A, right in B.
    pub fixed: Vec<ItemChange>,
    /// Wrong in both.
    pub still_failing: Vec<ItemChange>,
    /// Matched samples without a score in one of the runs.
    pub unjudged: Vec<String>,
}
