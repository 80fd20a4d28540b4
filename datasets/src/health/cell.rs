//! What the checks look at.

use crate::{Score, Usage};

/// One answer of one model to one sample, as the checks see it.
///
/// A run with repeats feeds the first repeat only: repeated answers to one sample are not
/// independent rows, and would be taken for duplicates.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// Sample id.
    pub sample: &'a str,
    /// Model name.
    pub model: &'a str,
    /// Names of the slices that the sample is in; they may overlap, and a name should come once.
    /// Samples in no slice are looked at together.
    pub slices: &'a [&'a str],
    /// How good the answer was.
    pub score: &'a Score,
    /// Expected score of a blind guess in `[0, 1]`, where the task has one.
    pub chance: Option<f64>,
    /// Tokens, where they are known.
    pub usage: Option<&'a Usage>,
}
