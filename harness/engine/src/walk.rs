//! One request's walk through a policy: the part that a replay and a live run share.
//!
//! Out of scope: where attempts come from, and how long anything took.

use std::sync::Arc;

use weighbridge_datasets::Sample;
use weighbridge_policies::{Decision, Observed, Session, Step};
use weighbridge_record::{Attempt, Score, Trial};

use crate::score;

/// Most decisions of one walk. A policy that is not done by then never will be; the trial fails.
pub const STEP_LIMIT: usize = 32;

/// What the engine has to do next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Next {
    /// Call this model and ask again.
    Call(Arc<str>),
    /// The walk is over.
    End(Ending),
}

/// How a walk ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ending {
    /// The answer of an attempt that exists is given.
    Accept {
        /// Position of the attempt.
        attempt: usize,
        /// Whether the answer was held back until this decision: it was checked first, or a later
        /// attempt was made. Otherwise it could be streamed as it came.
        held: bool,
    },
    /// A stored answer is given.
    Serve(Arc<str>),
    /// No answer is given, for this reason.
    Fail(String),
}

/// A session with the decisions it took.
pub(crate) struct Walk<'a> {
    session: Box<dyn Session + 'a>,
    decisions: Vec<Decision>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(session: Box<dyn Session + 'a>) -> Self {
        Self {
            session,
            // Nearly every walk is a call and its acceptance.
            decisions: Vec::with_capacity(2),
        }
    }

    /// Asks the session what to do, given all attempts so far.
    pub(crate) fn next(&mut self, seen: &[Observed<'_>]) -> Next {
        if self.decisions.len() >= STEP_LIMIT {
            return Next::End(Ending::Fail(format!(
                "policy error: no answer accepted within {STEP_LIMIT} steps"
            )));
        }
        let decision = self.session.next(seen);
        let next = match &decision.step {
            Step::Call(model) => Next::Call(Arc::clone(model)),
            Step::Accept(attempt) => Next::End(accept(*attempt, &decision, seen.len())),
            Step::Serve { answer, .. } => Next::End(Ending::Serve(answer.as_str().into())),
            Step::Abstain => Next::End(Ending::Fail(abstained(&decision))),
        };
        self.decisions.push(decision);
        next
    }

    /// The last decision, for its time and cost.
    pub(crate) fn last_mut(&mut self) -> Option<&mut Decision> {
        self.decisions.last_mut()
    }

    pub(crate) fn into_decisions(self) -> Vec<Decision> {
        self.decisions
    }
}

fn accept(attempt: usize, decision: &Decision, attempts: usize) -> Ending {
    if attempt >= attempts {
        return Ending::Fail(format!(
            "policy error: accepted attempt {attempt}, but only {attempts} were made"
        ));
    }
    // A decision that weighed something (a confidence, a verifier) needed the whole answer first.
    let checked = decision.rank_score.is_some()
        || decision.decide_ms.is_some()
        || decision.decide_cost_usd.is_some();
    Ending::Accept {
        attempt,
        held: checked || attempt + 1 < attempts,
    }
}

fn abstained(decision: &Decision) -> String {
    if decision.reason.is_empty() {
        "abstained".to_owned()
    } else {
        format!("abstained: {}", decision.reason)
    }
}

/// How a finished walk is told: everything of a [`Trial`] that both engines derive alike.
pub(crate) struct Story {
    pub(crate) sample: Arc<str>,
    pub(crate) policy: Arc<str>,
    pub(crate) repeat: u32,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) ending: Ending,
    /// Time of the last decision since the intended start, where times are known.
    pub(crate) decided_ms: Option<f64>,
}

