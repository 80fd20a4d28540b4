//! Calls of a policy on one sample, when its answers are as good or as bad as can be.

use std::sync::Arc;

use weighbridge_engine::STEP_LIMIT;
use weighbridge_policies::{Observed, Policy, Request, Step};

/// How the imagined answers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    /// Every answer is certain and right.
    Good,
    /// Every answer is uncertain and wrong.
    Doubtful,
    /// Every attempt fails.
    Failed,
}

/// The models called, in order.
pub(super) fn calls(policy: &dyn Policy, request: Request<'_>, answers: Answers) -> Vec<Arc<str>> {
    let mut session = policy.open(request);
    let mut called: Vec<Arc<str>> = Vec::new();
    while called.len() < STEP_LIMIT {
        let certain = match answers {
            Answers::Good => Some(1.0),
            Answers::Doubtful => Some(0.0),
            Answers::Failed => None,
        };
        let seen: Vec<Observed<'_>> = called
            .iter()
            .map(|model| Observed {
                model,
                answer: certain.map(|_| "0"),
                failure: certain.is_none().then_some("timeout"),
                confidence: certain,
                judged: certain,
                cost_usd: 0.0,
            })
            .collect();
        match session.next(&seen).step {
            Step::Call(model) => called.push(model),
            _ => break,
        }
    }
    called
}
