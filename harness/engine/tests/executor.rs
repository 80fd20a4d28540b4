//! Live runs in virtual time, over backends in memory.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use weighbridge_datasets::{OutcomeStore, Sample};
use weighbridge_engine::backend::ReplyFuture;
use weighbridge_engine::executor::{Budget, BudgetLimit, Stop, TrialKey};
use weighbridge_engine::{
    Backend, Call, Clock, Event, Live, LiveSummary, NamedPolicy, PriceBook, Replay, Reply, RunEnd,
    Settings, outcome_of,
};
use weighbridge_policies::{Decision, Needs, Observed, Policy, Request, Session, Step};
use weighbridge_record::{Attempt, AttemptErrorKind, Price, Score, Trial, Usage};

/// Calls models in turn until one answers with the wanted text.
struct Cascade(Vec<&'static str>);
struct Walk<'a>(&'a [&'static str]);

impl Policy for Cascade {
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
            (Some(last), Some(_)) if last.answer == Some("4") => {
                let mut decision = Decision::accept(seen.len() - 1, "right");
                decision.decide_ms = Some(7.0);
                decision
            }
            (_, Some(model)) => Decision::new(Step::Call((*model).into()), ""),
            (_, None) => Decision::accept(seen.len() - 1, "last"),
        }
    }
}

/// Answers after a time; a script of failures comes first.
struct Slow {
    answer: &'static str,
    ms: u64,
    failures: Vec<(AttemptErrorKind, Option<Duration>)>,
    calls: AtomicU32,
    salts: Mutex<BTreeSet<Option<String>>>,
}

impl Slow {
    fn new(answer: &'static str, ms: u64) -> Self {
        Self {
            answer,
            ms,
            failures: Vec::new(),
            calls: AtomicU32::new(0),
            salts: Mutex::default(),
        }
    }
}

impl Backend for Slow {
    fn send<'a>(&'a self, call: Call<'a>, clock: Clock) -> ReplyFuture<'a> {
        Box::pin(async move {
            let n = self.calls.fetch_add(1, Ordering::SeqCst) as usize;
            self.salts
                .lock()
                .unwrap()
                .insert(call.cache_salt.map(str::to_owned));
            let mut attempt = Attempt::new(call.model.clone());
            attempt.try_number = call.try_number;
            attempt.intended_ms = Some(clock.now_ms());
            tokio::time::sleep(Duration::from_millis(self.ms)).await;
            attempt.first_token_ms = Some(clock.now_ms());
            attempt.end_ms = Some(clock.now_ms());
            attempt.usage = Usage {
                input_tokens: Some(0),
                output_tokens: Some(1_000),
                ..Usage::default()
            };
            match self.failures.get(n) {
                Some((kind, retry_after)) => {
                    attempt.first_token_ms = None;
                    let mut reply = Reply::failed(attempt, *kind, "scripted");
                    reply.retry_after = *retry_after;
                    reply
                }
                None => Reply::answered(attempt, self.answer),
            }
        })
    }

    fn dialect(&self) -> &'static str {
        "slow"
    }
}

