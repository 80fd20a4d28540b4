//! Limits and breaker in virtual time, over backends in memory that refuse and break.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use weighbridge_datasets::Sample;
use weighbridge_engine::backend::ReplyFuture;
use weighbridge_engine::executor::{BackendLimits, BreakerRule, BudgetLimit, Limits, Stop};
use weighbridge_engine::{
    Backend, Call, Clock, Event, Live, LiveSummary, PriceBook, Reply, RunEnd,
};
use weighbridge_policies::{Decision, Needs, Observed, Policy, Request, Session, Step};
use weighbridge_record::{Attempt, AttemptErrorKind, Quota, ServerSaid, Trial, Usage};

/// Calls models in turn until one does not fail.
struct Chain(Vec<&'static str>);
struct Walk<'a>(&'a [&'static str]);

impl Policy for Chain {
    fn needs(&self) -> Needs {
        Needs::default()
    }

    fn open<'a>(&'a self, _: Request<'a>) -> Box<dyn Session + 'a> {
        Box::new(Walk(&self.0))
    }
}

impl Session for Walk<'_> {
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision {
        match (seen.last(), self.0.get(seen.len())) {
            (Some(last), _) if last.failure.is_none() => Decision::accept(seen.len() - 1, ""),
            (_, Some(model)) => Decision::new(Step::Call((*model).into()), ""),
            (_, None) => Decision::accept(seen.len() - 1, "last"),
        }
    }
}

/// What a call meets: a time, and how it ends.
struct Fate {
    ms: u64,
    error: Option<(AttemptErrorKind, Option<u16>)>,
    retry_after: Option<Duration>,
    usage: Usage,
    said: Option<ServerSaid>,
}

impl Fate {
    fn ok(ms: u64) -> Self {
        Self {
            ms,
            error: None,
            retry_after: None,
            usage: Usage {
                input_tokens: Some(10),
                output_tokens: Some(90),
                ..Usage::default()
            },
            said: None,
        }
    }

    fn failed(ms: u64, kind: AttemptErrorKind, status: Option<u16>) -> Self {
        Self {
            error: Some((kind, status)),
            usage: Usage::default(),
            ..Self::ok(ms)
        }
    }
}

/// Knows the number of the call, those under way with it, and the time since its first call.
type Script = dyn Fn(usize, usize, Duration) -> Fate + Send + Sync;

/// A backend with a script; remembers when calls were sent.
struct Scripted {
    script: Box<Script>,
    state: Mutex<(Vec<Instant>, usize, usize)>,
}

impl Scripted {
    fn new(script: impl Fn(usize, usize, Duration) -> Fate + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            script: Box::new(script),
            state: Mutex::default(),
        })
    }

    fn sent(&self) -> Vec<Instant> {
        self.state.lock().unwrap().0.clone()
    }

    fn most_at_once(&self) -> usize {
        self.state.lock().unwrap().2
    }
}

impl Backend for Scripted {
    fn send<'a>(&'a self, call: Call<'a>, clock: Clock) -> ReplyFuture<'a> {
        Box::pin(async move {
            let fate = {
                let mut state = self.state.lock().unwrap();
                state.0.push(Instant::now());
                state.1 += 1;
                state.2 = state.2.max(state.1);
                let since = Instant::now() - state.0[0];
                (self.script)(state.0.len() - 1, state.1, since)
            };
            let mut attempt = Attempt::new(call.model.clone());
            attempt.try_number = call.try_number;
            attempt.sent_ms = Some(clock.now_ms());
            tokio::time::sleep(Duration::from_millis(fate.ms)).await;
            self.state.lock().unwrap().1 -= 1;
            attempt.end_ms = Some(clock.now_ms());
            attempt.usage = fate.usage;
            attempt.server = fate.said.map(Box::new);
            let Some((kind, status)) = fate.error else {
                attempt.first_token_ms = attempt.end_ms;
                return Reply::answered(attempt, "4");
            };
            let mut reply = Reply::failed(attempt, kind, "scripted");
            if let Some(error) = &mut reply.attempt.error {
                error.status = status;
            }
            reply.retry_after = fate.retry_after;
            reply
        })
    }

