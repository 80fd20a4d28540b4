//! The one body type of all responses.

use super::disguise::Disguise;
use super::split::Splitter;
use super::stream::StreamBody;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body that is there as a whole, or a paced stream.
#[derive(Debug)]
pub(super) enum ReplyBody {
    Full(Option<Bytes>),
    Stream(Box<StreamBody>, Option<Splitter>),
    /// Some bytes, then a broken connection.
    Broken(Option<Bytes>, Cut),
    /// Another body in disguise.
    Disguised(Box<ReplyBody>, Disguise),
}

/// A scripted cut: one idle turn, in which the connection flushes what it holds, then an error.
#[derive(Debug, Default)]
pub(super) struct Cut {
    flushed: bool,
}

impl Cut {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if self.flushed {
            return Poll::Ready(io::Error::other("scripted cut"));
        }
        self.flushed = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl ReplyBody {
    pub(super) fn full(bytes: Bytes) -> Self {
        Self::Full(Some(bytes))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            ReplyBody::Full(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            ReplyBody::Stream(stream, splitter) => match splitter {
                None => stream.poll_bytes(cx),
                Some(splitter) => splitter.poll(cx, |cx| stream.poll_bytes(cx)),
            }
            .map_ok(Frame::data),
            ReplyBody::Broken(bytes, cut) => match bytes.take() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None => cut.poll(cx).map(|error| Some(Err(error))),
            },
            ReplyBody::Disguised(body, disguise) => match Pin::new(&mut **body).poll_frame(cx) {
                Poll::Ready(None) => Poll::Ready(disguise.end().map(|b| Ok(Frame::data(b)))),
                other => other.map_ok(|frame| frame.map_data(|bytes| disguise.dress(bytes))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, ReplyBody::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ReplyBody::Full(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64))
            }
            ReplyBody::Stream(..) | ReplyBody::Broken(..) | ReplyBody::Disguised(..) => {
                SizeHint::default()
            }
        }
    }
}
