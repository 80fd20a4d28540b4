//! One trial over recorded outcomes.

use std::sync::Arc;

use weighbridge_policies::{Needs, Observed, Policy, Request};
use weighbridge_record::{Attempt, AttemptError, AttemptErrorKind, Trial};

use super::row::{Cell, Row};
use crate::walk::{Ending, Next, Story, Walk};

/// One policy in one repeat, with state of its own.
pub(super) struct Column {
    pub(super) name: Arc<str>,
    pub(super) policy: Arc<dyn Policy>,
    pub(super) needs: Needs,
    pub(super) repeat: u32,
}

/// Milliseconds since the intended start; unknown once an attempt of unknown duration was made.
#[derive(Clone, Copy)]
struct Elapsed(Option<f64>);

impl Elapsed {
    fn add(&mut self, ms: Option<f64>) {
        self.0 = self.0.zip(ms).map(|(sum, ms)| sum + ms);
    }
}

impl Column {
    /// Walks the policy over one row and settles it.
    pub(super) fn trial(&self, models: &[Arc<str>], row: &Row<'_>) -> Trial {
        let request = Request::of(row.sample, row.position, self.repeat);
        let mut walk = Walk::new(self.policy.open(request));
        let mut taken = Taken::default();
        let mut elapsed = Elapsed(Some(0.0));
        let ending = loop {
            let next = walk.next(&taken.seen);
            let declared = walk.last_mut().and_then(|d| d.decide_ms);
            elapsed.add(Some(declared.unwrap_or(0.0)));
            match next {
                Next::End(ending) => break ending,
                Next::Call(model) => match cell(models, row, &model) {
                    Some(cell) => taken.push(cell, &mut elapsed, self.needs),
                    // What the model would have said is unknown, and so is the rest of the walk.
                    None => break taken.missing(model, row),
                },
            }
        };
        let accepted = match ending {
            Ending::Accept { attempt, .. } => taken.cells.get(attempt).copied(),
            _ => None,
        };
        let observed = match ending {
            Ending::Accept { attempt, .. } => taken.seen.get(attempt).copied(),
            _ => None,
        };
        let timed = row.is_timed || walk.last_mut().is_some_and(|d| d.decide_ms.is_some());
        let trial = Story {
            sample: Arc::clone(&row.id),
            policy: Arc::clone(&self.name),
            repeat: self.repeat,
            decisions: walk.into_decisions(),
            attempts: taken.attempts,
            ending,
            decided_ms: elapsed.0.filter(|_| timed),
        }
        .into_trial(
            row.sample,
            accepted.map(|cell| (cell.outcome.score.clone(), cell.answer.clone())),
        );
        self.policy.settle(request, observed, trial.cost_usd);
        trial
    }
}

/// Cell of a model by name. Fleets are small: a scan beats hashing.
fn cell<'r, 'a>(models: &[Arc<str>], row: &'r Row<'a>, model: &Arc<str>) -> Option<&'r Cell<'a>> {
    let same = |known: &Arc<str>| Arc::ptr_eq(known, model) || known == model;
    row.cells.get(models.iter().position(same)?)?.as_ref()
}

/// Attempts made so far.
struct Taken<'r, 'a> {
    cells: Vec<&'r Cell<'a>>,
    seen: Vec<Observed<'r>>,
    attempts: Vec<Attempt>,
}

impl Default for Taken<'_, '_> {
    fn default() -> Self {
        Self {
            cells: Vec::with_capacity(1),
            seen: Vec::with_capacity(1),
            attempts: Vec::with_capacity(1),
        }
    }
}

impl<'r, 'a> Taken<'r, 'a> {
    fn push(&mut self, cell: &'r Cell<'a>, elapsed: &mut Elapsed, needs: Needs) {
        let outcome = cell.outcome;
        let after = |ms: Option<f64>| elapsed.0.zip(ms).map(|(start, ms)| start + ms);
        let mut attempt = cell.attempt.clone();
        attempt.first_token_ms = after(outcome.ttft_ms);
        attempt.end_ms = after(outcome.latency_ms);
        if attempt.first_token_ms.is_some() || attempt.end_ms.is_some() {
            attempt.intended_ms = elapsed.0;
        }
        elapsed.add(outcome.latency_ms);
        self.seen.push(Observed {
            model: &cell.attempt.model,
            answer: cell.answer.as_deref(),
            failure: cell.attempt.error.as_ref().map(|e| e.kind.as_str()),
            confidence: outcome.confidence.filter(|_| needs.confidence),
            judged: outcome.score.counted().filter(|_| needs.judge),
            cost_usd: cell.attempt.cost.total_usd,
        });
        self.attempts.push(attempt);
        self.cells.push(cell);
    }

    fn missing(&mut self, model: Arc<str>, row: &Row<'_>) -> Ending {
        let message = format!("no outcome of `{model}` for sample `{}`", row.id);
        let ending = Ending::Fail(format!("not recorded: {message}"));
        let mut attempt = Attempt::new(model);
        attempt.error = Some(AttemptError {
            kind: AttemptErrorKind::NotRecorded,
            status: None,
            message,
        });
        self.attempts.push(attempt);
        ending
    }
}
