//! The gate before a backend.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use weighbridge_record::AttemptErrorKind;

use super::breaker::{Answer, Breaker};
use super::bucket::Bucket;
use super::quota::Left;
use super::window::Window;
use super::{BackendLimits, LimitFacts};
use crate::Clock;
use crate::backend::Reply;

/// Stands before one backend. Calls go in the order in which they ask.
#[derive(Debug)]
pub(in crate::executor) struct Limiter {
    clock: Clock,
    /// A server that asks for more than this is not waited for.
    patience_ms: f64,
    /// Held by the call that is next, so that the others queue in order.
    turn: tokio::sync::Mutex<()>,
    changed: Notify,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    requests_left: Left,
    tokens_left: Left,
    window: Window,
    breaker: Option<Breaker>,
    /// The server asked to be left alone until then.
    resume_ms: f64,
    in_flight: u32,
    in_flight_tokens: f64,
    /// Times that a call was held back: a call was not if there was none between asking and going,
    /// however long the machine took.
    holds: u64,
    facts: LimitFacts,
}

/// Why a call is not sent at all.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::executor) struct Refusal(pub(in crate::executor) String);

/// What a call at the head of the queue has to do.
enum Look {
    Go {
        is_probe: bool,
    },
    Sleep(f64),
    /// Until another call ends.
    Change,
    Refuse(Refusal),
}

