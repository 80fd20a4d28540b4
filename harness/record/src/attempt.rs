//! One wire call, or one recorded answer standing for it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weighbridge_datasets::Usage;

use crate::{Cost, ServerSaid};

/// One call of one model. Every try is an attempt of its own and costs what it costs.
///
/// Clock marks are milliseconds since the trial's intended start; a recorded answer has only the
/// marks that were recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Model of the fleet.
    pub model: Arc<str>,
    /// Try of the same call, from 0; retries count up.
    #[serde(default, rename = "try", skip_serializing_if = "crate::zero::is_zero")]
    pub try_number: u32,
    /// When the call should have been sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intended_ms: Option<f64>,
    /// When the request was handed to the socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_ms: Option<f64>,
    /// When response headers were complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers_ms: Option<f64>,
    /// When the first body byte arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<f64>,
    /// When the first non-empty content, reasoning or tool-call delta arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<f64>,
    /// When the first non-empty visible text arrived, if later than the first token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_text_ms: Option<f64>,
    /// When the first non-empty reasoning text arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_reasoning_ms: Option<f64>,
    /// When the first non-empty part of a tool call arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_tool_ms: Option<f64>,
    /// When the last token arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_token_ms: Option<f64>,
    /// When the response ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_ms: Option<f64>,
    /// How long the first token lay in this machine's socket before the client read it. In no other
    /// mark: those tell when bytes arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_lag_ms: Option<f64>,
    /// Token-bearing chunks received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunks: Option<u32>,
    /// For each token-bearing chunk, if they were asked for: milliseconds since the one before (0
    /// for the first), and its number of tokens where the wire says it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<(f64, Option<u32>)>,
    /// Most chunks arrived together with the one before, in bursts that are far apart or all at
    /// once: something between the model and here holds the stream back, and gaps say nothing about
    /// the model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_bursty: bool,
    /// Tokens in disjoint buckets.
    #[serde(default)]
    pub usage: Usage,
    /// What the call cost.
    #[serde(default)]
    pub cost: Cost,
    /// Why the model stopped, as the server said it; unknown reasons survive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<String>,
    /// The model's own certainty in `[0, 1]`: geometric mean of token probabilities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// The answer text, kept where it is not the trial's answer (a discarded cascade answer).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// The server's own name for the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What the server or gateway said beside the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Box<ServerSaid>>,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<AttemptError>,
}

impl Attempt {
    /// An attempt of a model with nothing known yet.
    pub fn new(model: Arc<str>) -> Self {
        Self {
            model,
            try_number: 0,
            intended_ms: None,
            sent_ms: None,
            headers_ms: None,
            first_byte_ms: None,
            first_token_ms: None,
            first_text_ms: None,
            first_reasoning_ms: None,
            first_tool_ms: None,
            last_token_ms: None,
            end_ms: None,
            read_lag_ms: None,
            chunks: None,
            gaps: Vec::new(),
            is_bursty: false,
            usage: Usage::default(),
            cost: Cost::default(),
            finish: None,
            confidence: None,
            answer: None,
            request_id: None,
            server: None,
            error: None,
        }
    }

    /// Whether a call was made; one that failed at once costs nothing and counts for nothing.
    pub fn is_sent(&self) -> bool {
        (self.error.as_ref()).is_none_or(|e| e.kind != AttemptErrorKind::CircuitOpen)
    }

    /// Whether the attempt delivered a complete answer.
    pub fn is_ok(&self) -> bool {
        self.error.is_none()
    }
}

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptError {
    /// The class of failure.
    pub kind: AttemptErrorKind,
    /// HTTP status, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What the server or the socket said, shortened; never holds a key.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// Classes of failure, as the log and the reports name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptErrorKind {
    /// No connection could be made.
    Connect,
    /// The connection broke while the answer was under way.
    Reset,
    /// Nothing came within the time allowed.
    Timeout,
    /// HTTP 429.
    RateLimited,
    /// HTTP 5xx.
    Server,
    /// HTTP 4xx other than 429: the request itself is refused.
    Rejected,
    /// An error object inside a 200 response.
    ErrorEvent,
    /// The stream ended without its terminator.
    Truncated,
    /// The bytes are not what the dialect promises.
    Malformed,
    /// The stream ended well and held no answer at all.
    Empty,
    /// Not sent: the backend failed or refused too often just now and is left alone for a while.
    CircuitOpen,
    /// No recorded outcome exists for this cell.
    NotRecorded,
    /// The recorded outcome is itself a failure.
    RecordedFailure,
}

impl AttemptErrorKind {
    /// The name in logs and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::RateLimited => "rate_limited",
            Self::Server => "server",
            Self::Rejected => "rejected",
            Self::ErrorEvent => "error_event",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Empty => "empty",
            Self::CircuitOpen => "circuit_open",
            Self::NotRecorded => "not_recorded",
            Self::RecordedFailure => "recorded_failure",
        }
    }

    /// Whether trying again can help.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Connect | Self::Reset | Self::Timeout | Self::RateLimited | Self::Server
        )
    }
}
