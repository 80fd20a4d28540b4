//! Events torn over two writes, in the middle of the field name.
//!
//! Networks cut where they like; a client that takes a read for an event loses tokens silently.

use bytes::Bytes;
use std::io;
use std::task::{Context, Poll};

/// The cut falls behind these bytes of `data: …`.
const HEAD: usize = "data:".len();

/// Holds the second half of what was torn.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    held: Option<Bytes>,
    flushed: bool,
}

type Next = Poll<Option<Result<Bytes, io::Error>>>;

impl Splitter {
    /// The second half, after one idle turn in which the connection sends the first; otherwise what
    /// `source` gives, torn.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        source: impl FnOnce(&mut Context<'_>) -> Next,
    ) -> Next {
        if self.held.is_some() {
            if !self.flushed {
                self.flushed = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(self.held.take().map(Ok));
        }
        source(cx).map_ok(|bytes| self.tear(bytes))
    }

    fn tear(&mut self, mut bytes: Bytes) -> Bytes {
        if bytes.len() > HEAD {
            self.held = Some(bytes.split_off(HEAD));
            self.flushed = false;
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn halves_come_apart_and_in_order() {
        let mut splitter = Splitter::default();
        let mut cx = Context::from_waker(Waker::noop());
        let event = || Poll::Ready(Some(Ok(Bytes::from_static(b"data: x\n\n"))));
        let mut seen = Vec::new();
        for _ in 0..3 {
            match splitter.poll(&mut cx, |_| event()) {
                Poll::Ready(Some(Ok(bytes))) => seen.push(bytes),
                other => assert!(other.is_pending()),
            }
        }
        assert_eq!(seen, [&b"data:"[..], &b" x\n\n"[..]]);
    }
}
