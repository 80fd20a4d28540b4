//! Recorded outcomes behind the interface of a live backend.

use std::sync::Arc;
use std::time::Duration;

use weighbridge_datasets::OutcomeStore;
use weighbridge_record::{Attempt, AttemptErrorKind, Cost, Score, Usage};

use super::{Backend, Call, Reply, ReplyFuture};
use crate::Clock;

/// Answers from a recording. Takes the recorded time where there is one.
pub struct RecordedBackend {
    outcomes: Arc<OutcomeStore>,
}

impl RecordedBackend {
    /// A backend for every model of a recording.
    pub fn new(outcomes: Arc<OutcomeStore>) -> Self {
        Self { outcomes }
    }

    async fn call(&self, call: Call<'_>, clock: Clock) -> Reply {
        let mut attempt = Attempt::new(call.model.clone());
        attempt.try_number = call.try_number;
        let start = clock.now_ms();
        attempt.intended_ms = Some(start);
        let Some(outcome) = self.outcomes.get(call.sample, call.model) else {
            let message = format!(
                "no outcome of `{}` for sample `{}`",
                call.model, call.sample
            );
            return Reply::failed(attempt, AttemptErrorKind::NotRecorded, message);
        };
        let wait = |ms: Option<f64>| Duration::try_from_secs_f64(ms.unwrap_or(0.0) / 1e3).ok();
        tokio::time::sleep(wait(outcome.latency_ms.or(outcome.ttft_ms)).unwrap_or_default()).await;
        attempt.first_token_ms = outcome.ttft_ms.map(|ms| start + ms);
        attempt.end_ms = outcome.latency_ms.map(|ms| start + ms);
        attempt.confidence = outcome.confidence;
        let answer = outcome.answer.as_deref().unwrap_or_default();
        attempt.usage = outcome.usage.unwrap_or_else(|| {
            let chars = call.messages.iter().map(|m| m.content.chars().count());
            Usage::estimate(chars.sum(), answer.chars().count())
        });
        attempt.cost = outcome.cost_usd.map(Cost::lump).unwrap_or_default();
        if let Score::Failed(reason) = &outcome.score {
            let kind = AttemptErrorKind::RecordedFailure;
            return Reply::failed(attempt, kind, reason.clone());
        }
        let mut reply = Reply::answered(attempt, answer);
        reply.recorded = Some(outcome.score.clone());
        reply
    }
}

impl Backend for RecordedBackend {
    fn send<'a>(&'a self, call: Call<'a>, clock: Clock) -> ReplyFuture<'a> {
        Box::pin(self.call(call, clock))
    }

    fn dialect(&self) -> &'static str {
        "recorded"
    }
}
