//! Change of the error rate, as a paired binary outcome.

use super::pairs::Pairs;
use super::{Evidence, Frame, per_sample};
use crate::model::ErrorChange;
use crate::table::{Arm, ScoreState};

/// Errors of two arms; the evidence is of baseline minus candidate, so that a rise is a loss.
#[derive(Debug, Clone)]
pub(crate) struct Errors {
    pub(crate) change: ErrorChange,
    pub(crate) evidence: Evidence,
}

impl Errors {
    pub(crate) fn of(frame: &Frame<'_>, baseline: &Arm, candidate: &Arm) -> Self {
        let failed = |arm: &Arm| {
            per_sample(frame.table, |at| match arm.state[at] {
                ScoreState::Missing => None,
                ScoreState::Failed => Some(1.0),
                ScoreState::Value | ScoreState::Unscored => Some(0.0),
            })
        };
        let pairs = Pairs::new(frame, &failed(candidate), &failed(baseline));
        let evidence = Evidence::of(&pairs, &pairs.all());
        Self {
            change: ErrorChange {
                baseline: super::slice::mean(&pairs.candidate),
                candidate: super::slice::mean(&pairs.baseline),
                rise: evidence.mirrored(),
            },
            evidence,
        }
    }
}
