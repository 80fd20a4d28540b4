//! One sample through one policy, once: a line of the run log.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weighbridge_datasets::Score;
use weighbridge_policies::Decision;

use crate::{Arrival, Attempt};

/// Sample × policy × repeat, with everything that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Sample id.
    pub sample: Arc<str>,
    /// Policy name.
    pub policy: Arc<str>,
    /// Repeat of the same sample and policy, from 0.
    #[serde(default, skip_serializing_if = "crate::zero::is_zero")]
    pub repeat: u32,
    /// Model whose answer was given; absent when served from a cache, abstained or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Arc<str>>,
    /// How good the answer was.
    pub score: Score,
    /// Everything that was spent: all attempts and all decisions, in US dollars.
    pub cost_usd: f64,
    /// Time from the intended start to the first token of the accepted answer, in milliseconds;
    /// router time and discarded attempts are inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<f64>,
    /// Share of it that the policy's decisions took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router_ms: Option<f64>,
    /// Time from the intended start to the end of the accepted answer, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e2e_ms: Option<f64>,
    /// What the policy decided, in order.
    #[serde(default)]
    pub decisions: Vec<Decision>,
    /// The calls made, in order.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// The answer given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Arc<str>>,
    /// Intended start in milliseconds since the run began; absent in a replay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<f64>,
    /// How it came to start, where that is worth knowing: on a schedule, or in the warm-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival: Option<Arrival>,
}

impl Trial {
    /// The first model called: the route, as routed slices are defined on it.
    pub fn first_model(&self) -> Option<&Arc<str>> {
        self.attempts.first().map(|a| &a.model)
    }

    /// Whether the trial belongs to the warm-up: its latencies are not counted.
    pub fn is_warmup(&self) -> bool {
        self.arrival.is_some_and(|arrival| arrival.is_warmup)
    }

    /// Calls that were sent, retries included.
    pub fn calls(&self) -> u64 {
        self.attempts.iter().filter(|a| a.is_sent()).count() as u64
    }

    /// Position of the attempt whose answer was given, if one was.
    pub fn accepted(&self) -> Option<usize> {
        self.decisions.iter().rev().find_map(|d| match d.step {
            weighbridge_policies::Step::Accept(i) => Some(i),
            _ => None,
        })
    }
}
