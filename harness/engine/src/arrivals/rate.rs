//! Arrival rates that change over time.

/// A stretch of a run in which the rate goes in a straight line from one value to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// Arrivals per second at its start, at least 0.
    pub from_per_s: f64,
    /// Arrivals per second at its end, at least 0.
    pub to_per_s: f64,
    /// Its length in seconds, more than 0. The last rate goes on after the last stage.
    pub seconds: f64,
}

/// What is wrong with the stages of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RateError {
    /// No stage.
    #[error("there are no stages")]
    Empty,
    /// A rate is negative or no number.
    #[error("stage {0} has a rate that is not a number of at least 0")]
    Rate(usize),
    /// A length is not positive.
    #[error("stage {0} must last more than 0 seconds")]
    Seconds(usize),
    /// Arrivals would end before the samples do.
    #[error("the last rate is 0; it goes on to the end of the run and must be more than 0")]
    Ends,
}

impl Stage {
    /// A rate that never changes.
    pub fn steady(rate_per_s: f64) -> Self {
        Self {
            from_per_s: rate_per_s,
            to_per_s: rate_per_s,
            seconds: 1.0,
        }
    }

    /// Expected arrivals in it.
    fn arrivals(&self) -> f64 {
        0.5 * (self.from_per_s + self.to_per_s) * self.seconds
    }

    /// Seconds since its start at which `expected` arrivals are reached: the root of
    /// a·t + (b − a)/(2T)·t² = expected, in the form that holds for a flat rate too.
    fn seconds_at(&self, expected: f64) -> f64 {
        let slope = (self.to_per_s - self.from_per_s) / self.seconds;
        let square = self.from_per_s.powi(2) + 2.0 * slope * expected;
        let seconds = 2.0 * expected / (self.from_per_s + square.max(0.0).sqrt());
        if seconds.is_nan() {
            0.0
        } else {
            seconds.min(self.seconds)
        }
    }
}

/// Refuses stages that make no schedule.
pub(super) fn check(stages: &[Stage]) -> Result<(), RateError> {
    let is_rate = |x: f64| x.is_finite() && x >= 0.0;
    for (position, stage) in stages.iter().enumerate() {
        if !is_rate(stage.from_per_s) || !is_rate(stage.to_per_s) {
            return Err(RateError::Rate(position + 1));
        }
        if !(stage.seconds.is_finite() && stage.seconds > 0.0) {
            return Err(RateError::Seconds(position + 1));
        }
    }
    let last = stages.last().ok_or(RateError::Empty)?;
    if last.to_per_s > 0.0 {
        Ok(())
    } else {
        Err(RateError::Ends)
    }
}

/// Seconds at which the expected number of arrivals reaches each of `expected`, ascending: the
/// inverse of the cumulative rate. A unit-rate process mapped through it is the process with that
/// rate (time rescaling; Lewis and Shedler, Naval Research Logistics 26, 1979).
pub(super) fn times(stages: &[Stage], expected: impl Iterator<Item = f64>) -> Vec<f64> {
    let (mut at, mut start_s, mut passed) = (0usize, 0.0, 0.0);
    expected
        .map(|total| {
            while let Some(stage) = stages.get(at) {
                if total - passed <= stage.arrivals() {
                    return start_s + stage.seconds_at(total - passed);
                }
                passed += stage.arrivals();
                start_s += stage.seconds;
                at += 1;
            }
            let last = stages.last().map_or(1.0, |stage| stage.to_per_s);
            start_s + (total - passed) / last
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(from_per_s: f64, to_per_s: f64, seconds: f64) -> Stage {
        Stage {
            from_per_s,
            to_per_s,
            seconds,
        }
    }

    #[test]
    fn a_ramp_holds_half_the_arrivals_of_its_end_and_the_last_rate_goes_on() {
        let stages = [
            stage(0.0, 100.0, 10.0),
            stage(0.0, 0.0, 5.0),
            stage(50.0, 50.0, 1.0),
        ];
        let times = times(&stages, (1..=700).map(f64::from));
        // Λ(10 s) = 500; nothing in the pause; 50/s after it, also beyond the last stage.
        assert!((times[124] - 5.0).abs() < 1e-9, "{}", times[124]);
        assert!((times[499] - 10.0).abs() < 1e-9, "{}", times[499]);
        assert!((times[500] - 15.02).abs() < 1e-9, "{}", times[500]);
        assert!((times[699] - 19.0).abs() < 1e-9, "{}", times[699]);
        assert!(times.is_sorted());
    }

    #[test]
    fn a_falling_rate_is_inverted_too() {
        let stages = [stage(100.0, 20.0, 10.0), stage(20.0, 20.0, 1.0)];
        let times = times(&stages, [0.0, 450.0, 600.0].into_iter());
        // Λ(5 s) = 100·5 − 4·25 = 400 is passed; solve 100t − 4t² = 450.
        let root = (100.0 - (10_000.0f64 - 7_200.0).sqrt()) / 8.0;
        assert_eq!(times[0], 0.0);
        assert!((times[1] - root).abs() < 1e-9);
        assert!((times[2] - 10.0).abs() < 1e-9);
    }

    #[test]
    fn stages_that_make_no_schedule_are_refused() {
        assert_eq!(check(&[]), Err(RateError::Empty));
        assert_eq!(check(&[stage(-1.0, 1.0, 1.0)]), Err(RateError::Rate(1)));
        assert_eq!(check(&[stage(1.0, 1.0, 0.0)]), Err(RateError::Seconds(1)));
        assert_eq!(check(&[stage(1.0, 0.0, 1.0)]), Err(RateError::Ends));
        assert_eq!(check(&[stage(0.0, 1.0, 1.0)]), Ok(()));
    }
}