impl Limiter {
    /// A limiter on the clock of the run.
    pub(in crate::executor) fn new(
        rules: &BackendLimits,
        patience: Duration,
        clock: Clock,
    ) -> Self {
        let now_ms = clock.now_ms();
        let bucket = |limit: Option<u64>| limit.map(|limit| Bucket::new(limit, now_ms));
        Self {
            clock,
            patience_ms: patience.as_secs_f64() * 1e3,
            turn: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
            state: Mutex::new(State {
                requests: bucket(rules.requests_per_minute),
                tokens: bucket(rules.tokens_per_minute),
                requests_left: Left::default(),
                tokens_left: Left::default(),
                window: Window::new(rules.max_concurrency, rules.is_adaptive),
                breaker: rules.breaker.map(Breaker::new),
                resume_ms: 0.0,
                in_flight: 0,
                in_flight_tokens: 0.0,
                holds: 0,
                facts: LimitFacts {
                    name: Arc::clone(&rules.name),
                    ..LimitFacts::default()
                },
            }),
        }
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until a call of at most `tokens` tokens may be sent. Dropping the future gives up the
    /// place in the queue.
    pub(in crate::executor) async fn admit(&self, tokens: u64) -> Result<Permit<'_>, Refusal> {
        let asked_ms = self.clock.now_ms();
        let units = tokens as f64;
        // What fails at once does not queue behind those that wait. A hold that is under way when the
        // call asks has begun before; its holder wakes up once more.
        let (refusal, holds) = self.with(|state| (self.refused(state, asked_ms), state.holds));
        if let Some(refusal) = refusal {
            return Err(refusal);
        }
        let is_behind = self.turn.try_lock().is_err();
        let _turn = self.turn.lock().await;
        loop {
            let now_ms = self.clock.now_ms();
            let look = self.with(|state| {
                let look = self.look(state, units, now_ms);
                match look {
                    Look::Go { is_probe } => {
                        let was_held = state.holds > holds || (is_behind && holds > 0);
                        let waited_ms = if was_held { now_ms - asked_ms } else { 0.0 };
                        state.go(units, is_probe, waited_ms);
                    }
                    Look::Sleep(_) | Look::Change => state.holds += 1,
                    Look::Refuse(_) => {}
                }
                look
            });
            match look {
                Look::Go { is_probe } => {
                    return Ok(Permit {
                        limiter: self,
                        units,
                        sent_ms: now_ms,
                        is_probe,
                    });
                }
                Look::Refuse(refusal) => return Err(refusal),
                Look::Change => self.changed.notified().await,
                Look::Sleep(ms) => {
                    // Timers tick in milliseconds; one that is early would only be asked again.
                    let wait = Duration::from_secs_f64((ms.max(1.0)) / 1e3);
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.changed.notified() => {}
                    }
                }
            }
        }
    }

    fn refused(&self, state: &mut State, now_ms: f64) -> Option<Refusal> {
        let name = &state.facts.name;
        let left_ms = state.resume_ms - now_ms;
        let answer = state.breaker.as_ref().map(|b| b.ask(now_ms));
        let reason = match answer {
            _ if left_ms > self.patience_ms => format!(
                "not sent: backend `{name}` asked to be left alone for another {:.0} s",
                left_ms / 1e3
            ),
            Some(Answer::Fail(Some(ms))) => format!(
                "not sent: the breaker of backend `{name}` is open for another {:.1} s",
                ms / 1e3
            ),
            Some(Answer::Fail(None)) => format!(
                "not sent: the breaker of backend `{name}` waits for the answer to one call"
            ),
            Some(Answer::Go | Answer::Probe) | None => return None,
        };
        state.facts.not_sent += 1;
        Some(Refusal(reason))
    }

    fn look(&self, state: &mut State, units: f64, now_ms: f64) -> Look {
        if let Some(refusal) = self.refused(state, now_ms) {
            return Look::Refuse(refusal);
        }
        if !state.window.has_room(state.in_flight) {
            return Look::Change;
        }
        // What the server says of itself is waited for within patience; it may be a day's limit.
        let said = (state.requests_left.wait_ms(1.0, now_ms))
            .max(state.tokens_left.wait_ms(units, now_ms))
            .min(self.patience_ms);
        let mut wait_ms = said.max(state.resume_ms - now_ms);
        for (bucket, units) in [(&mut state.requests, 1.0), (&mut state.tokens, units)] {
            if let Some(bucket) = bucket {
                wait_ms = wait_ms.max(bucket.wait_ms(units, now_ms));
            }
        }
        if wait_ms > 0.0 {
            return Look::Sleep(wait_ms);
        }
        let answer = state.breaker.as_ref().map(|b| b.ask(now_ms));
        Look::Go {
            is_probe: answer == Some(Answer::Probe),
        }
    }

    /// What the limits did so far.
    pub(in crate::executor) fn facts(&self) -> LimitFacts {
        self.with(|state| {
            let (cuts, lowest) = state.window.cuts();
            LimitFacts {
                cuts,
                fewest_at_once: (lowest < u32::MAX).then_some(lowest),
                openings: state.breaker.as_ref().map_or(0, Breaker::openings),
                ..state.facts.clone()
            }
        })
    }
}

impl State {
    fn go(&mut self, units: f64, is_probe: bool, waited_ms: f64) {
        self.in_flight += 1;
        self.in_flight_tokens += units;
        self.requests_left.take(1.0);
        self.tokens_left.take(units);
        if let Some(bucket) = &mut self.requests {
            bucket.take(1.0);
        }
        if let Some(bucket) = &mut self.tokens {
            bucket.take(units);
        }
        if let Some(breaker) = self.breaker.as_mut().filter(|_| is_probe) {
            breaker.probe();
        }
        // Timers tick in milliseconds; less is no wait for a limit.
        if waited_ms >= 1.0 {
            self.facts.waited += 1;
            self.facts.waited_ms += waited_ms;
            self.facts.longest_wait_ms = self.facts.longest_wait_ms.max(waited_ms);
        }
    }

