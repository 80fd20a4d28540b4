//! What failed during a run, and what policies made of it.

use serde::{Deserialize, Serialize};

/// What failed during a run. Absent where nothing failed, was tried again or was held back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// Each policy, in the order of the experiment.
    pub policies: Vec<PolicyReliability>,
    /// Each model that was called, in the order of the fleet, over all policies.
    pub models: Vec<ModelReliability>,
    /// Answers that another model gave in place of a failed one.
    pub fallbacks: Vec<Fallback>,
    /// Faults that the experiment declares, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declared: Vec<String>,
    /// Stretches in which a model hardly answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outages: Vec<Outage>,
    /// What own limits did, by backend, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<(String, String)>,
    /// When calls failed; absent where no attempt did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline: Option<FailureTimeline>,
    /// What gateways say they did behind their answers, by model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gateways: Vec<GatewayReliability>,
}

/// What became of a number of attempts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TriesSummary {
    /// Attempts, those that were not sent included.
    pub attempts: u64,
    /// Attempts with a complete answer.
    pub answered: u64,
    /// Failed attempts by kind, in the order of kinds.
    pub failures: Vec<(String, u64)>,
    /// Attempts after the first of a call.
    pub retries: u64,
    /// Those of them that were answered.
    pub retries_answered: u64,
    /// What the failed attempts cost, in US dollars.
    pub failed_usd: f64,
    /// How long the failed attempts took, in milliseconds.
    pub failed_ms: f64,
    /// Time between failed attempts and the next ones of their calls, in milliseconds: backoff and
    /// `Retry-After`.
    pub backoff_ms: f64,
    /// Attempts that were sent at least a millisecond late: own limits, pauses that a server asked
    /// for, new connections.
    pub held: u64,
    /// How long these were held back, in milliseconds.
    pub held_ms: f64,
}

impl TriesSummary {
    /// Attempts that failed.
    pub fn failed(&self) -> u64 {
        self.failures.iter().map(|(_, n)| n).sum()
    }
}

/// One policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyReliability {
    /// Policy name.
    pub policy: String,
    /// Its attempts.
    pub tries: TriesSummary,
    /// Requests in which an attempt failed.
    pub met: u64,
    /// Of these, the ones that ended without an answer.
    pub lost: u64,
    /// Of these, the ones that a later try of the same model answered.
    pub by_retry: u64,
    /// Of these, the ones that another model or a cache answered.
    pub by_fallback: u64,
    /// Money for answers that were complete and not given (cascade stages), in US dollars: not a
    /// failure, and shown beside the failures so that the two are not mixed up.
    pub discarded_usd: f64,
    /// Times to first token of the answered requests that met a failure.
    pub ttft_met: Option<TtftSplit>,
    /// Times to first token of the answered requests that met none.
    pub ttft_clean: Option<TtftSplit>,
}

/// Times to first token of some requests, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TtftSplit {
    /// Requests.
    pub n: u64,
    /// Median.
    pub p50_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
}

/// One model over all policies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelReliability {
    /// Model.
    pub model: String,
    /// Backend that serves it; what its outcomes are where there is none (`recorded`).
    pub backend: String,
    /// Its attempts.
    pub tries: TriesSummary,
}

/// Answers that were given in place of failed ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fallback {
    /// Policy.
    pub policy: String,
    /// Model that failed first.
    pub from: String,
    /// Model that answered; absent where a cache did.
    pub to: Option<String>,
    /// Requests.
    pub requests: u64,
    /// Those of them with a score.
    pub scored: u64,
    /// Mean score of these; absent where there is none.
    pub quality: Option<f64>,
    /// Mean cost of these requests in US dollars, failed tries included.
    pub cost_per_request_usd: f64,
}

/// What the horizontal axis of a timeline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimelineUnit {
    /// Milliseconds since the start of a live run.
    Milliseconds,
    /// Samples in their order: a replay has no clock.
    Samples,
}

/// When calls were made and when they failed for good, retries included, in equal steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailureTimeline {
    /// What is counted from left to right.
    pub unit: TimelineUnit,
    /// Length of a step in that unit.
    pub step: u64,
    /// Each model with a failure: calls that began in each step, and those of them that failed.
    pub models: Vec<(String, Vec<(u64, u64)>)>,
}

/// A stretch of neighbouring steps of the timeline in each of which at least nine of ten calls of a
/// model failed, ten calls at least.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outage {
    /// Model.
    pub model: String,
    /// Begin of the first step, in the unit of the timeline.
    pub from: u64,
    /// End of the last step, in the unit of the timeline.
    pub to: u64,
    /// Calls in it.
    pub calls: u64,
    /// Those of them that failed.
    pub failed: u64,
}

/// What a gateway says it did behind the answers of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GatewayReliability {
    /// Model, as the experiment names it.
    pub model: String,
    /// Backend that serves it.
    pub backend: String,
    /// Attempts on which the gateway said how often it tried.
    pub told: u64,
    /// Of these, the ones that it tried again.
    pub retried: u64,
    /// Its own retries together.
    pub retries: u64,
    /// Attempts that another target than its first choice answered.
    pub fallbacks: u64,
    /// Attempts on which it named a cost.
    pub priced: u64,
    /// These costs together, in US dollars.
    pub said_usd: f64,
    /// What the ledger has for the same attempts, in US dollars.
    pub ledger_usd: f64,
}
