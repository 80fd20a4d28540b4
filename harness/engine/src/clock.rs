//! Time since an origin, in milliseconds, and processor time. The only place of this crate that reads a
//! clock, but for the age of bytes in a socket.

use tokio::time::Instant;

/// A clock that counts from an origin. Follows the runtime's time, which tests can pause.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    /// A clock whose origin is an instant of the past or the future. Before it, the clock shows 0.
    pub(crate) fn at(origin: Instant) -> Self {
        Self { origin }
    }

    /// The origin.
    pub(crate) fn origin(&self) -> Instant {
        self.origin
    }

    /// Milliseconds since the origin.
    pub fn now_ms(&self) -> f64 {
        self.origin.elapsed().as_secs_f64() * 1e3
    }

    /// Milliseconds from the origin to an instant; 0 before it.
    pub(crate) fn ms_at(&self, instant: Instant) -> f64 {
        let since = instant.saturating_duration_since(self.origin);
        since.as_secs_f64() * 1e3
    }

    /// Milliseconds from the origin of another clock to the origin of this one; 0 if it is later.
    pub fn since_ms(&self, other: &Self) -> f64 {
        let since = self.origin.saturating_duration_since(other.origin);
        since.as_secs_f64() * 1e3
    }
}

/// Processor time of this process so far, all threads, in seconds; absent where the system does not
/// tell.
pub fn processor_s() -> Option<f64> {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        Some(time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9)
    }
    #[cfg(not(unix))]
    None
}

/// A number that no earlier run on this machine has had: nanoseconds since 1970.
pub(crate) fn fresh_nonce() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |d| d.as_nanos() as u64)
}
