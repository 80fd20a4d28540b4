//! One policy on its own.

use serde::{Deserialize, Serialize};
use weighbridge_record::PolicyRole;

use super::Estimate;

/// Share of requests answered by a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelShare {
    /// Model name; `(cache)` for served answers, `(none)` where no answer was given.
    pub model: String,
    /// Share in `[0, 1]`.
    pub share: f64,
}

/// One policy on its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicySummary {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Role in the experiment.
    pub role: PolicyRole,
    /// What the reader must know about it.
    pub notes: Vec<String>,
    /// Trials with a value.
    pub scored: u64,
    /// Trials without a usable answer.
    pub failed: u64,
    /// Trials that could not be judged.
    pub unscored: u64,
    /// Trials planned and not in the log.
    pub missing: u64,
    /// Mean score; failures count 0, unscored trials are left out and bound it in
    /// `quality_worst` and `quality_best`.
    pub quality: Estimate,
    /// Mean score if every unscored or missing trial were 0.
    pub quality_worst: f64,
    /// Mean score if every unscored or missing trial were 1.
    pub quality_best: f64,
    /// US dollars per 1,000 requests.
    pub cost_per_1k_usd: f64,
    /// US dollars per request that scored at least one half.
    pub cost_per_success_usd: Option<f64>,
    /// Calls per request, retries included.
    pub calls_per_request: f64,
    /// Which models answered.
    pub models: Vec<ModelShare>,
    /// Entropy of the answering models in bits; 0 for a constant policy.
    pub entropy_bits: f64,
    /// Share of input tokens read from prompt caches, over calls that said so.
    pub prompt_cache_hit_rate: Option<f64>,
    /// Share of requests served from the policy's own cache.
    pub served_share: f64,
    /// Mean score of served answers; how often a hit was right.
    pub served_quality: Option<Estimate>,
}

/// Where one policy's money went, in US dollars over the whole run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// Policy name.
    pub policy: String,
    /// Everything.
    pub total_usd: f64,
    /// Uncached input.
    pub input_usd: f64,
    /// Prompt-cache reads.
    pub cache_read_usd: f64,
    /// Prompt-cache writes.
    pub cache_write_usd: f64,
    /// Visible output.
    pub output_usd: f64,
    /// Reasoning.
    pub reasoning_usd: f64,
    /// Fees and recorded totals.
    pub other_usd: f64,
    /// Decisions: classifier, verifier, embedding.
    pub decisions_usd: f64,
    /// Of the total: answers that were not given.
    pub discarded_usd: f64,
    /// Of the total: tries that failed.
    pub failed_usd: f64,
    /// Uncached input tokens.
    pub input_tokens: u64,
    /// Input tokens read from prompt caches.
    pub cache_read_tokens: u64,
    /// Input tokens written to prompt caches.
    pub cache_write_tokens: u64,
    /// Visible output tokens.
    pub output_tokens: u64,
    /// Reasoning tokens.
    pub reasoning_tokens: u64,
    /// Calls.
    pub calls: u64,
    /// Calls whose tokens are estimates.
    pub estimated_calls: u64,
}
