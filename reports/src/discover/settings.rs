//! What a search is asked for.

/// Settings of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Fewest samples of a slice in each half, at least 5.
    pub support: usize,
    /// Most conditions of a slice, 1 to 3.
    pub depth: usize,
    /// Family-wise error rate of the test on the second half, in `(0, 1)`.
    pub alpha: f64,
    /// Seed of the parting and of the sign flips.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            support: 20,
            depth: 2,
            alpha: 0.05,
            seed: 0,
        }
    }
}

/// Why a search could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DiscoverError {
    /// The run has no baseline.
    #[error("the run has no baseline to compare with")]
    NoBaseline,
    /// There is no such candidate.
    #[error("`{name}` is no policy of this run; it has {known}")]
    UnknownPolicy {
        /// The name given.
        name: String,
        /// Policies that could be searched.
        known: String,
    },
    /// The baseline was named as the candidate.
    #[error("`{0}` is the baseline; name a policy to compare with it")]
    IsBaseline(String),
    /// A setting outside its range.
    #[error("`{key}` is {value}; {range}")]
    OutOfRange {
        /// The setting.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        range: &'static str,
    },
}

impl Settings {
    /// Checks the ranges.
    pub(super) fn check(&self) -> Result<(), DiscoverError> {
        let refuse =
            |key, value: String, range| Err(DiscoverError::OutOfRange { key, value, range });
        if self.support < 5 {
            let range = "slices of fewer than 5 samples in a half are not searched";
            return refuse("support", self.support.to_string(), range);
        }
        if !(1..=3).contains(&self.depth) {
            let range = "a slice may have 1 to 3 conditions";
            return refuse("depth", self.depth.to_string(), range);
        }
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            let range = "it must lie between 0 and 1, both excluded";
            return refuse("alpha", self.alpha.to_string(), range);
        }
        Ok(())
    }
}
