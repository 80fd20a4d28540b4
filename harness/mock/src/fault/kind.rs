//! What goes wrong.

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// Answer 429 with a `Retry-After` of that many seconds.
    TooManyRequests {
        /// The value of the header, in seconds.
        retry_after_s: u64,
    },
    /// Answer 500.
    ServerError,
    /// Answer 503.
    Unavailable,
    /// Close the connection without a byte of a response, as a proxy does whose server refuses.
    HangUp,
    /// Answer 307 with another address.
    Redirect,
    /// Wait before the response headers.
    StallHeaders {
        /// The wait in milliseconds, not scaled by the fleet's speed.
        ms: u64,
    },
    /// Wait in the middle of the stream (non-streaming answers are delayed as a whole).
    StallStream {
        /// Tokens sent before the wait.
        after_tokens: usize,
        /// The wait in milliseconds, not scaled by the fleet's speed.
        ms: u64,
    },
    /// Every token comes that much later after the one before it.
    SlowStream {
        /// The wait in milliseconds, not scaled by the fleet's speed.
        ms: u64,
    },
    /// Break the connection in the middle of the answer.
    Cut {
        /// Tokens sent before the break.
        after_tokens: usize,
    },
    /// Put an error event into the stream, then `[DONE]`, under status 200.
    ErrorEvent {
        /// Tokens sent before the event.
        after_tokens: usize,
    },
    /// End with a message that is no JSON.
    MalformedJson {
        /// Tokens sent before the message.
        after_tokens: usize,
    },
    /// Report that many times the tokens that were used.
    WrongUsage {
        /// The factor; at least 0.
        factor: f64,
    },
    /// Put a line of that many bytes, which means nothing, before the answer.
    LongLine {
        /// Length of the line.
        bytes: usize,
    },
    /// Begin the body with a byte-order mark.
    ByteOrderMark,
    /// End lines with a lone carriage return, which server-sent events allow.
    LoneCr,
    /// Compress the body, though nobody asked for it.
    Compressed,
}

impl Fault {
    /// The name used in the server log.
    pub fn name(self) -> &'static str {
        match self {
            Fault::TooManyRequests { .. } => "too_many_requests",
            Fault::ServerError => "server_error",
            Fault::Unavailable => "unavailable",
            Fault::HangUp => "hang_up",
            Fault::Redirect => "redirect",
            Fault::StallHeaders { .. } => "stall_headers",
            Fault::StallStream { .. } => "stall_stream",
            Fault::SlowStream { .. } => "slow_stream",
            Fault::Cut { .. } => "cut",
            Fault::ErrorEvent { .. } => "error_event",
            Fault::MalformedJson { .. } => "malformed_json",
            Fault::WrongUsage { .. } => "wrong_usage",
            Fault::LongLine { .. } => "long_line",
            Fault::ByteOrderMark => "byte_order_mark",
            Fault::LoneCr => "lone_cr",
            Fault::Compressed => "compressed",
        }
    }
}
