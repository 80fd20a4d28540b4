//! Failure 7: warm-up, ramp and drain inside the figures. In virtual time, so that every figure is exact.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use weighbridge_datasets::{Sample, Target, Usage};
use weighbridge_engine::backend::ReplyFuture;
use weighbridge_engine::executor::{Steady, Stop, Warmup};
use weighbridge_engine::{Backend, Call, Clock, Event, Live, PriceBook, Reply, Settings};
use weighbridge_policies::{Decision, Observed, Policy, Request, Session, Step};
use weighbridge_record::{Attempt, AttemptErrorKind, Trial};

/// Calls the one model.
struct Always;

impl Policy for Always {
    fn open<'a>(&'a self, _: Request<'a>) -> Box<dyn Session + 'a> {
        Box::new(Always)
    }
}

impl Session for Always {
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision {
        match seen {
            [] => Decision::new(Step::Call("m".into()), ""),
            _ => Decision::accept(0, ""),
        }
    }
}

/// A server whose first requests come as a herd: each of them waits long for its first token.
struct Herd {
    slow: usize,
    seen: AtomicUsize,
    fails: bool,
}

const SLOW_MS: u64 = 400;
const PLACES: usize = 4;

impl Backend for Herd {
    fn send<'a>(&'a self, call: Call<'a>, clock: Clock) -> ReplyFuture<'a> {
        Box::pin(async move {
            let number = self.seen.fetch_add(1, Ordering::SeqCst);
            // 10 to 12 ms; the places do not end together.
            let usual = 10 + (number * 7 % 3) as u64;
            let wait = if number < self.slow { SLOW_MS } else { usual };
            tokio::time::sleep(Duration::from_millis(wait)).await;
            let mut attempt = Attempt::new(call.model.clone());
            attempt.end_ms = Some(clock.now_ms());
            if self.fails {
                return Reply::failed(attempt, AttemptErrorKind::Empty, "nothing");
            }
            attempt.first_token_ms = Some(clock.now_ms());
            // Four more tokens in 8 ms.
            tokio::time::sleep(Duration::from_millis(8)).await;
            attempt.last_token_ms = Some(clock.now_ms());
            attempt.end_ms = Some(clock.now_ms());
            attempt.usage = Usage {
                output_tokens: Some(5),
                ..Usage::default()
            };
            Reply::answered(attempt, "whatever")
        })
    }

    fn dialect(&self) -> &'static str {
        "herd"
    }
}

/// `n` trials in four places, of which the first `warmup` are the warm-up.
async fn run(server: Herd, n: usize, warmup: u64) -> (Option<Steady>, Vec<Trial>) {
    let samples = (0..n).map(|i| Sample::of_prompt(format!("s{i:04}"), "q", Target::Answered));
    let live = Live {
        samples: samples.collect(),
        policies: vec![("p".into(), Arc::new(Always) as Arc<dyn Policy>)],
        backends: BTreeMap::from([("m".into(), Arc::new(server) as Arc<dyn Backend>)]),
        prices: PriceBook::default(),
        settings: Settings {
            concurrency: PLACES,
            warmup: Warmup {
                trials: warmup,
                time: Duration::ZERO,
            },
            ..Settings::default()
        },
        done: BTreeSet::new(),
    };
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
    let (summary, trials) = tokio::join!(live.run(Stop::never(), sender), collect);
    assert_eq!(trials.len(), n);
    (summary.validity.steady, trials)
}

fn herd(slow: usize) -> Herd {
    Herd {
        slow,
        seen: AtomicUsize::new(0),
        fails: false,
    }
}

#[tokio::test(start_paused = true)]
async fn failure_7_a_herd_in_the_warmup_leaves_the_steady_state_untouched() {
    let (steady, _) = run(herd(20), 220, 24).await;
    let steady = steady.unwrap();
    assert_eq!(steady.trials, 196);
    assert!(steady.ttft_p99_ms.unwrap() <= 13.0, "{steady:?}");
    assert_eq!(steady.drift, None);
    // Four places, five tokens in about 19 ms each: tokens of the warm-up do not count, nor do those
    // that came when places were empty.
    let rate = steady.output_tokens_per_s.unwrap();
    assert!((1_000.0..1_120.0).contains(&rate), "{rate}");
}

#[tokio::test(start_paused = true)]
async fn failure_7_a_herd_without_a_warmup_is_told_with_its_place() {
    let (steady, trials) = run(herd(20), 220, 0).await;
    let steady = steady.unwrap();
    assert!(steady.ttft_p99_ms.unwrap() >= SLOW_MS as f64, "{steady:?}");
    let drift = steady.drift.unwrap();
    let slow = trials
        .iter()
        .filter(|t| t.ttft_ms.unwrap() >= SLOW_MS as f64);
    let last = slow.map(|t| t.start_ms.unwrap()).fold(0.0, f64::max);
    let later = trials.iter().map(|t| t.start_ms.unwrap());
    let next = later.filter(|at| *at > last).fold(f64::INFINITY, f64::min);
    assert_eq!(drift.at_ms, next, "the last slow one started at {last}");
    assert!(
        drift.before_ms >= SLOW_MS as f64 && drift.after_ms < 13.0,
        "{drift:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn failure_7_places_are_handed_over_from_the_warmup_without_draining() {
    let (steady, trials) = run(herd(0), 120, 40).await;
    let counted = trials.iter().filter(|t| !t.is_warmup());
    let first = counted
        .map(|t| t.start_ms.unwrap())
        .fold(f64::INFINITY, f64::min);
    let under_way = trials.iter().filter(|t| {
        let start = t.start_ms.unwrap();
        t.is_warmup() && start < first && start + t.e2e_ms.unwrap() > first
    });
    assert_eq!(
        under_way.count(),
        PLACES - 1,
        "a place was empty at {first}"
    );
    assert_eq!(steady.unwrap().from_ms, first);
}

#[tokio::test(start_paused = true)]
async fn a_run_of_nothing_but_warmup_failures_or_one_trial_claims_nothing() {
    let (steady, _) = run(herd(0), 30, 1_000).await;
    assert_eq!(steady, None, "there is no steady state in a warm-up");
    let failing = Herd {
        fails: true,
        ..herd(0)
    };
    let (steady, _) = run(failing, 60, 0).await;
    let steady = steady.unwrap();
    assert_eq!((steady.ttft_p50_ms, steady.ttft_p99_ms), (None, None));
    assert_eq!((steady.output_tokens_per_s, steady.drift), (None, None));
    let (steady, _) = run(herd(0), 1, 0).await;
    assert_eq!(steady, None, "one trial never fills four places");
}
