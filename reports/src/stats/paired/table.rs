//! The 2x2 table of paired outcomes and its sufficient part.

use serde::{Deserialize, Serialize};

use crate::stats::error::StatsError;

/// All four cells of the paired table. Cells count items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairedTable {
    /// Both arms right.
    pub both: u64,
    /// Candidate right, baseline wrong.
    pub gains: u64,
    /// Candidate wrong, baseline right.
    pub losses: u64,
    /// Both arms wrong.
    pub neither: u64,
}

impl PairedTable {
    /// Number of items.
    pub fn n(self) -> u64 {
        self.both + self.gains + self.losses + self.neither
    }

    /// The part that every test of the difference depends on.
    pub fn counts(self) -> PairedCounts {
        PairedCounts {
            gains: self.gains,
            losses: self.losses,
            n: self.n(),
        }
    }
}

/// Gains and losses among `n` pairs. The difference of the two arms is `(gains - losses) / n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairedCounts {
    /// Candidate right, baseline wrong.
    pub gains: u64,
    /// Candidate wrong, baseline right.
    pub losses: u64,
    /// All pairs, concordant ones included.
    pub n: u64,
}

impl PairedCounts {
    /// Checked constructor.
    ///
    /// # Errors
    /// `n = 0`, or more discordant pairs than pairs.
    pub fn new(gains: u64, losses: u64, n: u64) -> Result<Self, StatsError> {
        let counts = Self { gains, losses, n };
        counts.check()?;
        Ok(counts)
    }

    /// Counts the signs of `d`, whose values must be exactly -1, 0 or 1.
    ///
    /// # Errors
    /// Empty data, or a graded value (use the clustered or the betting methods for those).
    pub fn from_differences(d: &[f64]) -> Result<Self, StatsError> {
        let mut counts = Self {
            gains: 0,
            losses: 0,
            n: d.len() as u64,
        };
        for &value in d {
            if value == 1.0 {
                counts.gains += 1;
            } else if value == -1.0 {
                counts.losses += 1;
            } else if value != 0.0 {
                let domain = "-1, 0 or 1 (graded scores need the clustered or betting methods)";
                return Err(StatsError::OutOfRange {
                    what: "difference",
                    value,
                    domain,
                });
            }
        }
        counts.check()?;
        Ok(counts)
    }

    /// Pairs on which the arms disagree.
    pub fn discordant(self) -> u64 {
        self.gains + self.losses
    }

    /// `(gains - losses) / n`.
    pub fn difference(self) -> f64 {
        (self.gains as f64 - self.losses as f64) / self.n as f64
    }

    /// The same data with the arms exchanged.
    pub fn swapped(self) -> Self {
        Self {
            gains: self.losses,
            losses: self.gains,
            n: self.n,
        }
    }

    pub(crate) fn check(self) -> Result<(), StatsError> {
        if self.n == 0 {
            return Err(StatsError::TooFew {
                what: "pairs",
                got: 0,
                needed: 1,
            });
        }
        if self
            .gains
            .checked_add(self.losses)
            .is_none_or(|flips| flips > self.n)
        {
            let value = self.gains as f64 + self.losses as f64;
            let domain = "at most the number of pairs";
            return Err(StatsError::OutOfRange {
                what: "discordant pairs",
                value,
                domain,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_counted() {
        let counts = PairedCounts::from_differences(&[1.0, 0.0, -1.0, -1.0]).unwrap();
        assert_eq!(
            counts,
            PairedCounts {
                gains: 1,
                losses: 2,
                n: 4
            }
        );
        assert_eq!(counts.difference(), -0.25);
        assert_eq!(counts.swapped().difference(), 0.25);
    }

    #[test]
    fn graded_values_and_nan_are_refused() {
        assert!(PairedCounts::from_differences(&[0.5]).is_err());
        assert!(PairedCounts::from_differences(&[f64::NAN]).is_err());
        assert!(PairedCounts::from_differences(&[]).is_err());
        assert!(PairedCounts::new(2, 2, 3).is_err());
    }
}
