//! What failed under one policy, and what became of the requests that met a failure.

use std::collections::BTreeMap;

use weighbridge_record::{Attempt, AttemptErrorKind, Score, Trial};

use super::{Money, Tries};

/// What failed under one policy. Sums are integers, so that their order does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reliability {
    /// By position in the fleet; the last entry is for models that are not in it.
    pub models: Vec<Tries>,
    /// Trials in which an attempt failed.
    pub met: u64,
    /// Of these, the ones that ended without a usable answer.
    pub lost: u64,
    /// Of these, the ones that a later try of the same model answered.
    pub by_retry: u64,
    /// Answers of another model than the one that failed first: from which to which; `None` is an
    /// answer from a cache.
    pub fallbacks: BTreeMap<(usize, Option<usize>), Answers>,
}

/// Answers that were given in place of failed ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers {
    /// Trials.
    pub trials: u64,
    /// Those with a score.
    pub scored: u64,
    /// Sum of their scores, in billionths.
    pub score_e9: u64,
    /// What these trials cost, failed tries included.
    pub cost: Money,
}

impl Reliability {
    pub(super) fn new(models: usize) -> Self {
        Self {
            models: vec![Tries::default(); models + 1],
            ..Self::default()
        }
    }

    /// Counts one trial; `position` is that of its sample.
    pub(super) fn add(
        &mut self,
        trial: &Trial,
        position: usize,
        model: impl Fn(&str) -> Option<u16>,
    ) {
        let last = self.models.len().saturating_sub(1);
        let id = |name: &str| model(name).map_or(last, usize::from).min(last);
        let mut has_failure = false;
        // When the call under way began.
        let mut began = 0;
        for (i, attempt) in trial.attempts.iter().enumerate() {
            if is_gap(attempt) {
                continue;
            }
            has_failure |= attempt.error.is_some();
            let before = i.checked_sub(1).and_then(|i| trial.attempts.get(i));
            let before = before.filter(|before| is_next_try(before, attempt));
            if before.is_none() {
                began = time_of(trial, attempt, position);
            }
            if let Some(tries) = self.models.get_mut(id(&attempt.model)) {
                tries.add(attempt, before.and_then(|b| b.end_ms));
                let next = trial.attempts.get(i + 1);
                if next.is_none_or(|next| !is_next_try(attempt, next)) {
                    tries.timeline.add(began, attempt.error.is_some());
                }
            }
        }
        if has_failure {
            self.settle(trial, id);
        }
    }

    /// What became of a trial in which an attempt failed.
    fn settle(&mut self, trial: &Trial, id: impl Fn(&str) -> usize) {
        self.met += 1;
        if let Score::Failed(_) = trial.score {
            self.lost += 1;
            return;
        }
        let to = trial.accepted().and_then(|at| trial.attempts.get(at));
        let Some(from) = failed_call(trial, to) else {
            self.by_retry += u64::from(to.is_some_and(|a| a.try_number > 0));
            return;
        };
        let key = (id(&from.model), to.map(|a| id(&a.model)));
        let answers = self.fallbacks.entry(key).or_default();
        answers.trials += 1;
        answers.cost += Money::of_usd(trial.cost_usd);
        if let Score::Value(value) = trial.score {
            answers.scored += 1;
            answers.score_e9 += (value * 1e9).round() as u64;
        }
    }
}

/// Milliseconds since the start of the run; a replay has no clock, and the order of samples stands for
/// it.
fn time_of(trial: &Trial, attempt: &Attempt, position: usize) -> u64 {
    match trial.start_ms {
        // The cast saturates.
        Some(start) => (start + attempt.intended_ms.unwrap_or(0.0)).max(0.0) as u64,
        None => position as u64,
    }
}

/// Whether nothing was called: the recording has no such cell.
fn is_gap(attempt: &Attempt) -> bool {
    (attempt.error.as_ref()).is_some_and(|e| e.kind == AttemptErrorKind::NotRecorded)
}

