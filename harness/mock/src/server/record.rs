//! The server's own account of a request, to hold a client's clock against.

use serde::{Deserialize, Serialize};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Delivered to the last byte handed to the socket layer.
    Done,
    /// Refused with an error status.
    Refused,
    /// Broken off by a scripted fault after status 200.
    Broken,
    /// The client went away.
    Aborted,
}

/// One finished request. Times are microseconds since [`Fleet::started`](super::Fleet::started).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// The value of the `x-request-id` response header.
    pub request_id: String,
    /// The tier asked for.
    pub tier: String,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// The HTTP status.
    pub status: u16,
    /// The scripted fault that struck, if any.
    pub fault: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// When the request body had been read.
    pub arrived_us: u64,
    /// When a slot was granted.
    pub admitted_us: Option<u64>,
    /// When the first token was handed to the socket layer.
    pub first_token_us: Option<u64>,
    /// When the last byte was handed to the socket layer, or the request ended otherwise.
    pub done_us: u64,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Of these, taken from the prefix cache.
    pub cached_tokens: usize,
    /// Tokens delivered.
    pub completion_tokens: usize,
}

impl RequestRecord {
    /// The server's time to first token in microseconds.
    pub fn ttft_us(&self) -> Option<u64> {
        self.first_token_us
            .map(|t| t.saturating_sub(self.arrived_us))
    }
}
