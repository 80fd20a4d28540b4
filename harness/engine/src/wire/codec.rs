//! What every dialect must be able to do.

use bytes::Bytes;

use super::{RequestBody, WireError, WireEvent};

/// A wire dialect. Implementations hold no state: one codec serves all calls at once.
pub trait Codec: Send + Sync {
    /// Path below the base address, starting with a slash.
    fn path(&self) -> &'static str;

    /// The JSON body of a request.
    fn encode(&self, request: &RequestBody<'_>) -> Bytes;

    /// Decodes the data of one server-sent event.
    ///
    /// # Errors
    /// When the data is not what the dialect promises.
    fn decode(&self, data: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError>;

    /// Decodes a whole response body that did not come as a stream; ends in [`WireEvent::Done`].
    ///
    /// # Errors
    /// When the body is not what the dialect promises.
    fn decode_body(&self, body: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError>;

    /// What an HTTP error body says, in one line, with its error code where it has one.
    fn error_text(&self, body: &[u8]) -> String;
}
