//! Claims as the verdict collects them.

use crate::model::{Claim, ClaimKind, ClaimState, Estimate};

/// A claim, with what would decide it where it is open.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) claim: Claim,
    pub(super) next_step: Option<String>,
    /// The run cannot answer the claim at all: exit 4, not "more data".
    pub(super) invalid: bool,
}

impl Judged {
    pub(super) fn new(slice: &str, kind: ClaimKind, state: ClaimState, sentence: String) -> Self {
        Self {
            claim: Claim {
                slice: slice.to_owned(),
                kind,
                required: true,
                state,
                estimate: None,
                limit: 0.0,
                sentence,
            },
            next_step: None,
            invalid: false,
        }
    }

    pub(super) fn against(mut self, estimate: Option<Estimate>, limit: f64) -> Self {
        self.claim.estimate = estimate;
        self.claim.limit = limit;
        self
    }

    pub(super) fn invalid(mut self) -> Self {
        self.invalid = true;
        self
    }

    pub(super) fn then(mut self, step: String) -> Self {
        self.next_step = Some(step);
        self
    }
}