    fn dialect(&self) -> &'static str {
        "scripted"
    }
}

fn samples(n: usize) -> Arc<[Sample]> {
    let target: weighbridge_datasets::Target =
        serde_json::from_str(r#"{"kind":"number","value":4}"#).unwrap();
    let sample = |i| {
        let mut sample = Sample::of_prompt(format!("s{i}"), "2+2?", target.clone());
        sample.max_output_tokens = Some(100);
        sample
    };
    (0..n).map(sample).collect()
}

fn live(n: usize, chain: &[&'static str], backends: &[(&str, Arc<dyn Backend>)]) -> Live {
    let named = |(name, backend): &(&str, Arc<dyn Backend>)| ((*name).into(), Arc::clone(backend));
    Live {
        samples: samples(n),
        policies: vec![("p".into(), Arc::new(Chain(chain.to_vec())))],
        backends: backends.iter().map(named).collect(),
        prices: PriceBook::default(),
        settings: weighbridge_engine::Settings::default(),
        done: BTreeSet::new(),
    }
}

fn limited(mut live: Live, limits: BackendLimits) -> Live {
    live.settings.limits = Limits {
        backends: vec![limits],
    };
    live
}

fn rules() -> BackendLimits {
    BackendLimits::new("b", vec!["m".into()])
}

async fn run(live: Live, stop: Stop) -> (LiveSummary, Vec<Trial>, Vec<Event>) {
    let (sender, mut receiver) = mpsc::channel(4);
    let reader = tokio::spawn(async move {
        let (mut trials, mut others) = (Vec::new(), Vec::new());
        while let Some(event) = receiver.recv().await {
            match event {
                Event::TrialDone(trial) => trials.push(*trial),
                Event::Progress(_) => {}
                other => others.push(other),
            }
        }
        (trials, others)
    });
    let summary = live.run(stop, sender).await;
    let (trials, events) = reader.await.unwrap();
    (summary, trials, events)
}

const MINUTE: Duration = Duration::from_secs(60);

fn most_in_a_minute(sent: &[Instant]) -> usize {
    let from = |first: &Instant| {
        let within = sent
            .iter()
            .filter(|at| *at >= first && **at < *first + MINUTE);
        within.count()
    };
    sent.iter().map(from).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn requests_a_minute_are_kept_and_the_wait_is_the_attempts() {
    let backend = Scripted::new(|_, _, _| Fate::ok(50));
    let live = live(150, &["m"], &[("m", Arc::clone(&backend) as _)]);
    let limits = BackendLimits {
        requests_per_minute: Some(60),
        ..rules()
    };
    let (summary, trials, _) = run(limited(live, limits), Stop::never()).await;
    assert_eq!((summary.end, trials.len()), (RunEnd::Completed, 150));
    assert!(most_in_a_minute(&backend.sent()) <= 60);
    let lasted = *backend.sent().last().unwrap() - backend.sent()[0];
    assert!(lasted < 3 * MINUTE, "the limit is used: {lasted:?}");
    let wait = |t: &Trial| t.attempts[0].sent_ms.unwrap() - t.attempts[0].intended_ms.unwrap();
    assert!(trials.iter().filter(|t| wait(t) > 900.0).count() > 100);
    // And it counts in the time to first token.
    assert!(trials.iter().all(|t| t.ttft_ms.unwrap() >= wait(t) + 50.0));
    assert_eq!(
        summary.limits[0].waited as usize,
        trials.iter().filter(|t| wait(t) >= 1.0).count()
    );
}

#[tokio::test(start_paused = true)]
async fn tokens_a_minute_are_reserved_at_worst_and_corrected_by_usage() {
    let backend = Scripted::new(|_, _, _| Fate::ok(50));
    let live = live(120, &["m"], &[("m", Arc::clone(&backend) as _)]);
    let limits = BackendLimits {
        // Calls use 100 tokens, and 248 at the worst.
        tokens_per_minute: Some(6_000),
        ..rules()
    };
    let (summary, trials, _) = run(limited(live, limits), Stop::never()).await;
    assert_eq!((summary.end, trials.len()), (RunEnd::Completed, 120));
    let most = most_in_a_minute(&backend.sent());
    assert!(most <= 63, "at most the limit and one call: {most}");
    let lasted = *backend.sent().last().unwrap() - backend.sent()[0];
    assert!(
        lasted < 3 * MINUTE,
        "what was not used comes back: {lasted:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_for_the_whole_backend() {
    let backend = Scripted::new(|n, _, _| match n {
        0 => Fate {
            retry_after: Some(Duration::from_secs(30)),
            ..Fate::failed(10, AttemptErrorKind::RateLimited, Some(429))
        },
        _ => Fate::ok(100),
    });
    let mut live = live(40, &["m"], &[("m", Arc::clone(&backend) as _)]);
    live.settings.concurrency = 4;
    let (summary, trials, _) = run(limited(live, rules()), Stop::never()).await;
    assert_eq!((summary.end, trials.len()), (RunEnd::Completed, 40));
    let sent = backend.sent();
    let since = |at: &Instant| (*at - sent[0]).as_secs_f64();
    // Four were under way; the fifth waits for the pause of the first.
    assert!(sent.iter().all(|at| since(at) < 0.01 || since(at) >= 30.0));
    assert_eq!(
        (summary.limits[0].pauses, summary.limits[0].refusals),
        (1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_an_hour_is_not_waited_for() {
    let backend = Scripted::new(|_, _, _| Fate {
        retry_after: Some(Duration::from_secs(3_600)),
        ..Fate::failed(10, AttemptErrorKind::RateLimited, Some(429))
    });
    let mut live = live(20, &["m"], &[("m", Arc::clone(&backend) as _)]);
    live.settings.concurrency = 1;
    let start = Instant::now();
    let (_, trials, _) = run(limited(live, rules()), Stop::never()).await;
    assert!(start.elapsed() < MINUTE);
    assert_eq!(backend.sent().len(), 1);
    let error = trials[5].attempts[0].error.as_ref().unwrap();
    assert_eq!(error.kind, AttemptErrorKind::CircuitOpen);
    assert!(
        error.message.contains("left alone for another 3600 s"),
        "{}",
        error.message
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_headers_say_is_left_is_not_overdrawn() {
    // A server that counts: 20 calls in any minute, told in every answer.
    let backend = Scripted::new(|_, _, since| Fate {
        said: Some(ServerSaid {
            requests: Quota {
                limit: Some(20),
                remaining: Some(if since < MINUTE { 5 } else { 20 }),
                reset_ms: Some(60_000.0 - (since.as_millis() % 60_000) as f64),
            },
            ..ServerSaid::default()
        }),
        ..Fate::ok(100)
    });
    let mut live = live(30, &["m"], &[("m", Arc::clone(&backend) as _)]);
    live.settings.concurrency = 2;
    let (summary, _, _) = run(limited(live, rules()), Stop::never()).await;
    assert_eq!(summary.end, RunEnd::Completed);
    let sent = backend.sent();
    let at = |n: usize| (sent[n] - sent[0]).as_secs_f64();
    assert!(at(5) < 1.0, "what is left is used: {}", at(5));
    assert!(summary.limits.is_empty() || at(29) >= 1.0);
}

#[tokio::test(start_paused = true)]
async fn calls_at_once_adapt_to_a_server_that_refuses() {
    // It serves four at once and refuses more.
    let backend = Scripted::new(|_, at_once, _| match at_once {
        0..=4 => Fate::ok(200),
        _ => Fate::failed(5, AttemptErrorKind::RateLimited, Some(429)),
    });
    let mut live = live(400, &["m"], &[("m", Arc::clone(&backend) as _)]);
    live.settings.concurrency = 32;
    live.settings.retry.max_retries = 20;
    live.settings.retry.ratio = 10.0;
    let (summary, trials, _) = run(limited(live, rules()), Stop::never()).await;
    assert!(trials.iter().all(|t| t.attempts.last().unwrap().is_ok()));
    let facts = &summary.limits[0];
    assert!(
        facts.cuts >= 2 && facts.fewest_at_once.unwrap() <= 4,
        "{facts:?}"
    );
    // Without adapting every second call and more would be refused.
    assert!(facts.refusals < 150, "{facts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_fixed_number_at_once_is_never_passed() {
    let backend = Scripted::new(|n, _, _| Fate::ok(10 + n as u64 % 7));
    let mut live = live(100, &["m"], &[("m", Arc::clone(&backend) as _)]);
    live.settings.concurrency = 50;
    let limits = BackendLimits {
        max_concurrency: Some(3),
        ..rules()
    };
    run(limited(live, limits), Stop::never()).await;
    assert_eq!(backend.most_at_once(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_lets_the_fallback_go_on_and_finds_the_backend_again() {
    // Down for ten seconds, and slow to say so.
    let broken = Scripted::new(|_, _, since| match since.as_secs() {
        0..10 => Fate::failed(400, AttemptErrorKind::Server, Some(503)),
        _ => Fate::ok(100),
    });
    let other = Scripted::new(|_, _, _| Fate::ok(100));
    let backends = [
        ("m", Arc::clone(&broken) as _),
        ("other", Arc::clone(&other) as _),
    ];
    let mut live = live(200, &["m", "other"], &backends);
    live.settings.concurrency = 1;
    live.settings.retry.max_retries = 0;
    let limits = BackendLimits {
        breaker: Some(BreakerRule {
            failures: 3,
            open: Duration::from_secs(4),
        }),
        ..rules()
    };
    let (summary, trials, _) = run(limited(live, limits), Stop::never()).await;
    assert!(trials.iter().all(|t| t.attempts.last().unwrap().is_ok()));
    let open = |t: &&Trial| {
        let error = t.attempts[0].error.as_ref();
        error.is_some_and(|e| e.kind == AttemptErrorKind::CircuitOpen)
    };
    // Three failures, and probes at about 5.5 s and 10 s: only few calls find out the hard way.
    let failed = trials
        .iter()
        .flat_map(|t| &t.attempts)
        .filter(|a| (a.error.as_ref()).is_some_and(|e| e.kind == AttemptErrorKind::Server));
    assert_eq!(failed.count(), 5);
    let spared = trials.iter().filter(open);
    assert!(spared.count() > 50);
    assert!(
        trials
            .iter()
            .filter(open)
            .all(|t| t.attempts[0].end_ms.unwrap() < 1.0)
    );
    assert!(
        trials
            .iter()
            .filter(open)
            .all(|t| t.attempts[0].cost.total_usd == 0.0)
    );
    assert_eq!(
        trials.last().unwrap().model.as_deref(),
        Some("m"),
        "it is found again"
    );
    assert_eq!(summary.limits[0].openings, 3);
    let unsent = trials
        .iter()
        .flat_map(|t| &t.attempts)
        .filter(|a| !a.is_sent())
        .count();
    let all: usize = trials.iter().map(|t| t.attempts.len()).sum();
    assert_eq!(
        summary.progress.calls as usize,
        all - unsent,
        "what is not sent is no call"
    );
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_run_ends_waits_for_limits_and_back_offs() {
    let slow = BackendLimits {
        requests_per_minute: Some(1),
        ..rules()
    };
    for limits in [slow, rules()] {
        let backend = Scripted::new(|_, _, _| Fate {
            retry_after: Some(Duration::from_secs(100)),
            ..Fate::failed(10, AttemptErrorKind::RateLimited, Some(429))
        });
        let mut live = live(10, &["m"], &[("m", backend as _)]);
        live.settings.budget.max_time = Some(Duration::from_secs(20));
        let start = Instant::now();
        let (summary, trials, _) = run(limited(live, limits), Stop::never()).await;
        assert_eq!(summary.end, RunEnd::Budget(BudgetLimit::Time));
        assert!(trials.is_empty());
        let lasted = start.elapsed();
        assert!(
            lasted >= Duration::from_secs(20) && lasted < Duration::from_secs(21),
            "{lasted:?}"
        );
    }
}
