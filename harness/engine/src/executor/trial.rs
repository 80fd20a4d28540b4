//! One live trial: the walk of a policy over real calls.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use weighbridge_datasets::{Sample, Target};
use weighbridge_policies::{Needs, Observed, Policy, Request, Step, stream};
use weighbridge_record::{Attempt, AttemptErrorKind, Cost, Price, Score, Trial, Usage};

use super::ledger::Ledger;
use super::schedule::Task;
use super::{BudgetLimit, Event, Settings};
use crate::backend::{Call, Reply};
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
            match next {
                Next::End(ending) => break (ending, clock.now_ms()),
                Next::Call(model) => match self.call(task, &model, clock, &mut calls).await {
                    Ok(()) => {}
                    Err(limit) => return Outcome::OverBudget(limit),
                },
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
    async fn decide(&self, walk: &mut Walk<'_>, seen: &[Observed<'_>], clock: Clock) -> Next {
        let start_ms = clock.now_ms();
        let next = walk.next(seen);
        let declared = walk.last_mut().and_then(|d| d.decide_ms).unwrap_or(0.0);
        let left_ms = declared - (clock.now_ms() - start_ms);
        if let Ok(left) = Duration::try_from_secs_f64(left_ms / 1e3) {
            tokio::time::sleep(left).await;
        }
        if let Some(decision) = walk.last_mut() {
            decision.decide_ms = Some(clock.now_ms() - start_ms);
            self.ledger.charge(decision.decide_cost_usd.unwrap_or(0.0));
        }
        next
    }

    /// Calls a model until it answers or no retry is left; every try becomes an attempt.
    async fn call(
        &self,
        task: Task,
        model: &Arc<str>,
        clock: Clock,
        calls: &mut Calls,
    ) -> Result<(), BudgetLimit> {
        let sample = &self.samples[task.sample];
        let policy = &self.policies[task.repeat as usize][task.policy];
        let Some(backend) = self.backends.get(model) else {
            let message = format!("the policy called `{model}`, which has no backend");
            let attempt = Attempt::new(Arc::clone(model));
            calls.push(
                Reply::failed(attempt, AttemptErrorKind::Rejected, message),
                true,
            );
            return Ok(());
        };
        let settings = &self.settings;
        let salt = settings
            .isolate_cache
            .then(|| format!("{}-{}-{}", settings.seed, policy.name, task.repeat));
        let purpose = format!("retry {} {model}", policy.name);
        let mut rng = stream(settings.seed, &purpose, &sample.id, task.repeat);
        let worst_usd = self.worst_usd(model, sample);
        for try_number in 0.. {
            let reservation = self.ledger.reserve(worst_usd)?;
            let call = Call {
                model,
                sample: &sample.id,
                messages: &sample.messages,
                max_output_tokens: sample.max_output_tokens,
                confidence: policy.needs.confidence,
                cache_salt: salt.as_deref(),
                seed: settings
                    .send_seed
                    .then(|| settings.seed.wrapping_add(task.repeat.into())),
                try_number,
            };
            let mut reply = backend.send(call, clock).await;
            self.price(&mut reply.attempt);
            reservation.settle(reply.attempt.cost.total_usd);
            let wait = self.wait(&reply, try_number + 1, &mut rng);
            calls.push(reply, wait.is_none());
            let Some((kind, wait)) = wait else {
                break;
            };
            let event = Event::Retry {
                model: Arc::clone(model),
                kind,
                try_number: try_number + 1,
                wait,
            };
            // A closed channel ends the run elsewhere.
            let _ = self.events.send(event).await;
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    fn wait(
        &self,
        reply: &Reply,
        try_number: u32,
        rng: &mut impl rand::Rng,
    ) -> Option<(AttemptErrorKind, Duration)> {
        let rule = &self.settings.retry;
        let error = reply
            .attempt
            .error
            .as_ref()
            .filter(|e| e.kind.is_transient())?;
        let wait = rule.wait(try_number, reply.retry_after, rng)?;
        let may = self
            .ledger
            .may_retry(|calls, retries| rule.is_affordable(calls, retries));
        may.then_some((error.kind, wait))
    }

    /// A call that never reached the server costs nothing; a failed one may.
    fn price(&self, attempt: &mut Attempt) {
        use AttemptErrorKind::{Connect, NotRecorded, RateLimited, Rejected};
        let error = attempt.error.as_ref().map(|e| e.kind);
        if attempt.cost != Cost::default()
            || matches!(error, Some(Connect | NotRecorded | RateLimited | Rejected))
        {
            return;
        }
        if error.is_some() && attempt.first_token_ms.is_none() {
            return;
        }
        attempt.cost = self
            .prices
            .cost(&attempt.model, &attempt.usage)
            .unwrap_or_default();
    }

    /// What a call may cost at most: two characters an input token, all output tokens allowed.
    fn worst_usd(&self, model: &Arc<str>, sample: &Sample) -> f64 {
        let Some(price) = self.prices.get(model) else {
            return 0.0;
        };
        let limit = sample.max_output_tokens;
        let output = limit.unwrap_or(self.settings.assumed_output_tokens);
        let usage = Usage {
            // A few tokens of each message are the chat template's.
            input_tokens: Some(
                (sample.prompt_chars() as u64).div_ceil(2) + 16 * sample.messages.len() as u64,
            ),
            output_tokens: Some(output.into()),
            ..Usage::default()
        };
        // Reading a cache is never dearer than not reading it; writing may be.
        let write = price.cache_write_per_mtok_usd.unwrap_or(0.0);
        let dearest = Price {
            input_per_mtok_usd: price.input_per_mtok_usd.max(write),
            ..*price
        };
        dearest.cost(&usage).total_usd
    }
}

/// The calls of one trial. A call is one or more attempts; the policy sees the last one.
#[derive(Default)]
struct Calls {
    attempts: Vec<Attempt>,
    /// Position of the last attempt of each call, with its answer and recorded score.
    last: Vec<(usize, Option<Arc<str>>, Option<Score>)>,
}

impl Calls {
    fn push(&mut self, reply: Reply, is_last: bool) {
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
