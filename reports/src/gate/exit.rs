//! From outcome to exit code.

use weighbridge_record::{Exit, InconclusiveAction};

use crate::model::Outcome;

/// The exit code of an outcome. An inconclusive outcome ends in 0 only where the policy says
/// `on_inconclusive = "warn"`; the outcome itself stays what it is in every output.
pub fn exit(outcome: Outcome, on_inconclusive: InconclusiveAction) -> Exit {
    match (outcome, on_inconclusive) {
        (Outcome::Pass, _) | (Outcome::Inconclusive, InconclusiveAction::Warn) => Exit::Pass,
        (Outcome::Inconclusive, InconclusiveAction::Fail) => Exit::Inconclusive,
        (Outcome::Block, _) => Exit::Block,
        (Outcome::Invalid, _) => Exit::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_warn_lets_an_open_question_through() {
        use InconclusiveAction::{Fail, Warn};
        for action in [Fail, Warn] {
            assert_eq!(exit(Outcome::Pass, action).code(), 0);
            assert_eq!(exit(Outcome::Block, action).code(), 1);
            assert_eq!(exit(Outcome::Invalid, action).code(), 4);
        }
        assert_eq!(exit(Outcome::Inconclusive, Fail).code(), 2);
        assert_eq!(exit(Outcome::Inconclusive, Warn).code(), 0);
    }
}
