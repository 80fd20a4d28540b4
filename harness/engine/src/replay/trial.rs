//! One trial over recorded outcomes.

use std::sync::Arc;

use weighbridge_policies::{Decision, Needs, Observed, Policy, Request, Step};
use weighbridge_record::{Attempt, AttemptError, AttemptErrorKind, Cost, Score, Trial};

use super::fault::{Called, FaultSchedule, Tried};
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
    pub(super) fn trial(
        &self,
        models: &[Arc<str>],
        row: &Row<'_>,
        faults: Option<&FaultSchedule>,
    ) -> Trial {
        let request = Request::of(row.sample, row.position, self.repeat);
        let mut walk = Walk::new(self.policy.open(request));
        let mut taken = Taken::default();
        let mut elapsed = Elapsed(Some(0.0));
        let mut ending = loop {
            let next = walk.next(&taken.seen);
            let declared = walk.last_mut().and_then(|d| d.decide_ms);
            elapsed.add(Some(declared.unwrap_or(0.0)));
            match next {
                Next::End(ending) => break ending,
                Next::Call(model) => match cell(models, row, &model) {
                    Some(cell) => match faults.and_then(|f| self.struck(f, row, cell)) {
                        None => taken.push(cell, &mut elapsed, self.needs, faults.is_some()),
                        Some(tries) => taken.push_tries(cell, &tries, &mut elapsed, self.needs),
                    },
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
        let mut decisions = walk.into_decisions();
        let accepted = accepted.map(|cell| (cell.outcome.score.clone(), cell.answer.clone()));
        let accepted = match faults {
            None => accepted,
            Some(_) => taken.tell(&mut decisions, &mut ending).or(accepted),
        };
        let timed = row.is_timed || decisions.last().is_some_and(|d| d.decide_ms.is_some());
        let trial = Story {
            sample: Arc::clone(&row.id),
            policy: Arc::clone(&self.name),
            repeat: self.repeat,
            decisions,
            attempts: taken.attempts,
            ending,
            decided_ms: elapsed.0.filter(|_| timed),
        }
        .into_trial(row.sample, accepted);
        self.policy.settle(request, observed, trial.cost_usd);
        trial
    }
}

impl Column {
    /// The tries of a call that a fault strikes.
    fn struck(&self, faults: &FaultSchedule, row: &Row<'_>, cell: &Cell<'_>) -> Option<Vec<Tried>> {
        faults.tries(&Called {
            sample: &row.id,
            position: row.position,
            model: &cell.attempt.model,
            repeat: self.repeat,
            recorded: (cell.outcome.ttft_ms, cell.outcome.latency_ms),
        })
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
    /// Position of the last attempt of each call, where faults make more of one; otherwise empty.
    last: Vec<usize>,
}

impl Default for Taken<'_, '_> {
    fn default() -> Self {
        Self {
            cells: Vec::with_capacity(1),
            seen: Vec::with_capacity(1),
            attempts: Vec::with_capacity(1),
            last: Vec::new(),
        }
    }
}

impl<'r, 'a> Taken<'r, 'a> {
    fn push(&mut self, cell: &'r Cell<'a>, elapsed: &mut Elapsed, needs: Needs, with_faults: bool) {
        if with_faults {
            self.last.push(self.attempts.len());
        }
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

    /// A call with failed tries; the policy sees the last one.
    fn push_tries(
        &mut self,
        cell: &'r Cell<'a>,
        tries: &[Tried],
        elapsed: &mut Elapsed,
        needs: Needs,
    ) {
        let mut seen = None;
        for (number, tried) in (0u32..).zip(tries) {
            let attempt = attempt_of(cell, number, tried, *elapsed);
            elapsed.add(tried.end_ms);
            elapsed.add(Some(tried.wait_ms));
            let failure = attempt.error.as_ref().map(|e| e.kind.as_str());
            let is_answer = tried.failure.is_none();
            let counted = match is_answer {
                true => cell.outcome.score.counted(),
                false => Some(0.0),
            };
            seen = Some(Observed {
                model: &cell.attempt.model,
                answer: cell.answer.as_deref().filter(|_| is_answer),
                failure,
                confidence: (cell.outcome.confidence).filter(|_| needs.confidence && is_answer),
                judged: counted.filter(|_| needs.judge),
                cost_usd: attempt.cost.total_usd,
            });
            self.attempts.push(attempt);
        }
        self.seen.extend(seen);
        self.cells.push(cell);
        self.last.push(self.attempts.len().saturating_sub(1));
    }

    /// Tells of attempts where the policy spoke of calls. Gives the score of an accepted attempt that
    /// a fault struck.
    fn tell(
        &self,
        decisions: &mut [Decision],
        ending: &mut Ending,
    ) -> Option<(Score, Option<Arc<str>>)> {
        let position = |call: usize| self.last.get(call).copied().unwrap_or(call);
        for decision in decisions {
            if let Step::Accept(call) = &mut decision.step {
                *call = position(*call);
            }
        }
        let Ending::Accept { attempt, .. } = ending else {
            return None;
        };
        *attempt = position(*attempt);
        let error = self.attempts.get(*attempt)?.error.as_ref()?;
        if error.kind == AttemptErrorKind::RecordedFailure {
            return None;
        }
        let reason = format!("{}: {}", error.kind.as_str(), error.message);
        Some((Score::Failed(reason), None))
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

/// One try as it goes into the log.
fn attempt_of(cell: &Cell<'_>, number: u32, tried: &Tried, elapsed: Elapsed) -> Attempt {
    let after = |ms: Option<f64>| elapsed.0.zip(ms).map(|(start, ms)| start + ms);
    let mut attempt = match &tried.failure {
        None => cell.attempt.clone(),
        Some(failure) => {
            let mut attempt = Attempt::new(Arc::clone(&cell.attempt.model));
            attempt.cost = Cost::lump(failure.cost_share * cell.attempt.cost.total_usd);
            attempt.error = Some(AttemptError {
                kind: failure.kind,
                status: failure.status,
                message: failure.message.clone(),
            });
            attempt
        }
    };
    attempt.try_number = number;
    attempt.first_token_ms = after(tried.ttft_ms);
    attempt.end_ms = after(tried.end_ms);
    attempt.intended_ms = elapsed.0.filter(|_| attempt.end_ms.is_some());
    attempt
}
