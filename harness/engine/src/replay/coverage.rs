//! What a recording lacks, by model.

use std::sync::Arc;

/// How much of the judged samples one model's recording covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCoverage {
    /// The model.
    pub model: Arc<str>,
    /// Judged samples with an outcome.
    pub recorded: u64,
    /// Judged samples without one; trials that call the model for them fail as not recorded.
    pub missing: u64,
    /// Outcomes with no recorded cost and no price (or token count) to compute it from; they are
    /// counted as free.
    pub unpriced: u64,
    /// Outcomes whose token counts are estimated from characters.
    pub estimated: u64,
}

impl ModelCoverage {
    pub(super) fn none(model: &Arc<str>) -> Self {
        Self {
            model: Arc::clone(model),
            recorded: 0,
            missing: 0,
            unpriced: 0,
            estimated: 0,
        }
    }
}
