//! One call of a trial: leave, money, wire, and again if it failed for a passing reason.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use weighbridge_datasets::{Message, Sample};
use weighbridge_policies::stream;
use weighbridge_record::{Attempt, AttemptErrorKind, Cost};

use super::limit::{Permit, Refusal};
use super::schedule::Task;
use super::trial::{Calls, Shared};
use super::worst::Worst;
use super::{BudgetLimit, Event, PromptNonce, TrialKey};
use crate::Clock;
use crate::backend::{Backend, Call, Reply};

/// What all tries of one call share.
struct Asked<'a> {
    trial: TrialKey,
    model: &'a Arc<str>,
    sample: &'a Sample,
    messages: Cow<'a, [Message]>,
    backend: &'a dyn Backend,
    salt: Option<String>,
    seed: Option<u64>,
    confidence: bool,
    worst: Worst,
    clock: Clock,
}

impl Shared {
    /// Calls a model until it answers or no retry is left; every try becomes an attempt.
    pub(super) async fn call(
        &self,
        task: Task,
        model: &Arc<str>,
        clock: Clock,
        calls: &mut Calls,
    ) -> Result<(), BudgetLimit> {
        let Some(asked) = self.asked(task, model, clock) else {
            let message = format!("the policy called `{model}`, which has no backend");
            let attempt = Attempt::new(Arc::clone(model));
            calls.push(
                Reply::failed(attempt, AttemptErrorKind::Rejected, message),
                true,
            );
            return Ok(());
        };
        let (_, policy, repeat) = &asked.trial;
        let purpose = format!("retry {policy} {model}");
        let mut rng = stream(self.settings.seed, &purpose, &asked.sample.id, *repeat);
        for try_number in 0.. {
            let reply = self.one_try(&asked, try_number).await?;
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
            self.in_time(tokio::time::sleep(wait)).await?;
        }
        Ok(())
    }

    fn asked<'a>(&'a self, task: Task, model: &'a Arc<str>, clock: Clock) -> Option<Asked<'a>> {
        let sample = &self.samples[task.sample];
        let policy = &self.policies[task.repeat as usize][task.policy];
        let settings = &self.settings;
        let nonce = settings.nonce.as_ref().filter(|_| sample.synthetic);
        let front = nonce.map(|nonce| nonce.front(&policy.name, task.repeat));
        Some(Asked {
            backend: self.backends.get(model)?.as_ref(),
            trial: (
                sample.id.as_str().into(),
                Arc::clone(&policy.name),
                task.repeat,
            ),
            model,
            sample,
            salt: settings
                .isolate_cache
                .then(|| format!("{}-{}-{}", settings.seed, policy.name, task.repeat)),
            seed: settings
                .send_seed
                .then(|| settings.seed.wrapping_add(task.repeat.into())),
            confidence: policy.needs.confidence,
            worst: Worst::of(sample, settings.assumed_output_tokens)
                .and_bytes(front.as_ref().map_or(0, String::len)),
            messages: match front {
                Some(front) => PromptNonce::put(&front, &sample.messages).into(),
                None => Cow::Borrowed(&sample.messages),
            },
            clock,
        })
    }

    /// Sends the call once, when its backend may be called. The wait is part of the attempt: it is
    /// meant to be sent now.
    async fn one_try(&self, asked: &Asked<'_>, try_number: u32) -> Result<Reply, BudgetLimit> {
        let intended_ms = asked.clock.now_ms();
        let permit = match self.leave(asked).await? {
            Ok(permit) => permit,
            Err(Refusal(reason)) => {
                let mut attempt = Attempt::new(Arc::clone(asked.model));
                attempt.try_number = try_number;
                attempt.intended_ms = Some(intended_ms);
                attempt.end_ms = Some(asked.clock.now_ms());
                let kind = AttemptErrorKind::CircuitOpen;
                return Ok(Reply::failed(attempt, kind, reason));
            }
        };
        let price = self.prices.get(asked.model);
        let worst_usd = price.map_or(0.0, |price| asked.worst.usd(price));
        let reserved = self.ledger.reserve(&asked.trial, asked.model, worst_usd);
        let reservation = match reserved {
            Ok(reservation) => reservation,
            Err(limit) => {
                if let Some(permit) = permit {
                    permit.give_back();
                }
                return Err(limit);
            }
        };
        let call = Call {
            model: asked.model,
            sample: &asked.sample.id,
            messages: &asked.messages,
            max_output_tokens: asked.sample.max_output_tokens,
            confidence: asked.confidence,
            cache_salt: asked.salt.as_deref(),
            seed: asked.seed,
            try_number,
        };
        let mut reply = asked.backend.send(call, asked.clock).await;
        reply.attempt.intended_ms = Some(intended_ms);
        if let Some(permit) = permit {
            permit.settle(&reply);
        }
        self.price(&mut reply.attempt);
        let excess = reservation.settle(charge(&reply.attempt));
        if let Some(usd) = excess {
            let note = format!(
                "a call of `{}` cost {usd:.6} USD more than was thought possible; \
                 later calls are reserved with that much more",
                asked.model
            );
            let _ = self.events.send(Event::Note(note)).await;
        }
        Ok(reply)
    }

    /// Leave to call the backend; none is needed where it has no limits.
    async fn leave(
        &self,
        asked: &Asked<'_>,
    ) -> Result<Result<Option<Permit<'_>>, Refusal>, BudgetLimit> {
        let Some(limiter) = self.gates.of(asked.model) else {
            return Ok(Ok(None));
        };
        let admitted = self.in_time(limiter.admit(asked.worst.tokens())).await?;
        Ok(admitted.map(Some))
    }

    /// Waits for something, but not longer than the time of the run.
    async fn in_time<T>(&self, future: impl Future<Output = T>) -> Result<T, BudgetLimit> {
        match self.ledger.time_left() {
            None => Ok(future.await),
            Some(left) => tokio::time::timeout(left, future)
                .await
                .map_err(|_| BudgetLimit::Time),
        }
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
        use AttemptErrorKind::{CircuitOpen, Connect, NotRecorded, RateLimited, Rejected};
        let error = attempt.error.as_ref().map(|e| e.kind);
        if attempt.cost != Cost::default()
            || matches!(
                error,
                Some(CircuitOpen | Connect | NotRecorded | RateLimited | Rejected)
            )
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
}

/// What the budget is charged for an attempt; `None` where the server may have done all the work and
/// never said what it was: the worst case.
fn charge(attempt: &Attempt) -> Option<f64> {
    use AttemptErrorKind::{ErrorEvent, Malformed, Reset, Timeout, Truncated};
    let broke_off = attempt.error.as_ref().is_some_and(|error| {
        error.status.is_none()
            && matches!(
                error.kind,
                Reset | Timeout | Truncated | ErrorEvent | Malformed
            )
    });
    (!broke_off).then_some(attempt.cost.total_usd)
}
