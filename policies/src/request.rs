//! What a policy sees of a request and of the attempts made for it.

use std::collections::BTreeMap;

use weighbridge_datasets::{Message, Role, Sample};

/// A request as a policy sees it: everything but the target.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Sample id.
    pub id: &'a str,
    /// Position in arrival order, from 0.
    pub position: usize,
    /// Repeat of the same sample, from 0.
    pub repeat: u32,
    /// The conversation to answer; never empty.
    pub messages: &'a [Message],
    /// Labels by key. Only policies that name a label key read them, and the report says so: a
    /// label may be unknown in production.
    pub labels: &'a BTreeMap<String, String>,
}

impl<'a> Request<'a> {
    /// The request of a sample.
    pub fn of(sample: &'a Sample, position: usize, repeat: u32) -> Self {
        Self {
            id: &sample.id,
            position,
            repeat,
            messages: &sample.messages,
            labels: &sample.labels,
        }
    }

    /// The last user message: what a router usually looks at.
    pub fn prompt(&self) -> &'a str {
        let last_user = self.messages.iter().rev().find(|m| m.role == Role::User);
        last_user
            .or(self.messages.last())
            .map_or("", |m| m.content.as_str())
    }
}

/// What a session sees of one attempt.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// The model called.
    pub model: &'a str,
    /// The answer text, where there is one.
    pub answer: Option<&'a str>,
    /// Why the attempt failed, if it did (`timeout`, `rate_limited`, …).
    pub failure: Option<&'a str>,
    /// The model's own certainty in `[0, 1]`: geometric mean of token probabilities.
    pub confidence: Option<f64>,
    /// The true score, given only to policies that [declare](crate::Needs::judge) that they stand
    /// for a judge. No production system has it; the report marks such policies.
    pub judged: Option<f64>,
    /// What the attempt cost, in US dollars.
    pub cost_usd: f64,
}
