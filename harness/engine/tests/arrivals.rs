//! Runs on a schedule in virtual time: what is measured, what is sent, what a stop leaves.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use weighbridge_datasets::{Sample, Target};
use weighbridge_engine::arrivals::{Arrivals, Gaps, OpenLoop, Think};
use weighbridge_engine::backend::ReplyFuture;
use weighbridge_engine::executor::{Budget, BudgetLimit, ClientLimits, Pacing, Stop, Warmup};
use weighbridge_engine::{
    Backend, Call, Clock, Event, Live, LiveSummary, PriceBook, Reply, RunEnd, Settings,
};
use weighbridge_policies::{Decision, Needs, Observed, Policy, Request, Session, Step};
use weighbridge_record::{Attempt, Trial};

/// Calls the one model.
struct Always;

impl Policy for Always {
    fn needs(&self) -> Needs {
        Needs::default()
    }

    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        assert_ne!(request.id, "poison", "a policy with a bug");
        Box::new(Walk)
    }
}

struct Walk;

impl Session for Walk {
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision {
        match seen {
            [] => Decision::new(Step::Call("m".into()), ""),
            _ => Decision::accept(0, ""),
        }
    }
}

/// First token 10 ms after the request, except that requests of a stretch of time wait for its end.
struct Server {
    started: Clock,
    stall_ms: (f64, f64),
    now: AtomicUsize,
    most: AtomicUsize,
    /// Sample and time of each request.
    seen: Mutex<Vec<(String, f64)>>,
}

impl Server {
    fn new(stall_ms: (f64, f64)) -> Arc<Self> {
        Arc::new(Self {
            started: Clock::start(),
            stall_ms,
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            seen: Mutex::default(),
        })
    }
}

impl Backend for Server {
    fn send<'a>(&'a self, call: Call<'a>, clock: Clock) -> ReplyFuture<'a> {
        Box::pin(async move {
            let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            let at_ms = self.started.now_ms();
            self.seen
                .lock()
                .unwrap()
                .push((call.sample.to_owned(), at_ms));
            let (from, to) = self.stall_ms;
            let wait_ms = if (from..to).contains(&at_ms) {
                to - at_ms
            } else {
                0.0
            };
            tokio::time::sleep(Duration::from_secs_f64((wait_ms + 10.0) / 1e3)).await;
            let mut attempt = Attempt::new(call.model.clone());
            attempt.first_token_ms = Some(clock.now_ms());
            attempt.end_ms = Some(clock.now_ms());
            self.now.fetch_sub(1, Ordering::SeqCst);
            Reply::answered(attempt, "whatever")
        })
    }

    fn dialect(&self) -> &'static str {
        "stalling"
    }
}

fn samples(n: usize) -> Vec<Sample> {
    (0..n)
        .map(|i| Sample::of_prompt(format!("s{i:04}"), "q", Target::Answered))
        .collect()
}

fn open_loop(arrivals: Arrivals) -> Settings {
    Settings {
        open_loop: Some(OpenLoop {
            arrivals,
            max_in_flight: None,
        }),
        client: ClientLimits::open_loop(),
        pacing: Pacing::Runtime,
        ..Settings::default()
    }
}

fn live(samples: Vec<Sample>, server: &Arc<Server>, settings: Settings) -> Live {
    let backend: Arc<dyn Backend> = server.clone();
    Live {
        samples: samples.into(),
        policies: vec![("p".into(), Arc::new(Always) as Arc<dyn Policy>)],
        backends: BTreeMap::from([("m".into(), backend)]),
        prices: PriceBook::default(),
        settings,
        done: BTreeSet::new(),
    }
}

async fn finished(live: Live, stop: Stop) -> (LiveSummary, Vec<Trial>) {
    let (sender, mut receiver) = mpsc::channel(16);
    let collect = async {
        let mut trials = Vec::new();
        while let Some(event) = receiver.recv().await {
            if let Event::TrialDone(trial) = event {
                trials.push(*trial);
            }
        }
        trials
    };
    tokio::join!(live.run(stop, sender), collect)
}

fn p99(trials: &[Trial]) -> f64 {
    let mut times: Vec<f64> = trials.iter().filter_map(|t| t.ttft_ms).collect();
    times.sort_by(f64::total_cmp);
    times[(0.99 * times.len() as f64).ceil() as usize - 1]
}

