//! What every dialect must be able to do.

use bytes::Bytes;

use super::{RequestBody, WireError, WireEvent};

/// How the messages of a stream are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON document a line.
    Lines,
}

/// A wire dialect. Implementations hold no state: one codec serves all calls at once.
pub trait Codec: Send + Sync {
    /// Path below the base address, starting with a slash, with its query where it has one.
    fn path(&self, model: &str, stream: bool) -> String;

    /// How messages of a stream are told apart.
    fn framing(&self) -> Framing {
        Framing::Sse
    }

    /// Whether an answer is complete when its connection ends cleanly after a finish reason: the
    /// dialect has no terminator.
    fn ends_with_connection(&self) -> bool {
        false
    }

    /// The JSON body of a request.
    fn encode(&self, request: &RequestBody<'_>) -> Bytes;

    /// Decodes one message of a stream: the data of one server-sent event, or one line.
    ///
    /// # Errors
    /// When the data is not what the dialect promises.
    fn decode(&self, data: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError>;

    /// Decodes a whole response body that did not come as a stream; ends in [`WireEvent::Done`].
    ///
    /// # Errors
    /// When the body is not what the dialect promises.
    fn decode_body(&self, body: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError>;

    /// What an HTTP error body says, with its error code where it has one.
    fn error_text(&self, body: &[u8]) -> String {
        super::error_text::error_text(body)
    }
}
