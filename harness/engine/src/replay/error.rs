//! Why a serialized replay stopped.

/// Why a serialized replay stopped before its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError<E> {
    /// A trial has no JSON form: a bug, since trials are plain data.
    #[error("a trial cannot be written as JSON: {0}")]
    Serialize(serde_json::Error),
    /// The receiver of the trials stopped.
    #[error(transparent)]
    Sink(E),
}