fn is_next_try(before: &Attempt, attempt: &Attempt) -> bool {
    before.model == attempt.model && attempt.try_number == before.try_number + 1
}

/// The first call that failed for good and was of another model than the one that answered.
fn failed_call<'t>(trial: &'t Trial, answered: Option<&Attempt>) -> Option<&'t Attempt> {
    let attempts = trial.attempts.iter().enumerate();
    let mut failed = attempts.filter(|(i, a)| {
        let again = trial.attempts.get(i + 1);
        a.error.is_some() && !is_gap(a) && again.is_none_or(|next| !is_next_try(a, next))
    });
    let other = failed.find(|(_, a)| answered.is_none_or(|to| to.model != a.model));
    other.map(|(_, attempt)| attempt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weighbridge_policies::Decision;
    use weighbridge_record::AttemptError;

    fn attempt(model: &str, try_number: u32, kind: Option<AttemptErrorKind>) -> Attempt {
        let mut attempt = Attempt::new(model.into());
        attempt.try_number = try_number;
        attempt.error = kind.map(|kind| AttemptError {
            kind,
            status: None,
            message: String::new(),
        });
        attempt
    }

    fn trial(attempts: Vec<Attempt>, accepted: Option<usize>) -> Trial {
        Trial {
            sample: "s".into(),
            policy: "p".into(),
            repeat: 0,
            model: accepted.map(|i| attempts[i].model.clone()),
            score: match accepted {
                Some(_) => Score::Value(0.5),
                None => Score::Failed("server".to_owned()),
            },
            cost_usd: 0.25,
            ttft_ms: None,
            router_ms: None,
            e2e_ms: None,
            decisions: accepted
                .map(|i| Decision::accept(i, ""))
                .into_iter()
                .collect(),
            attempts,
            answer: None,
            start_ms: None,
            arrival: None,
        }
    }

    fn of(trials: &[Trial]) -> Reliability {
        let mut all = Reliability::new(2);
        for (i, trial) in trials.iter().enumerate() {
            all.add(trial, i, |name| match name {
                "a" => Some(0),
                "b" => Some(1),
                _ => None,
            });
        }
        all
    }

    #[test]
    fn a_request_is_lost_or_answered_by_a_retry_or_by_another_model() {
        use AttemptErrorKind::{NotRecorded, Server};
        let all = of(&[
            trial(vec![attempt("a", 0, Some(Server))], None),
            trial(
                vec![attempt("a", 0, Some(Server)), attempt("a", 1, None)],
                Some(1),
            ),
            trial(
                vec![
                    attempt("a", 0, Some(Server)),
                    attempt("a", 1, Some(Server)),
                    attempt("b", 0, None),
                ],
                Some(2),
            ),
            // A cascade whose first stage was tried twice: nothing fell back.
            trial(
                vec![
                    attempt("a", 0, Some(Server)),
                    attempt("a", 1, None),
                    attempt("b", 0, None),
                ],
                Some(2),
            ),
            trial(vec![attempt("a", 0, Some(NotRecorded))], None),
            trial(vec![attempt("stranger", 0, None)], Some(0)),
        ]);
        assert_eq!((all.met, all.lost, all.by_retry), (4, 1, 1));
        let only: Vec<_> = all.fallbacks.into_iter().collect();
        assert_eq!(only.len(), 1, "{only:?}");
        let (key, answers) = only[0];
        assert_eq!(key, (0, Some(1)));
        assert_eq!((answers.trials, answers.score_e9), (1, 500_000_000));
        assert_eq!(answers.cost.usd(), 0.25);
        assert_eq!((all.models[0].attempts, all.models[0].failed()), (7, 5));
        assert_eq!(all.models[2].attempts, 1);
        // Calls by the sample they belong to: two ended well after a retry.
        let steps = all.models[0].timeline.steps();
        assert_eq!(steps, [(1, 1), (1, 0), (1, 1), (1, 0)]);
    }
}