    fn hear(&mut self, reply: &Reply, permit: (f64, f64, bool), now_ms: f64) {
        let (units, sent_ms, is_probe) = permit;
        let error = reply.attempt.error.as_ref().map(|e| e.kind);
        let under_way = self.in_flight;
        match error {
            Some(AttemptErrorKind::RateLimited) => {
                self.facts.refusals += 1;
                self.window.refused(sent_ms, under_way, now_ms);
                if let Some(breaker) = self.breaker.as_mut().filter(|_| is_probe) {
                    // It is there, and busy.
                    breaker.ended(true, false, now_ms);
                }
            }
            error => {
                let is_failure = error.is_some_and(is_breakdown);
                if error.is_none() {
                    self.window.answered(under_way);
                }
                if let Some(breaker) = &mut self.breaker {
                    breaker.ended(is_probe, is_failure, now_ms);
                }
            }
        }
        if let Some(asked) = reply.retry_after.filter(|_| error.is_some()) {
            self.facts.pauses += 1;
            self.resume_ms = self.resume_ms.max(now_ms + asked.as_secs_f64() * 1e3);
        }
        self.correct(reply, units, now_ms);
    }

    /// Replaces the worst case of a call by what it used, and takes what the headers say.
    fn correct(&mut self, reply: &Reply, units: f64, now_ms: f64) {
        let usage = &reply.attempt.usage;
        let tokens = |count: Option<u64>| count.unwrap_or(0) as f64;
        let used = tokens(usage.total_input()) + tokens(usage.total_output());
        // A call that was refused used nothing; one whose use is unknown may have used all.
        let is_refused = (reply.attempt.error.as_ref()).is_some_and(|e| e.status.is_some());
        let is_known = used > 0.0 || is_refused || reply.attempt.sent_ms.is_none();
        if is_known {
            self.tokens_left.take(used - units);
            if let Some(bucket) = &mut self.tokens {
                bucket.give(units - used, now_ms);
            }
        }
        if let Some(said) = &reply.attempt.server {
            let ahead = f64::from(self.in_flight.saturating_sub(1));
            self.requests_left.hear(&said.requests, ahead, now_ms);
            let ahead = (self.in_flight_tokens - units).max(0.0);
            self.tokens_left.hear(&said.tokens, ahead, now_ms);
        }
    }
}

/// Failures that say that the backend is broken, not the request.
fn is_breakdown(kind: AttemptErrorKind) -> bool {
    use AttemptErrorKind::{Connect, ErrorEvent, Malformed, Reset, Server, Timeout, Truncated};
    matches!(
        kind,
        Connect | Reset | Timeout | Server | ErrorEvent | Malformed | Truncated
    )
}

/// Leave to send one call. Dropped without [`Permit::settle`], the call was given up and may have
/// used all that it might.
#[derive(Debug)]
pub(in crate::executor) struct Permit<'a> {
    limiter: &'a Limiter,
    units: f64,
    sent_ms: f64,
    is_probe: bool,
}

impl Permit<'_> {
    /// Tells how the call ended.
    pub(in crate::executor) fn settle(self, reply: &Reply) {
        let now_ms = self.limiter.clock.now_ms();
        let permit = (self.units, self.sent_ms, self.is_probe);
        self.limiter.with(|state| state.hear(reply, permit, now_ms));
    }

    /// The call was not sent after all.
    pub(in crate::executor) fn give_back(self) {
        let now_ms = self.limiter.clock.now_ms();
        self.limiter.with(|state| {
            state.requests_left.take(-1.0);
            state.tokens_left.take(-self.units);
            if let Some(bucket) = &mut state.requests {
                bucket.give(1.0, now_ms);
            }
            if let Some(bucket) = &mut state.tokens {
                bucket.give(self.units, now_ms);
            }
        });
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let now_ms = self.limiter.clock.now_ms();
        self.limiter.with(|state| {
            state.in_flight -= 1;
            state.in_flight_tokens -= self.units;
            if let Some(breaker) = state.breaker.as_mut().filter(|_| self.is_probe) {
                // Without effect once the probe told how it ended.
                breaker.unknown(now_ms);
            }
        });
        self.limiter.changed.notify_one();
    }
}
