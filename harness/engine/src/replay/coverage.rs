//! What a recording lacks, by model.

use std::sync::Arc;

use weighbridge_datasets::TokenSource;

use super::row::Cell;

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

    /// Counts one judged sample: its outcome, or that there is none.
    pub(super) fn count(&mut self, cell: Option<&Cell<'_>>) {
        let Some(cell) = cell else {
            self.missing += 1;
            return;
        };
        let is_estimated = cell.attempt.usage.source == TokenSource::Estimated;
        self.recorded += 1;
        self.unpriced += u64::from(cell.is_unpriced);
        self.estimated += u64::from(is_estimated);
    }

    /// Adds what was counted over other samples.
    pub(super) fn add(&mut self, other: &Self) {
        self.recorded += other.recorded;
        self.missing += other.missing;
        self.unpriced += other.unpriced;
        self.estimated += other.estimated;
    }
}
