//! The walk of every policy that makes one call.

use crate::{Decision, Observed, Session};

/// Calls once, then accepts what came back, failed or not.
pub(crate) struct OneCall {
    first: Option<Decision>,
}

impl OneCall {
    pub(crate) fn boxed<'a>(first: Decision) -> Box<dyn Session + 'a> {
        Box::new(Self { first: Some(first) })
    }
}

impl Session for OneCall {
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision {
        match (self.first.take(), seen.len()) {
            (Some(first), _) => first,
            (None, 0) => Decision::new(crate::Step::Abstain, "no attempt to accept"),
            (None, n) => Decision::accept(n - 1, ""),
        }
    }
}

/// Position of the last attempt that did not fail.
pub(crate) fn last_usable(seen: &[Observed<'_>]) -> Option<usize> {
    seen.iter().rposition(|attempt| attempt.failure.is_none())
}
