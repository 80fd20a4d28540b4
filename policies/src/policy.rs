//! The two traits every policy implements.

use std::sync::Arc;

use crate::{Decision, Observed, Request};

/// What a policy needs from the engine beyond the request itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// The session reads [`Observed::confidence`]; the engine asks backends for log-probabilities.
    pub confidence: bool,
    /// The session reads [`Observed::judged`]: it stands for a judge with access to the truth.
    pub judge: bool,
    /// The policy carries state from request to request (cache, budget): the engine keeps arrival
    /// order when it replays.
    pub ordered: bool,
}

impl Needs {
    /// What two policies need together, as a policy that wraps another declares it.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            confidence: self.confidence || other.confidence,
            judge: self.judge || other.judge,
            ordered: self.ordered || other.ordered,
        }
    }
}

/// A routing, caching, cascade or fallback rule.
///
/// Implementations hold configuration and learned state only. They perform no I/O, read no clock
/// and draw random numbers only from [`stream`](crate::stream), so that a replay is exact.
pub trait Policy: Send + Sync {
    /// What the engine must provide. Called once, before the run.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// Starts the walk of one request. Called by the engine once per trial.
    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a>;

    /// Tells the policy which attempt was accepted for a request, after the trial. Called in
    /// arrival order when [`Needs::ordered`] is set. Caches and budgets learn here.
    fn settle(&self, request: Request<'_>, accepted: Option<Observed<'_>>, spent_usd: f64) {
        let _ = (request, accepted, spent_usd);
    }

    /// The same policy with the state it had when it was built. `None` for a policy that carries no
    /// state from request to request: it can be shared as it is.
    ///
    /// Called when a policy is wrapped by another, and before a run is repeated, so that no cache
    /// or budget leaks from one run into another.
    fn fresh(&self) -> Option<Arc<dyn Policy>> {
        None
    }
}

/// One request's walk through a policy.
pub trait Session: Send {
    /// The next step, given all attempts so far in order. Called first with no attempt, then once
    /// after each [`Call`](crate::Step::Call); not called again after any other step.
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision;
}