fn samples(n: usize) -> Arc<[Sample]> {
    let target: weighbridge_datasets::Target =
        serde_json::from_str(r#"{"kind":"number","value":4}"#).unwrap();
    let sample = |i| {
        let mut sample = Sample::of_prompt(format!("s{i}"), "2+2?", target.clone());
        sample.max_output_tokens = Some(1_000);
        sample
    };
    (0..n).map(sample).collect()
}

fn live(n: usize, policies: Vec<NamedPolicy>, backends: &[(&str, Arc<Slow>)]) -> Live {
    let price = Price {
        output_per_mtok_usd: 1_000.0,
        ..Price::default()
    };
    let mut by_name = BTreeMap::<Arc<str>, Arc<dyn Backend>>::new();
    let mut prices = PriceBook::default();
    for (name, backend) in backends {
        by_name.insert((*name).into(), Arc::clone(backend) as Arc<dyn Backend>);
        prices.models.insert((*name).to_owned(), price);
    }
    Live {
        samples: samples(n),
        policies,
        backends: by_name,
        prices,
        settings: Settings::default(),
        done: BTreeSet::new(),
    }
}

fn policy(name: &str, models: &[&'static str]) -> NamedPolicy {
    (name.into(), Arc::new(Cascade(models.to_vec())))
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

#[tokio::test(start_paused = true)]
async fn a_cascade_adds_up_in_real_time() {
    let (weak, strong) = (Slow::new("5", 100), Slow::new("4", 300));
    let backends = [("weak", Arc::new(weak)), ("strong", Arc::new(strong))];
    let policies = vec![policy("cascade", &["weak", "strong", "never"])];
    let (summary, trials, _) = run(live(1, policies, &backends), Stop::never()).await;
    assert_eq!(summary.end, RunEnd::Completed);
    let trial = &trials[0];
    assert_eq!(trial.score, Score::Value(1.0));
    assert_eq!(trial.accepted(), Some(1));
    // 100 ms, 300 ms, and 7 ms for a check that production would make.
    assert_eq!(trial.ttft_ms.unwrap().round(), 407.0);
    assert_eq!(trial.router_ms.unwrap().round(), 7.0);
    assert_eq!(trial.attempts[0].answer.as_deref(), Some("5"));
    assert_eq!(trial.attempts[1].answer, None);
    assert!((trial.cost_usd - 2.0).abs() < 1e-9);
    assert!(outcome_of(trial).is_none());
}

#[tokio::test(start_paused = true)]
async fn retries_are_attempts_and_hidden_from_the_policy() {
    let mut weak = Slow::new("5", 10);
    let wait = Duration::from_secs(20);
    weak.failures = vec![
        (AttemptErrorKind::RateLimited, Some(wait)),
        (AttemptErrorKind::Server, None),
    ];
    let backends = [
        ("weak", Arc::new(weak)),
        ("strong", Arc::new(Slow::new("4", 10))),
    ];
    let policies = vec![policy("cascade", &["weak", "strong"])];
    let (_, trials, events) = run(live(1, policies, &backends), Stop::never()).await;
    let trial = &trials[0];
    let tries: Vec<_> = trial.attempts.iter().map(|a| a.try_number).collect();
    assert_eq!(tries, [0, 1, 2, 0]);
    assert_eq!(trial.accepted(), Some(3));
    assert_eq!(trial.model.as_deref(), Some("strong"));
    assert!(trial.attempts[1].intended_ms.unwrap() >= 20_000.0);
    assert_eq!(trial.attempts[0].cost.total_usd, 0.0);
    let retries = events.iter().filter(|e| matches!(e, Event::Retry { .. }));
    assert_eq!(retries.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_retried_and_fails_with_its_class() {
    let mut weak = Slow::new("4", 10);
    weak.failures = vec![(AttemptErrorKind::Rejected, None)];
    let backends = [("weak", Arc::new(weak))];
    let policies = vec![policy("weak", &["weak"])];
    let (_, trials, _) = run(live(1, policies, &backends), Stop::never()).await;
    assert_eq!(trials[0].score, Score::Failed("rejected: scripted".into()));
    assert_eq!(trials[0].attempts.len(), 1);
    assert_eq!(trials[0].model, None);
}

#[tokio::test(start_paused = true)]
async fn the_budget_holds_with_calls_under_way_and_the_run_resumes() {
    let backends = [("weak", Arc::new(Slow::new("4", 10)))];
    let policies = || vec![policy("weak", &["weak"])];
    let mut first = live(20, policies(), &backends);
    // Each call costs 1 USD and can cost no more.
    first.settings.budget.max_cost_usd = Some(5.5);
    let (summary, trials, events) = run(first, Stop::never()).await;
    assert_eq!(summary.end, RunEnd::Budget(BudgetLimit::Cost));
    assert_eq!(trials.len(), 5);
    let reached = events
        .iter()
        .filter(|e| matches!(e, Event::BudgetReached(_)));
    assert_eq!(reached.count(), 1);
    let mut second = live(20, policies(), &backends);
    let key = |t: &Trial| -> TrialKey { (t.sample.clone(), t.policy.clone(), t.repeat) };
    second.done = trials.iter().map(key).collect();
    second.settings.budget = Budget {
        max_calls: Some(25),
        spent_calls: 5,
        ..Budget::default()
    };
    let (summary, rest, _) = run(second, Stop::never()).await;
    assert_eq!(summary.end, RunEnd::Completed);
    assert_eq!((rest.len(), summary.progress.done), (15, 20));
    assert!(
        rest.iter()
            .all(|t| !trials.iter().any(|d| key(d) == key(t)))
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_trials_end_or_aborts_them_after_the_grace_time() {
    for (ms, finished) in [(5_000, 2), (60_000, 0)] {
        let backends = [("weak", Arc::new(Slow::new("4", ms)))];
        let mut live = live(10, vec![policy("weak", &["weak"])], &backends);
        live.settings.concurrency = 2;
        live.settings.grace = Duration::from_secs(30);
        let (handle, stop) = Stop::pair();
        let stopper = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            handle.stop();
        };
        let ((summary, trials, _), ()) = tokio::join!(run(live, stop), stopper);
        assert_eq!(summary.end, RunEnd::Interrupted);
        assert_eq!(trials.len(), finished);
        assert_eq!(summary.validity.max_in_flight, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn enough_lets_paid_trials_end_in_their_own_time() {
    let backends = [("weak", Arc::new(Slow::new("4", 60_000)))];
    let mut live = live(10, vec![policy("weak", &["weak"])], &backends);
    live.settings.concurrency = 3;
    live.settings.grace = Duration::from_secs(30);
    let (handle, stop) = Stop::pair();
    let stopper = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        handle.enough();
    };
    let ((summary, trials, _), ()) = tokio::join!(run(live, stop), stopper);
    assert_eq!(summary.end, RunEnd::Enough);
    assert_eq!(trials.len(), 3);
    assert_eq!(backends[0].1.calls.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_on_top_of_enough_still_has_its_grace_time() {
    let backends = [("weak", Arc::new(Slow::new("4", 600_000)))];
    let mut live = live(10, vec![policy("weak", &["weak"])], &backends);
    live.settings.grace = Duration::from_secs(30);
    let (handle, stop) = Stop::pair();
    let stopper = async {
        handle.enough();
        tokio::time::sleep(Duration::from_secs(1)).await;
        handle.stop();
        handle.enough();
    };
    let start = tokio::time::Instant::now();
    let ((_, trials, _), ()) = tokio::join!(run(live, stop), stopper);
    assert!(trials.is_empty());
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn nobody_reading_ends_the_run() {
    let backends = [("weak", Arc::new(Slow::new("4", 10)))];
    let live = live(1000, vec![policy("weak", &["weak"])], &backends);
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    let summary = live.run(Stop::never(), sender).await;
    assert_eq!(summary.end, RunEnd::Interrupted);
    assert!(backends[0].1.calls.load(Ordering::SeqCst) < 20);
}

#[tokio::test(start_paused = true)]
async fn each_policy_can_have_a_cache_of_its_own() {
    let backend = Arc::new(Slow::new("4", 10));
    let backends = [("weak", Arc::clone(&backend))];
    let policies = vec![policy("a", &["weak"]), policy("b", &["weak"])];
    let mut live = live(3, policies, &backends);
    live.settings.isolate_cache = true;
    run(live, Stop::never()).await;
    assert_eq!(backend.salts.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_model_without_backend_fails_the_trial() {
    let live = live(1, vec![policy("weak", &["weak"])], &[]);
    let (_, trials, _) = run(live, Stop::never()).await;
    let Score::Failed(reason) = &trials[0].score else {
        panic!("scored");
    };
    assert!(reason.contains("`weak`, which has no backend"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn what_was_recorded_live_replays_alike() {
    let backends = [
        ("weak", Arc::new(Slow::new("5", 100))),
        ("strong", Arc::new(Slow::new("4", 300))),
    ];
    let policies = vec![policy("weak", &["weak"]), policy("strong", &["strong"])];
    let (_, trials, _) = run(live(3, policies, &backends), Stop::never()).await;
    let mut store = OutcomeStore::new();
    for outcome in trials.iter().filter_map(outcome_of) {
        store.push(outcome);
    }
    assert_eq!(store.len(), 6);
    let (samples, prices) = (samples(3), PriceBook::default());
    let cascade = [policy("cascade", &["weak", "strong"])];
    let mut replayed = Vec::new();
    Replay::new(&samples, &store, &prices).run(&cascade, |trial| replayed.push(trial));
    assert_eq!(replayed.len(), 3);
    assert_eq!(replayed[0].score, Score::Value(1.0));
    assert_eq!(replayed[0].e2e_ms.unwrap().round(), 400.0);
    assert!((replayed[0].cost_usd - 2.0).abs() < 1e-9);
}
