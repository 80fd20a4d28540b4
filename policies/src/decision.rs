//! What a policy decided, and why.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The next thing to do for a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Call this model of the fleet.
    Call(Arc<str>),
    /// Give the answer of this attempt (0-based position among the attempts seen).
    Accept(usize),
    /// Give a stored answer without calling a model.
    Serve {
        /// Sample whose accepted answer is reused.
        entry: String,
        /// The stored answer.
        answer: String,
        /// Similarity of the two prompts in `[0, 1]`; 1 is the same text.
        similarity: f64,
    },
    /// Give no answer.
    Abstain,
}

/// One model that was considered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Model name.
    pub model: Arc<str>,
    /// The policy's own score for the model; larger is better; unit depends on the policy.
    pub score: f64,
}

/// A step with its reasons: one line of the trial's story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The next thing to do.
    pub step: Step,
    /// Why, in a few words.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub reason: Cow<'static, str>,
    /// Models considered, with their scores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// Need for a stronger model: the larger, the sooner a threshold router would escalate this
    /// request. Deferral curves are drawn from it. Unit depends on the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank_score: Option<f64>,
    /// Probability with which the policy takes this step here; 1 for a deterministic policy that
    /// says so, absent where unknown. Off-policy estimates need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propensity: Option<f64>,
    /// Milliseconds the decision took: measured in a live run, declared by the policy in a replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decide_ms: Option<f64>,
    /// What the decision itself cost in US dollars (classifier, verifier, embedding).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decide_cost_usd: Option<f64>,
}

impl Decision {
    /// A decision with a step and a reason only.
    pub fn new(step: Step, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            step,
            reason: reason.into(),
            candidates: Vec::new(),
            rank_score: None,
            propensity: None,
            decide_ms: None,
            decide_cost_usd: None,
        }
    }

    /// Call a model.
    pub fn call(model: &Arc<str>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Step::Call(Arc::clone(model)), reason)
    }

    /// Accept an attempt.
    pub fn accept(attempt: usize, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Step::Accept(attempt), reason)
    }

    /// With the need for a stronger model.
    #[must_use]
    pub fn ranked(mut self, score: f64) -> Self {
        self.rank_score = score.is_finite().then_some(score);
        self
    }

    /// With the probability of this step.
    #[must_use]
    pub fn with_propensity(mut self, propensity: f64) -> Self {
        self.propensity = Some(propensity);
        self
    }

    /// With the models considered.
    #[must_use]
    pub fn with_candidates(mut self, candidates: Vec<Candidate>) -> Self {
        self.candidates = candidates;
        self
    }
}