impl Story {
    /// The trial, given the score and text of the accepted attempt (unused for other endings).
    pub(crate) fn into_trial(
        self,
        target: &Sample,
        accepted: Option<(Score, Option<Arc<str>>)>,
    ) -> Trial {
        let (model, score, answer) = match (&self.ending, accepted) {
            (Ending::Accept { attempt, .. }, Some((score, answer))) => {
                let model = self.attempts.get(*attempt).filter(|a| a.is_ok());
                (model.map(|a| Arc::clone(&a.model)), score, answer)
            }
            (Ending::Accept { .. }, None) => {
                (None, Score::Failed("no answer was kept".to_owned()), None)
            }
            (Ending::Serve(answer), _) => {
                let score = score(&target.target, answer);
                (None, score, Some(Arc::clone(answer)))
            }
            (Ending::Fail(reason), _) => (None, Score::Failed(reason.clone()), None),
        };
        let (ttft_ms, e2e_ms) = self.times();
        Trial {
            model,
            score,
            cost_usd: self.cost_usd(),
            ttft_ms,
            router_ms: self.router_ms(),
            e2e_ms,
            sample: self.sample,
            policy: self.policy,
            repeat: self.repeat,
            decisions: self.decisions,
            attempts: self.attempts,
            answer,
            start_ms: None,
            arrival: None,
        }
    }

    /// Time to first token and to the end, as the person asking sees them.
    fn times(&self) -> (Option<f64>, Option<f64>) {
        match &self.ending {
            Ending::Accept { attempt, held } => match self.attempts.get(*attempt) {
                Some(attempt) if !attempt.is_ok() => (None, None),
                Some(_) if *held => (self.decided_ms, self.decided_ms),
                Some(attempt) => (attempt.first_token_ms, attempt.end_ms),
                None => (None, None),
            },
            Ending::Serve(_) => (self.decided_ms, self.decided_ms),
            Ending::Fail(_) => (None, None),
        }
    }

    /// Decision time inside the time to first token; `None` where no decision has a time.
    fn router_ms(&self) -> Option<f64> {
        let inside = match &self.ending {
            // The last decision comes when the answer is already under way.
            Ending::Accept { held: false, .. } => self.decisions.len().saturating_sub(1),
            _ => self.decisions.len(),
        };
        let times = self.decisions.iter().take(inside);
        times.filter_map(|d| d.decide_ms).reduce(|sum, ms| sum + ms)
    }

    fn cost_usd(&self) -> f64 {
        let decisions = self.decisions.iter().filter_map(|d| d.decide_cost_usd);
        let attempts = self.attempts.iter().map(|a| a.cost.total_usd);
        attempts.chain(decisions).fold(0.0, |sum, usd| sum + usd)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Script(Vec<Decision>);

    impl Session for Script {
        fn next(&mut self, _: &[Observed<'_>]) -> Decision {
            if self.0.len() > 1 {
                self.0.remove(0)
            } else {
                self.0[0].clone()
            }
        }
    }

    fn walk(decisions: Vec<Decision>) -> Walk<'static> {
        Walk::new(Box::new(Script(decisions)))
    }

    const SEEN: Observed<'static> = Observed {
        model: "m",
        answer: None,
        failure: None,
        confidence: None,
        judged: None,
        cost_usd: 0.0,
    };

    #[test]
    fn a_policy_without_end_is_cut_off() {
        let mut endless = walk(vec![Decision::call(&"m".into(), "")]);
        for _ in 0..STEP_LIMIT {
            assert!(matches!(endless.next(&[]), Next::Call(_)));
        }
        let Next::End(Ending::Fail(reason)) = endless.next(&[]) else {
            panic!("not cut off");
        };
        assert!(reason.contains("within 32 steps"), "{reason}");
    }

    #[test]
    fn accepting_what_does_not_exist_fails_with_the_count() {
        let next = walk(vec![Decision::accept(3, "")]).next(&[SEEN]);
        let Next::End(Ending::Fail(reason)) = next else {
            panic!("accepted");
        };
        assert!(reason.contains("attempt 3, but only 1"), "{reason}");
    }

    #[test]
    fn a_checked_answer_and_an_earlier_answer_are_held_back() {
        let held = |decision, seen: &[Observed<'_>]| match walk(vec![decision]).next(seen) {
            Next::End(Ending::Accept { held, .. }) => held,
            other => panic!("{other:?}"),
        };
        assert!(!held(Decision::accept(0, ""), &[SEEN]));
        assert!(held(Decision::accept(0, "").ranked(0.3), &[SEEN]));
        assert!(held(Decision::accept(0, ""), &[SEEN, SEEN]));
    }
}
