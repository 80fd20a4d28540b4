//! The messages of a stream, whatever its framing.

use super::codec::Framing;
use super::lines::LineParser;
use super::sse::{SseParser, TooLarge};

/// Cuts the bytes of one stream into messages.
#[derive(Debug, Clone)]
pub enum Frames {
    /// Server-sent events.
    Sse(Box<SseParser>),
    /// Lines.
    Lines(LineParser),
}

impl Frames {
    /// A parser that refuses messages of more than `limit` bytes. Stray lines among server-sent
    /// events are kept: some servers write an error without the `data:` that belongs before it.
    pub fn new(framing: Framing, limit: usize) -> Self {
        match framing {
            Framing::Sse => Self::Sse(Box::new(SseParser::new(limit).keeping_strays())),
            Framing::Lines => Self::Lines(LineParser::new(limit)),
        }
    }

    /// Takes bytes as they came; hands over the name of each event (empty without one) and its data.
    ///
    /// # Errors
    /// [`TooLarge`]; the stream cannot be read on.
    pub fn push(&mut self, bytes: &[u8], on: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), TooLarge> {
        match self {
            Self::Sse(parser) => parser.push(bytes, &mut |e| on(e.event, e.data)),
            Self::Lines(parser) => parser.push(bytes, &mut |line| on(b"", line)),
        }
    }

    /// Ends the stream; what lacks only its end is handed over.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn finish(&mut self, on: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), TooLarge> {
        match self {
            Self::Sse(parser) => parser.finish(&mut |e| on(e.event, e.data)),
            Self::Lines(parser) => {
                parser.finish(&mut |line| on(b"", line));
                Ok(())
            }
        }
    }

    /// Lines that were no part of any event.
    pub fn strays(&self) -> &[u8] {
        match self {
            Self::Sse(parser) => parser.strays(),
            Self::Lines(_) => &[],
        }
    }
}
