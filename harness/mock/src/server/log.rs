//! The in-memory request log.

use super::record::{Outcome, RequestRecord};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// Finished requests, oldest first, up to a capacity.
#[derive(Debug)]
pub(super) struct RequestLog {
    started: Instant,
    capacity: usize,
    records: Mutex<VecDeque<RequestRecord>>,
}

impl RequestLog {
    pub(super) fn new(started: Instant, capacity: usize) -> Self {
        Self {
            started,
            capacity,
            records: Mutex::default(),
        }
    }

    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Microseconds from the start to `at`.
    pub(super) fn mark(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.started).as_micros() as u64
    }

    pub(super) fn snapshot(&self) -> Vec<RequestRecord> {
        self.lock().iter().cloned().collect()
    }

    /// One JSON object a line.
    pub(super) fn json_lines(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for record in self.lock().iter() {
            // Writing plain data to memory cannot fail.
            if serde_json::to_writer(&mut out, record).is_ok() {
                out.push(b'\n');
            }
        }
        out
    }

    fn push(&self, record: RequestRecord) {
        let mut records = self.lock();
        if self.capacity > 0 && records.len() >= self.capacity {
            records.pop_front();
        }
        if self.capacity > 0 {
            records.push_back(record);
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<RequestRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A record in the making. It reaches the log exactly once: when closed, or as aborted when dropped.
#[derive(Debug)]
pub(super) struct OpenRecord {
    log: Arc<RequestLog>,
    record: Option<RequestRecord>,
}

impl OpenRecord {
    pub(super) fn new(log: Arc<RequestLog>, request_id: String, tier: String) -> Self {
        let arrived_us = log.mark(Instant::now());
        let record = RequestRecord {
            request_id,
            tier,
            stream: false,
            status: 200,
            fault: None,
            outcome: Outcome::Aborted,
            arrived_us,
            admitted_us: None,
            first_token_us: None,
            done_us: 0,
            prompt_tokens: 0,
            cached_tokens: 0,
            completion_tokens: 0,
        };
        Self {
            log,
            record: Some(record),
        }
    }

    /// Changes the open record; does nothing after it was closed.
    pub(super) fn edit(&mut self, change: impl FnOnce(&mut RequestRecord, &RequestLog)) {
        if let Some(record) = &mut self.record {
            change(record, &self.log);
        }
    }

    /// Stamps the end and hands the record to the log.
    pub(super) fn close(&mut self, outcome: Outcome) {
        if let Some(mut record) = self.record.take() {
            record.outcome = outcome;
            record.done_us = self.log.mark(Instant::now());
            self.log.push(record);
        }
    }
}

impl Drop for OpenRecord {
    fn drop(&mut self) {
        self.close(Outcome::Aborted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(log: &Arc<RequestLog>, id: &str) -> OpenRecord {
        OpenRecord::new(Arc::clone(log), id.into(), "small".into())
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_is_logged_once_and_a_dropped_one_is_aborted() {
        let log = Arc::new(RequestLog::new(Instant::now(), 2));
        open(&log, "a").close(Outcome::Done);
        drop(open(&log, "b"));
        drop(open(&log, "c"));
        let got: Vec<_> = log
            .snapshot()
            .into_iter()
            .map(|r| (r.request_id, r.outcome))
            .collect();
        assert_eq!(
            got,
            [
                ("b".into(), Outcome::Aborted),
                ("c".into(), Outcome::Aborted)
            ]
        );
    }
}
