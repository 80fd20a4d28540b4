//! What the server itself saw of each request.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// Records kept at most; the rest is not kept.
const MOST: usize = 1_000_000;

/// One finished request on the server's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NullRecord {
    /// The number that the response carried as `x-request-id`.
    pub request: u64,
    /// When the request was read to its end, in microseconds since the server started.
    pub arrived_us: u64,
    /// When the first token was handed to the socket.
    pub first_token_us: u64,
    /// When the answer was handed to the socket to its end.
    pub done_us: u64,
}

impl NullRecord {
    /// Milliseconds from the end of the request to the first token.
    pub fn ttft_ms(&self) -> f64 {
        self.first_token_us.saturating_sub(self.arrived_us) as f64 / 1e3
    }
}

/// All records of a server, oldest first.
#[derive(Debug)]
pub(super) struct Records {
    started: Instant,
    finished: Mutex<Vec<NullRecord>>,
    requests: std::sync::atomic::AtomicU64,
}

impl Records {
    pub(super) fn start() -> Self {
        Self {
            started: Instant::now(),
            finished: Mutex::default(),
            requests: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// Microseconds since the start.
    pub(super) fn now_us(&self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }

    /// A request number, from 1.
    pub(super) fn next(&self) -> u64 {
        1 + self
            .requests
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }

    pub(super) fn keep(&self, record: NullRecord) {
        let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        if finished.len() < MOST {
            finished.push(record);
        }
    }

    /// A copy of all of them.
    pub(super) fn all(&self) -> Vec<NullRecord> {
        let finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        finished.clone()
    }

    /// One JSON object a line.
    pub(super) fn json_lines(&self) -> Vec<u8> {
        let finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = Vec::new();
        for record in finished.iter() {
            // Writing plain data to memory cannot fail.
            if serde_json::to_writer(&mut out, record).is_ok() {
                out.push(b'\n');
            }
        }
        out
    }
}
