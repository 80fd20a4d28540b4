//! What is asked of a backend, and what comes back.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use weighbridge_datasets::Message;
use weighbridge_record::{Attempt, AttemptError, AttemptErrorKind, Score};

use crate::Clock;

/// One call of one model.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Model of the fleet.
    pub model: &'a Arc<str>,
    /// Sample id.
    pub sample: &'a str,
    /// The conversation to answer.
    pub messages: &'a [Message],
    /// Upper limit of output tokens.
    pub max_output_tokens: Option<u32>,
    /// Whether the answer's confidence is needed.
    pub confidence: bool,
    /// Keeps this call's prompt cache apart from those with another salt.
    pub cache_salt: Option<&'a str>,
    /// Sampling seed.
    pub seed: Option<u64>,
    /// Try of the same call, from 0.
    pub try_number: u32,
}

/// What came of one call.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Clock marks, usage, finish reason and error.
    pub attempt: Attempt,
    /// The answer; present if and only if the attempt did not fail.
    pub answer: Option<Arc<str>>,
    /// The score that was recorded with a recorded answer.
    pub recorded: Option<Score>,
    /// How long the server asks to wait before another try.
    pub retry_after: Option<Duration>,
}

impl Reply {
    /// A reply without an answer.
    pub fn failed(
        mut attempt: Attempt,
        kind: AttemptErrorKind,
        message: impl Into<String>,
    ) -> Self {
        attempt.error = Some(AttemptError {
            kind,
            status: None,
            message: message.into(),
        });
        Self {
            attempt,
            answer: None,
            recorded: None,
            retry_after: None,
        }
    }

    /// A reply with an answer.
    pub fn answered(attempt: Attempt, answer: impl Into<Arc<str>>) -> Self {
        Self {
            attempt,
            answer: Some(answer.into()),
            recorded: None,
            retry_after: None,
        }
    }
}

/// The future of a reply. It never fails: a failure is a reply with an error.
pub type ReplyFuture<'a> = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

/// Sends calls. Makes no retries and follows no redirects: every try is seen and paid for.
pub trait Backend: Send + Sync {
    /// Sends one call. Marks of the attempt are milliseconds on `clock`, which started at the
    /// trial's intended start. Called by the executor, for many calls at once.
    fn send<'a>(&'a self, call: Call<'a>, clock: Clock) -> ReplyFuture<'a>;

    /// Name of the dialect in logs.
    fn dialect(&self) -> &'static str;
}
