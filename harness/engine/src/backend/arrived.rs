//! When bytes arrived, as the socket tells it to whoever reads what was in them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// The instant at which the last bytes that were read from a socket had arrived. Clones share it:
/// the socket may lie below layers of encryption and tunnelling that know nothing of it.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    origin: Instant,
    marks: Arc<Marks>,
}

/// In nanoseconds.
#[derive(Debug, Default)]
struct Marks {
    /// Since the origin.
    at: AtomicU64,
    lay: AtomicU64,
}

impl Arrived {
    /// Nothing has arrived; counts from now.
    pub(super) fn new() -> Self {
        Self {
            origin: Instant::now(),
            marks: Arc::default(),
        }
    }

    /// The instant. Never before an earlier answer.
    pub(super) fn at(&self) -> Instant {
        self.origin + Duration::from_nanos(self.marks.at.load(Ordering::Relaxed))
    }

    /// How long they lay in the socket before they were read.
    pub(super) fn lay(&self) -> Duration {
        Duration::from_nanos(self.marks.lay.load(Ordering::Relaxed))
    }

    /// Bytes are being read that the kernel received at `stamp`, on the system's clock, or that nobody
    /// stamped.
    ///
    /// What counts is how long they lay in the socket; a system's clock that is set in that time cannot
    /// move them before what arrived earlier, or into the future.
    pub(super) fn mark(&self, stamp: Option<SystemTime>) {
        let lay = stamp.map_or(Duration::ZERO, |stamp| {
            SystemTime::now().duration_since(stamp).unwrap_or_default()
        });
        let read = self.origin.elapsed();
        let at = read.saturating_sub(lay).as_nanos() as u64;
        let before = self.marks.at.fetch_max(at, Ordering::Relaxed);
        let lay = (read.as_nanos() as u64).saturating_sub(before.max(at));
        self.marks.lay.store(lay, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bytes_arrived_when_the_kernel_had_them_but_never_out_of_order() {
        let arrived = Arrived::new();
        let start = Instant::now();
        tokio::time::advance(Duration::from_secs(10)).await;
        arrived.mark(Some(SystemTime::now() - Duration::from_secs(4)));
        let first = arrived.at() - start;
        assert!(first.abs_diff(Duration::from_secs(6)) < Duration::from_secs(1));
        assert_eq!(first + arrived.lay(), Duration::from_secs(10));
        // The system's clock was set forward by a minute: no earlier than the bytes before.
        arrived.mark(Some(SystemTime::now() - Duration::from_secs(60)));
        assert_eq!(arrived.at() - start, first);
        // Set back by a minute: no later than now.
        arrived.mark(Some(SystemTime::now() + Duration::from_secs(60)));
        assert_eq!(arrived.at() - start, Duration::from_secs(10));
        tokio::time::advance(Duration::from_secs(1)).await;
        arrived.mark(None);
        assert_eq!(arrived.at() - start, Duration::from_secs(11));
    }
}
