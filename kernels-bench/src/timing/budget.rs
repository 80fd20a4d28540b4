//! How long a measurement may take.

use std::time::{Duration, Instant};

/// Limits of one configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Fewest samples of each of the two interleaved series.
    pub min_samples: usize,
    /// Most samples of each series.
    pub max_samples: usize,
    /// Sampling stops after this time once the fewest samples are there.
    pub time: Duration,
    /// Sampling stops before `time` when the relative standard error is at most this.
    pub target_rel: f64,
    /// A sample repeats the operation until it lasts at least this long.
    pub least_sample: Duration,
}

impl Budget {
    /// Limits with the rules of this crate and the given time for one configuration.
    pub fn of(time: Duration) -> Self {
        Self {
            min_samples: 10,
            max_samples: 2_000,
            time,
            target_rel: 0.005,
            least_sample: Duration::from_micros(20),
        }
    }
}

/// The end of a whole grid.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// `seconds` from now.
    pub fn after(seconds: f64) -> Self {
        Self(Instant::now() + Duration::from_secs_f64(seconds))
    }

    /// Seconds until it comes; 0 if it has come.
    pub fn left_s(self) -> f64 {
        self.0
            .saturating_duration_since(Instant::now())
            .as_secs_f64()
    }

    /// True if it has come.
    pub fn passed(self) -> bool {
        Instant::now() >= self.0
    }
}
