//! A paced stream as a body: no task and no channel per request, the connection drives it.
//!
//! Every token is an event of its own. Events that are due at the same moment share a write: timers
//! tick in milliseconds, so that a stream faster than 1,000 tokens a second coalesces as it does on
//! a real network.

use super::body::Cut;
use super::chat::Sequence;
use super::config::RoleChunk;
use super::format::StreamWriter;
use super::record::Outcome;
use crate::engine::Seat;
use crate::fault::Fault;
use bytes::{Bytes, BytesMut};
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

type Admission = Pin<Box<dyn Future<Output = Seat> + Send>>;

enum Phase {
    Opening,
    Waiting(Admission),
    Decoding(Seat),
    Cut(Cut),
    Ended,
}

/// The state of one stream.
pub(super) struct StreamBody {
    phase: Phase,
    writer: Box<dyn StreamWriter>,
    role_chunk: RoleChunk,
    tokens_per_event: usize,
    sequence: Sequence,
    next: usize,
    timer: Pin<Box<Sleep>>,
}

impl fmt::Debug for StreamBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamBody")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl StreamBody {
    pub(super) fn new(
        sequence: Sequence,
        writer: Box<dyn StreamWriter>,
        (role_chunk, tokens_per_event): (RoleChunk, usize),
    ) -> Self {
        let timer = Box::pin(sleep_until(Instant::now()));
        let phase = Phase::Opening;
        Self {
            phase,
            writer,
            role_chunk,
            tokens_per_event,
            sequence,
            next: 0,
            timer,
        }
    }

    /// The next bytes of the stream; the end, or an error that makes hyper break the connection.
    pub(super) fn poll_bytes(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, io::Error>>> {
        loop {
            let end = self.event_end();
            match &mut self.phase {
                Phase::Opening => {
                    self.phase = Phase::Waiting(self.sequence.admission());
                    if self.role_chunk == RoleChunk::AtOnce {
                        let mut out = BytesMut::new();
                        self.writer.early(&mut out);
                        if !out.is_empty() {
                            return Poll::Ready(Some(Ok(out.freeze())));
                        }
                    }
                }
                Phase::Waiting(admission) => {
                    let seat = ready!(admission.as_mut().poll(cx));
                    self.sequence.admitted(&seat);
                    self.phase = Phase::Decoding(seat);
                }
                Phase::Decoding(seat) => {
                    let due_at = self.sequence.token_at(seat, end.saturating_sub(1));
                    if due_at > Instant::now() {
                        self.timer.as_mut().reset(due_at);
                        ready!(self.timer.as_mut().poll(cx));
                    }
                    return Poll::Ready(Some(Ok(self.due())));
                }
                Phase::Cut(cut) => {
                    let error = ready!(cut.poll(cx));
                    self.phase = Phase::Ended;
                    return Poll::Ready(Some(Err(error)));
                }
                Phase::Ended => return Poll::Ready(None),
            }
        }
    }

    /// One past the last token of the next event.
    fn event_end(&self) -> usize {
        let size = if self.next == 0 {
            1
        } else {
            self.tokens_per_event
        };
        // An event holds one part of the answer.
        let thoughts = self.sequence.spoken.reasoning;
        let part_end = if self.next < thoughts {
            thoughts
        } else {
            usize::MAX
        };
        let end = self.sequence.last_token().min(self.next + size);
        end.min(part_end)
    }

    /// All events that are due now.
    fn due(&mut self) -> Bytes {
        let mut out = BytesMut::new();
        if self.next == 0 {
            if self.role_chunk == RoleChunk::WithFirstToken {
                self.writer.early(&mut out);
            }
            self.writer.head(&mut out, &self.sequence.usage(0));
        }
        let (now, last) = (Instant::now(), self.sequence.last_token());
        while self.next < last && self.is_due(now) {
            let end = self.event_end();
            let spoken = &self.sequence.spoken;
            let tokens = &spoken.completion.tokens[self.next..end];
            self.writer
                .tokens(&mut out, tokens, spoken.channel(self.next));
            self.next = end;
        }
        self.sequence.delivered(self.next);
        if self.next >= last {
            self.close(&mut out);
        }
        out.freeze()
    }

    fn is_due(&self, now: Instant) -> bool {
        match &self.phase {
            Phase::Decoding(seat) => self.sequence.token_at(seat, self.event_end() - 1) <= now,
            _ => false,
        }
    }

    /// The end of the stream: as it should be, or as the fault script wants it.
    fn close(&mut self, out: &mut BytesMut) {
        self.phase = Phase::Ended;
        match self.sequence.fault {
            Some(Fault::Cut { .. }) => {
                self.phase = Phase::Cut(Cut::default());
                self.sequence.record.close(Outcome::Broken);
            }
            Some(Fault::MalformedJson { .. }) => {
                out.extend_from_slice(self.writer.malformed());
                self.sequence.record.close(Outcome::Broken);
            }
            Some(Fault::ErrorEvent { .. }) => {
                self.writer.error(out, "the engine died (scripted)");
                self.sequence.record.close(Outcome::Broken);
            }
            _ => {
                let usage = self.sequence.usage(self.next);
                self.writer.end(out, &self.sequence.spoken, &usage);
                self.sequence.finished();
            }
        }
    }
}

/// The part of a scripted stall that delays token `index`.
pub(super) fn stall(fault: Option<Fault>, index: usize) -> Duration {
    match fault {
        Some(Fault::StallStream { after_tokens, ms }) if index >= after_tokens => {
            Duration::from_millis(ms)
        }
        Some(Fault::SlowStream { ms }) => {
            Duration::from_millis(ms.saturating_mul(index as u64 + 1))
        }
        _ => Duration::ZERO,
    }
}
