//! One live trial: the walk of a policy over real calls.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use weighbridge_datasets::{Sample, Target};
use weighbridge_policies::{Needs, Observed, Policy, Request, Step};
use weighbridge_record::{Attempt, Score, Trial};

use super::gates::Gates;
use super::ledger::Ledger;
use super::schedule::Task;
use super::{BudgetLimit, Event, Settings};
use crate::backend::Reply;
use crate::walk::{Ending, Next, Story, Walk};
use crate::{Backend, Clock, PriceBook, score};

/// One policy of a live run.
pub(super) struct LivePolicy {
    pub(super) name: Arc<str>,
    pub(super) policy: Arc<dyn Policy>,
    pub(super) needs: Needs,
}

/// What all trials of a run share.
pub(super) struct Shared {
    pub(super) samples: Arc<[Sample]>,
    /// By repeat, then policy: state starts fresh in each repeat.
    pub(super) policies: Vec<Vec<LivePolicy>>,
    pub(super) backends: std::collections::BTreeMap<Arc<str>, Arc<dyn Backend>>,
    pub(super) prices: PriceBook,
    pub(super) settings: Settings,
    pub(super) ledger: Ledger,
    pub(super) gates: Gates,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) clock: Clock,
}

/// How a trial came out.
pub(super) enum Outcome {
    Done(Box<Trial>),
    /// A call did not fit the budget; the trial is made again when the run resumes.
    OverBudget(BudgetLimit),
}

impl Shared {
    /// Makes one trial. `clock` started at its intended start.
    pub(super) async fn trial(&self, task: Task, clock: Clock) -> Outcome {
        let sample = &self.samples[task.sample];
        let policy = &self.policies[task.repeat as usize][task.policy];
        let request = Request::of(sample, task.sample, task.repeat);
        let mut walk = Walk::new(policy.policy.open(request));
        let mut calls = Calls::default();
        let (ending, decided_ms) = loop {
            let next = self
                .decide(&mut walk, &calls.seen(policy.needs, &sample.target), clock)
                .await;
            let step = match next {
                Ok(Next::End(ending)) => break (ending, clock.now_ms()),
                Ok(Next::Call(model)) => self.call(task, &model, clock, &mut calls).await,
                Err(limit) => Err(limit),
            };
            if let Err(limit) = step {
                return Outcome::OverBudget(limit);
            }
        };
        let accepted = match &ending {
            Ending::Accept { attempt, .. } => Some(*attempt),
            _ => None,
        };
        let start_ms = clock.since_ms(&self.clock);
        let trial = calls.story(
            sample,
            Story {
                sample: sample.id.as_str().into(),
                policy: Arc::clone(&policy.name),
                repeat: task.repeat,
                decisions: walk.into_decisions(),
                attempts: Vec::new(),
                ending,
                decided_ms: Some(decided_ms),
            },
        );
        let trial = Trial {
            start_ms: Some(start_ms),
            ..trial
        };
        let seen = calls.seen(policy.needs, &sample.target);
        let observed = accepted.and_then(|i| seen.get(i).copied());
        policy.policy.settle(request, observed, trial.cost_usd);
        Outcome::Done(Box::new(trial))
    }

    /// Asks the policy and takes the time; waits where the policy declares that its decision takes
    /// longer in production than here (a classifier that is only simulated).
    async fn decide(
        &self,
        walk: &mut Walk<'_>,
        seen: &[Observed<'_>],
        clock: Clock,
    ) -> Result<Next, BudgetLimit> {
        let start_ms = clock.now_ms();
        let next = walk.next(seen);
        let usd = walk.last_mut().and_then(|d| d.decide_cost_usd);
        self.ledger.spend(usd.unwrap_or(0.0))?;
        let declared = walk.last_mut().and_then(|d| d.decide_ms).unwrap_or(0.0);
        let left_ms = declared - (clock.now_ms() - start_ms);
        if let Ok(left) = Duration::try_from_secs_f64(left_ms / 1e3) {
            tokio::time::sleep(left).await;
        }
        if let Some(decision) = walk.last_mut() {
            decision.decide_ms = Some(clock.now_ms() - start_ms);
        }
        Ok(next)
    }
}

/// The calls of one trial. A call is one or more attempts; the policy sees the last one.
#[derive(Default)]
pub(super) struct Calls {
    attempts: Vec<Attempt>,
    /// Position of the last attempt of each call, with its answer and recorded score.
    last: Vec<(usize, Option<Arc<str>>, Option<Score>)>,
}

impl Calls {
    pub(super) fn push(&mut self, reply: Reply, is_last: bool) {
        if is_last {
            let position = self.attempts.len();
            self.last.push((position, reply.answer, reply.recorded));
        }
        self.attempts.push(reply.attempt);
    }

    fn seen(&self, needs: Needs, target: &Target) -> Vec<Observed<'_>> {
        let observed = self.last.iter().map(|(position, answer, recorded)| {
            let attempt = &self.attempts[*position];
            let judged = needs
                .judge
                .then(|| graded(attempt, answer, recorded, target));
            Observed {
                model: &attempt.model,
                answer: answer.as_deref(),
                failure: attempt.error.as_ref().map(|e| e.kind.as_str()),
                confidence: attempt.confidence.filter(|_| needs.confidence),
                judged: judged.and_then(|score| score.counted()),
                cost_usd: attempt.cost.total_usd,
            }
        });
        observed.collect()
    }

    /// Tells the story with positions of attempts where the policy spoke of calls.
    fn story(&mut self, sample: &Sample, mut story: Story) -> Trial {
        let position = |call: usize| self.last.get(call).map_or(call, |(position, ..)| *position);
        for decision in &mut story.decisions {
            if let Step::Accept(call) = &mut decision.step {
                *call = position(*call);
            }
        }
        let mut accepted = None;
        if let Ending::Accept { attempt, .. } = &mut story.ending
            && let Some((at, answer, recorded)) = self.last.get(*attempt)
        {
            let given = graded(&self.attempts[*at], answer, recorded, &sample.target);
            accepted = Some((given, answer.clone()));
            *attempt = *at;
        }
        let answered = match story.ending {
            Ending::Accept { attempt, .. } => Some(attempt),
            _ => None,
        };
        story.attempts = self.attempts.clone();
        for (at, answer, _) in &self.last {
            if Some(*at) != answered {
                story.attempts[*at].answer = answer.as_deref().map(str::to_owned);
            }
        }
        story.into_trial(sample, accepted)
    }
}

fn graded(
    attempt: &Attempt,
    answer: &Option<Arc<str>>,
    recorded: &Option<Score>,
    target: &Target,
) -> Score {
    match (&attempt.error, answer, recorded) {
        (Some(error), ..) => Score::Failed(if error.message.is_empty() {
            error.kind.as_str().to_owned()
        } else {
            format!("{}: {}", error.kind.as_str(), error.message)
        }),
        (None, _, Some(score)) => score.clone(),
        (None, Some(answer), None) => score(target, answer),
        (None, None, None) => Score::Failed("empty: no answer".to_owned()),
    }
}