/// What a 2 s stall does to requests 10 ms apart, each of which waits for its end: the 99th percentile of
/// the times to first token of 1,500 requests.
fn truth() -> f64 {
    let mut times: Vec<f64> = (1..=1_500)
        .map(|i| 10.0 * f64::from(i))
        .map(|at| {
            if (5_000.0..7_000.0).contains(&at) {
                7_010.0 - at
            } else {
                10.0
            }
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[1_484]
}

#[tokio::test(start_paused = true)]
async fn a_stall_of_two_seconds_is_seen_by_every_request_that_was_due_in_it() {
    let server = Server::new((5_000.0, 7_000.0));
    let settings = open_loop(Arrivals::steady(100.0, Gaps::Constant));
    let (summary, trials) = finished(live(samples(1_500), &server, settings), Stop::never()).await;
    assert_eq!((summary.end, trials.len()), (RunEnd::Completed, 1_500));
    let (seen, truth) = (p99(&trials), truth());
    assert!((seen / truth - 1.0).abs() < 0.02, "{seen} for {truth}");
    assert_eq!(
        server.most.load(Ordering::SeqCst),
        summary.validity.max_in_flight
    );
    assert!(summary.validity.max_in_flight >= 200);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_trials_under_way_hides_nothing() {
    let server = Server::new((5_000.0, 7_000.0));
    let mut settings = open_loop(Arrivals::steady(100.0, Gaps::Constant));
    settings.open_loop.as_mut().unwrap().max_in_flight = Some(8);
    let (summary, trials) = finished(live(samples(1_500), &server, settings), Stop::never()).await;
    assert_eq!(server.most.load(Ordering::SeqCst), 8);
    // Those that wait for a place wait for the stall and for each other.
    assert!(p99(&trials) >= 0.98 * truth(), "{}", p99(&trials));
    let queue = |t: &Trial| t.arrival.and_then(|a| a.queue_ms).unwrap();
    let longest = trials.iter().map(queue).fold(0.0, f64::max);
    assert!((1_800.0..2_300.0).contains(&longest), "{longest}");
    for trial in &trials {
        assert!(queue(trial) <= trial.ttft_ms.unwrap());
    }
    // Waiting for a place is no fault of the client: the load was sent when it was due.
    let pace = summary.validity.pace.unwrap();
    assert!(pace.queue_p99_ms > 1_000.0, "{pace:?}");
    assert!(
        summary
            .validity
            .problems
            .iter()
            .all(|p| !p.contains("were due"))
    );
}

#[tokio::test(start_paused = true)]
async fn requests_are_sent_at_the_scheduled_instants_whatever_the_answers_take() {
    let server = Server::new((0.0, 60_000.0));
    let arrivals = Arrivals::steady(50.0, Gaps::Exponential);
    let wanted = arrivals.schedule(400, 0);
    let (summary, trials) = finished(
        live(samples(400), &server, open_loop(arrivals)),
        Stop::never(),
    )
    .await;
    assert_eq!(trials.len(), 400);
    let mut starts: Vec<f64> = trials.iter().map(|t| t.start_ms.unwrap()).collect();
    starts.sort_by(f64::total_cmp);
    let lead = starts[0] - wanted.at_ms()[0];
    for (start, at) in starts.iter().zip(wanted.at_ms()) {
        assert!((start - at - lead).abs() < 1e-3, "{start} for {at}");
    }
    let pace = summary.validity.pace.unwrap();
    assert_eq!((pace.sent, pace.schedule_hash), (400, wanted.hash()));
    assert!((pace.cv_sent - wanted.cv()).abs() < 0.05);
}

#[tokio::test(start_paused = true)]
async fn turns_wait_for_the_answer_before_and_the_time_to_think() {
    let server = Server::new((0.0, 0.0));
    let mut turns = samples(30);
    for (i, sample) in turns.iter_mut().enumerate() {
        sample.cluster = Some(format!("c{}", i % 10));
    }
    for open in [true, false] {
        let settings = Settings {
            open_loop: open.then(|| OpenLoop {
                arrivals: Arrivals::steady(5.0, Gaps::Constant),
                max_in_flight: None,
            }),
            think: Some(Think::Constant { mean_s: 3.0 }),
            concurrency: 4,
            pacing: Pacing::Runtime,
            ..Settings::default()
        };
        let (summary, trials) =
            finished(live(turns.clone(), &server, settings), Stop::never()).await;
        assert_eq!((summary.end, trials.len()), (RunEnd::Completed, 30));
        let start = |i: usize| {
            let name = format!("s{i:04}");
            let trial = trials.iter().find(|t| *t.sample == *name).unwrap();
            (trial.start_ms.unwrap(), trial.e2e_ms.unwrap())
        };
        for first in 0..10 {
            for turn in [first, first + 10] {
                let ((at, took), (next, _)) = (start(turn), start(turn + 10));
                let pause = next - at - took;
                assert!((pause - 3_000.0).abs() < 1.0, "open {open}: {pause}");
            }
        }
        if !open {
            // Four conversations at once, and each takes 6 s of thinking: ten need three rounds.
            let last = (20..30).map(|i| start(i).0).fold(0.0, f64::max);
            assert!((18_000.0..19_000.0).contains(&last), "{last}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stopped_run_goes_on_over_the_trials_that_are_left() {
    let arrivals = Arrivals::steady(20.0, Gaps::Exponential);
    let whole = arrivals.schedule(200, 0);
    let server = Server::new((0.0, 0.0));
    let mut settings = open_loop(arrivals);
    settings.budget = Budget {
        max_calls: Some(120),
        ..Budget::default()
    };
    let (summary, first) =
        finished(live(samples(200), &server, settings.clone()), Stop::never()).await;
    assert_eq!(summary.end, RunEnd::Budget(BudgetLimit::Calls));
    assert_eq!(first.len(), 120);
    settings.budget = Budget::default();
    let mut rest = live(samples(200), &server, settings);
    let key = |t: &Trial| (t.sample.clone(), t.policy.clone(), t.repeat);
    rest.done = first.iter().map(key).collect();
    let (summary, second) = finished(rest, Stop::never()).await;
    assert_eq!((summary.end, second.len()), (RunEnd::Completed, 80));
    assert_eq!(
        summary.validity.pace.unwrap().schedule_hash,
        whole.after(120).hash()
    );
    let names: BTreeSet<_> = first.iter().chain(&second).map(key).collect();
    assert_eq!(names.len(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_stop_sends_nothing_more_and_keeps_what_is_under_way() {
    let server = Server::new((0.0, 0.0));
    let settings = open_loop(Arrivals::steady(100.0, Gaps::Constant));
    let (handle, stop) = Stop::pair();
    let run = finished(live(samples(1_000), &server, settings), stop);
    let later = async {
        tokio::time::sleep(Duration::from_millis(2_000)).await;
        handle.stop();
    };
    let ((summary, trials), ()) = tokio::join!(run, later);
    assert_eq!(summary.end, RunEnd::Interrupted);
    assert!((190..=201).contains(&trials.len()), "{}", trials.len());
    assert_eq!(server.seen.lock().unwrap().len(), trials.len());
}

#[tokio::test(start_paused = true)]
async fn what_is_still_under_way_after_the_grace_time_is_aborted() {
    let server = Server::new((0.0, 1e9));
    let mut settings = open_loop(Arrivals::steady(100.0, Gaps::Constant));
    settings.grace = Duration::from_secs(1);
    let (handle, stop) = Stop::pair();
    let run = finished(live(samples(300), &server, settings), stop);
    let later = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        handle.stop();
    };
    let ((summary, trials), ()) = tokio::join!(run, later);
    assert_eq!((summary.end, trials.len()), (RunEnd::Interrupted, 0));
    assert_eq!(summary.progress.in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn the_warmup_is_marked_and_nothing_else_is() {
    let server = Server::new((0.0, 0.0));
    let mut settings = open_loop(Arrivals::steady(100.0, Gaps::Constant));
    settings.warmup = Warmup {
        trials: 10,
        time: Duration::from_millis(500),
    };
    let (summary, trials) = finished(live(samples(200), &server, settings), Stop::never()).await;
    let warm: Vec<f64> = trials
        .iter()
        .filter(|t| t.is_warmup())
        .map(|t| t.start_ms.unwrap())
        .collect();
    // Arrivals are 10 ms apart, and the schedule starts 5 ms into the run.
    assert_eq!(warm.len(), 49, "{warm:?}");
    assert!(warm.iter().all(|at| *at < 500.0));
    assert_eq!(summary.validity.steady.unwrap().trials, 151);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_a_policy_ends_the_run_and_hangs_nothing() {
    let server = Server::new((0.0, 0.0));
    let mut poisoned = samples(100);
    poisoned[50].id = "poison".to_owned();
    let settings = open_loop(Arrivals::steady(100.0, Gaps::Constant));
    let (summary, trials) = finished(live(poisoned, &server, settings), Stop::never()).await;
    assert_eq!(summary.end, RunEnd::Panicked);
    assert!((50..60).contains(&trials.len()), "{}", trials.len());
}

/// On the real clock, with the real thread: everything is sent once, in order, and counts from its
/// intended start. How late it is depends on the machine and is not judged here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pacing_thread_sends_everything_once_in_order() {
    let server = Server::new((0.0, 0.0));
    let mut settings = open_loop(Arrivals::steady(500.0, Gaps::Exponential));
    settings.pacing = Pacing::Thread;
    let (summary, trials) = finished(live(samples(200), &server, settings), Stop::never()).await;
    assert_eq!((summary.end, trials.len()), (RunEnd::Completed, 200));
    let names: BTreeSet<_> = trials.iter().map(|t| t.sample.clone()).collect();
    assert_eq!(names.len(), 200);
    let mut by_start: Vec<_> = trials
        .iter()
        .map(|t| {
            (
                t.start_ms.unwrap(),
                t.sample.clone(),
                t.arrival.unwrap().lag_ms.unwrap(),
            )
        })
        .collect();
    by_start.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(
        by_start.is_sorted_by(|a, b| a.1 < b.1),
        "not in the order of the samples"
    );
    for (trial, (_, _, lag)) in trials.iter().zip(&by_start) {
        assert!(*lag >= 0.0 && trial.ttft_ms.unwrap() >= 10.0);
    }
}
