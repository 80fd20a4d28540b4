//! What goes wrong with a call of a recorded model.

use weighbridge_record::AttemptErrorKind;

/// What goes wrong with a call of a recorded model: the failures that a policy can tell apart, and
/// slowness. Faults of the bytes themselves make no sense on a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RecordedFault {
    /// Status 429.
    RateLimit {
        /// Its `Retry-After` in milliseconds, at least 0.
        retry_after_ms: f64,
    },
    /// Status 500.
    ServerError,
    /// Status 503.
    Unavailable,
    /// No connection can be made.
    Refused,
    /// Nothing comes within the time allowed for a call.
    Timeout,
    /// The stream breaks off in the middle of the answer.
    Cut {
        /// Part of the answer that came before, from 0 to 1.
        after_share: f64,
    },
    /// An error event inside a 200 stream, in the middle of the answer.
    ErrorEvent {
        /// Part of the answer that came before, from 0 to 1.
        after_share: f64,
    },
    /// The answer comes, but late: recorded times are multiplied, then a delay is added. A call that
    /// takes longer than is allowed fails as a timeout.
    Slow {
        /// Factor on the recorded times, at least 0.
        factor: f64,
        /// Added before the first token, in milliseconds.
        delay_ms: f64,
    },
}

impl RecordedFault {
    /// The class of failure and the HTTP status, as a live backend would report them; `None` where
    /// the answer comes all the same.
    pub(super) fn failure(self) -> Option<(AttemptErrorKind, Option<u16>)> {
        Some(match self {
            Self::RateLimit { .. } => (AttemptErrorKind::RateLimited, Some(429)),
            Self::ServerError => (AttemptErrorKind::Server, Some(500)),
            Self::Unavailable => (AttemptErrorKind::Server, Some(503)),
            Self::Refused => (AttemptErrorKind::Connect, None),
            Self::Timeout => (AttemptErrorKind::Timeout, None),
            Self::Cut { .. } => (AttemptErrorKind::Truncated, None),
            Self::ErrorEvent { .. } => (AttemptErrorKind::ErrorEvent, Some(200)),
            Self::Slow { .. } => return None,
        })
    }

    /// Part of the answer that came before the failure, if any did.
    pub(super) fn after_share(self) -> Option<f64> {
        match self {
            Self::Cut { after_share } | Self::ErrorEvent { after_share } => Some(after_share),
            _ => None,
        }
    }
}
