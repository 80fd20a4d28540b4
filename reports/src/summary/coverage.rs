//! Trials with and without a score.

use crate::model::Coverage;
use crate::table::{Arm, ScoreState};

/// Counts of one arm; failed attempts in the order of kinds.
pub fn coverage(policy: &str, arm: &Arm) -> Coverage {
    let count = |state: ScoreState| arm.state.iter().filter(|s| **s == state).count() as u64;
    let errors = arm.errors.iter();
    Coverage {
        policy: policy.to_owned(),
        planned: arm.state.len() as u64,
        scored: count(ScoreState::Value),
        unscored: count(ScoreState::Unscored),
        failed: count(ScoreState::Failed),
        missing: count(ScoreState::Missing),
        errors: errors
            .map(|(kind, n)| (kind.as_str().to_owned(), *n))
            .collect(),
    }
}
