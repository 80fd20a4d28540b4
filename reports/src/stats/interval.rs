//! Intervals, with and without finite ends.

use serde::{Deserialize, Serialize};

/// A closed interval `[lo, hi]` in the units of the estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower limit.
    pub lo: f64,
    /// Upper limit.
    pub hi: f64,
}

impl Interval {
    /// An interval from its limits, in this order.
    pub fn new(lo: f64, hi: f64) -> Self {
        Self { lo, hi }
    }

    /// `centre -+ half`.
    pub fn around(centre: f64, half: f64) -> Self {
        Self {
            lo: centre - half,
            hi: centre + half,
        }
    }

    /// The same interval cut to `[lo, hi]`.
    pub fn clamped(self, lo: f64, hi: f64) -> Self {
        Self {
            lo: self.lo.clamp(lo, hi),
            hi: self.hi.clamp(lo, hi),
        }
    }

    /// The interval of the negated quantity: swapping the two arms of a comparison.
    pub fn mirrored(self) -> Self {
        Self {
            lo: -self.hi,
            hi: -self.lo,
        }
    }

    /// `hi - lo`.
    pub fn width(self) -> f64 {
        self.hi - self.lo
    }

    /// Whether `x` lies inside, ends included.
    pub fn contains(self, x: f64) -> bool {
        self.lo <= x && x <= self.hi
    }
}

/// An interval whose ends may be missing. `None` means *unbounded at this sample size*: the data
/// cannot exclude any value on that side, and no number stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Lower limit, if the data bound it.
    pub lo: Option<f64>,
    /// Upper limit, if the data bound it.
    pub hi: Option<f64>,
}

impl Bounds {
    /// Whether `x` lies inside; a missing end excludes nothing.
    pub fn contains(self, x: f64) -> bool {
        self.lo.is_none_or(|lo| lo <= x) && self.hi.is_none_or(|hi| x <= hi)
    }
}

impl From<Interval> for Bounds {
    fn from(interval: Interval) -> Self {
        Self {
            lo: Some(interval.lo),
            hi: Some(interval.hi),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_end_excludes_nothing() {
        let bounds = Bounds {
            lo: Some(1.0),
            hi: None,
        };
        assert!(bounds.contains(1e300));
        assert!(!bounds.contains(0.5));
    }

    #[test]
    fn mirroring_twice_is_the_identity() {
        let interval = Interval::new(-0.2, 0.7);
        assert_eq!(interval.mirrored().mirrored(), interval);
        assert!(interval.mirrored().contains(-0.7));
    }
}
