//! Replays of real policies over recorded outcomes.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use weighbridge_datasets::{Outcome, OutcomeStore, Sample, Score, Target};
use weighbridge_engine::{Batch, NamedPolicy, PriceBook, Replay, ReplayError};
use weighbridge_policies::{Decision, Needs, Observed, Policy, Request, Session, Step};
use weighbridge_record::{AttemptErrorKind, Price, TokenSource, Trial};

/// A policy given by a function of the request, its own counter and the attempts.
struct Scripted<F>(Needs, Mutex<u64>, F);

impl<F> Policy for Scripted<F>
where
    F: Fn(&Request<'_>, u64, &[Observed<'_>]) -> Decision + Send + Sync + Copy + 'static,
{
    fn needs(&self) -> Needs {
        self.0
    }

    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        let count = *self.1.lock().unwrap();
        Box::new(Walk(request, count, self.2))
    }

    fn settle(&self, _: Request<'_>, accepted: Option<Observed<'_>>, _: f64) {
        *self.1.lock().unwrap() += u64::from(accepted.is_some());
    }

    fn fresh(&self) -> Option<Arc<dyn Policy>> {
        Some(Arc::new(Self(self.0, Mutex::new(0), self.2)))
    }
}

struct Walk<'a, F>(Request<'a>, u64, F);

impl<F: Fn(&Request<'_>, u64, &[Observed<'_>]) -> Decision + Send> Session for Walk<'_, F> {
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision {
        (self.2)(&self.0, self.1, seen)
    }
}

fn policy<F>(name: &str, needs: Needs, script: F) -> NamedPolicy
where
    F: Fn(&Request<'_>, u64, &[Observed<'_>]) -> Decision + Send + Sync + Copy + 'static,
{
    (
        name.into(),
        Arc::new(Scripted(needs, Mutex::new(0), script)),
    )
}

fn call(model: &str) -> Decision {
    Decision::new(Step::Call(model.into()), "")
}

fn weak(_: &Request<'_>, _: u64, seen: &[Observed<'_>]) -> Decision {
    match seen.len() {
        0 => call("weak"),
        _ => Decision::accept(0, ""),
    }
}

/// Escalates an unsure answer; the check takes 5 ms and costs a little.
fn cascade(_: &Request<'_>, _: u64, seen: &[Observed<'_>]) -> Decision {
    let mut decision = match seen {
        [] => return call("weak"),
        [first] if first.confidence.unwrap_or(0.0) < 0.5 => call("strong"),
        [_] => Decision::accept(0, ""),
        _ => return Decision::accept(1, ""),
    };
    decision.decide_ms = Some(5.0);
    decision.decide_cost_usd = Some(0.001);
    decision
}

/// Alternates by what it settled: needs arrival order.
fn alternate(_: &Request<'_>, count: u64, seen: &[Observed<'_>]) -> Decision {
    match seen.len() {
        0 => call(if count.is_multiple_of(2) {
            "weak"
        } else {
            "strong"
        }),
        _ => Decision::accept(0, ""),
    }
}

fn ordered() -> Needs {
    Needs {
        ordered: true,
        ..Needs::default()
    }
}

fn confidence() -> Needs {
    Needs {
        confidence: true,
        ..Needs::default()
    }
}

fn world(n: usize) -> (Vec<Sample>, OutcomeStore) {
    let samples: Vec<_> = (0..n)
        .map(|i| Sample::of_prompt(format!("s{i}"), "2+2?", Target::Recorded { chance: None }))
        .collect();
    let mut store = OutcomeStore::new();
    for (i, sample) in samples.iter().enumerate() {
        for (model, ms) in [("weak", 10.0), ("strong", 40.0)] {
            let right = if model == "strong" || i % 3 > 0 {
                1.0
            } else {
                0.0
            };
            let mut outcome = Outcome::scored(&sample.id, model, Score::Value(right));
            outcome.answer = Some(format!("{model} says {i}"));
            outcome.ttft_ms = Some(ms);
            outcome.latency_ms = Some(2.0 * ms);
            outcome.confidence = Some(if i % 3 > 0 { 0.9 } else { 0.1 });
            store.push(outcome);
        }
    }
    (samples, store)
}

fn prices() -> PriceBook {
    let price = |usd| Price {
        input_per_mtok_usd: usd,
        output_per_mtok_usd: usd,
        ..Price::default()
    };
    PriceBook {
        as_of: None,
        models: BTreeMap::from([
            ("weak".to_owned(), price(1.0)),
            ("strong".to_owned(), price(10.0)),
        ]),
    }
}

fn trials(replay: Replay<'_>, policies: &[NamedPolicy]) -> Vec<Trial> {
    let mut trials = Vec::new();
    replay.run(policies, |trial| trials.push(trial));
    trials
}

#[test]
fn a_cascade_adds_up_time_and_money() {
    let (samples, store) = world(2);
    let prices = prices();
    let replay = Replay::new(&samples, &store, &prices);
    let trials = trials(replay, &[policy("cascade", confidence(), cascade)]);
    let escalated = &trials[0];
    // 20 ms for the weak answer, 5 ms for the check, then 40 ms to the first token.
    assert_eq!(escalated.ttft_ms, Some(65.0));
    assert_eq!(escalated.e2e_ms, Some(105.0));
    assert_eq!(escalated.router_ms, Some(5.0));
    assert_eq!(escalated.model.as_deref(), Some("strong"));
    assert_eq!(escalated.attempts[1].intended_ms, Some(25.0));
    // One input token and three (weak says 0) or four (strong says 0) output tokens.
    let usd = (1.0 + 3.0) * 1e-6 + (1.0 + 4.0) * 10e-6 + 0.001;
    assert!(
        (escalated.cost_usd - usd).abs() < 1e-12,
        "{}",
        escalated.cost_usd
    );
    assert_eq!(escalated.attempts[0].usage.source, TokenSource::Estimated);
    // The checked answer was held back: nobody saw a token before the check was over.
    let kept = &trials[1];
    assert_eq!((kept.ttft_ms, kept.e2e_ms), (Some(25.0), Some(25.0)));
    assert_eq!(kept.answer.as_deref(), Some("weak says 1"));
}

#[test]
fn a_router_streams_what_it_chose() {
    let (samples, store) = world(1);
    let prices = prices();
    let replay = Replay::new(&samples, &store, &prices);
    let trial = &trials(replay, &[policy("weak", Needs::default(), weak)])[0];
    assert_eq!((trial.ttft_ms, trial.e2e_ms), (Some(10.0), Some(20.0)));
    assert_eq!(trial.router_ms, None);
}

#[test]
fn a_cell_that_was_never_recorded_fails_and_is_counted() {
    let (samples, _) = world(2);
    let mut store = OutcomeStore::new();
    store.push(Outcome::scored(
        "s0",
        "weak",
        Score::Failed("timeout".into()),
    ));
    let prices = PriceBook::default();
    let replay = Replay::new(&samples, &store, &prices);
    let trials = trials(replay, &[policy("weak", Needs::default(), weak)]);
    assert_eq!(trials[0].score, Score::Failed("timeout".into()));
    let error = trials[0].attempts[0].error.as_ref().unwrap();
    assert_eq!(error.kind, AttemptErrorKind::RecordedFailure);
    let Score::Failed(reason) = &trials[1].score else {
        panic!("scored");
    };
    assert!(
        reason.starts_with("not recorded: no outcome of `weak`"),
        "{reason}"
    );
    let coverage = replay.coverage();
    assert_eq!((coverage[0].recorded, coverage[0].missing), (1, 1));
    assert_eq!(coverage[0].unpriced, 1);
}

fn batches(threads: usize, repeats: u32) -> Vec<u8> {
    let (samples, store) = world(600);
    let prices = prices();
    let policies = [
        policy("weak", Needs::default(), weak),
        policy("alternate", ordered(), alternate),
        policy("cascade", confidence(), cascade),
    ];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let replay = Replay::new(&samples, &store, &prices).repeats(repeats);
    let mut bytes = Vec::new();
    pool.build().unwrap().install(|| {
        let sink = |batch: Batch| {
            assert_eq!(batch.trials.len(), batch.line_lens.len());
            bytes.extend_from_slice(&batch.lines);
            Ok::<(), String>(())
        };
        replay.run_serialized(&policies, sink).unwrap();
    });
    bytes
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let one = batches(1, 2);
    assert_eq!(one.iter().filter(|b| **b == b'\n').count(), 600 * 3 * 2);
    assert!(one == batches(2, 2));
    assert!(one == batches(3, 2));
}

#[test]
fn ordered_policies_see_every_sample_in_turn_and_start_fresh() {
    let (samples, store) = world(600);
    let prices = prices();
    let replay = Replay::new(&samples, &store, &prices).repeats(2);
    let policies = [policy("alternate", ordered(), alternate)];
    for _ in 0..2 {
        for (i, trial) in trials(replay, &policies).iter().enumerate() {
            let position = i / 2;
            assert_eq!(&*trial.sample, samples[position].id);
            assert_eq!(trial.repeat, (i % 2) as u32);
            let model = if position.is_multiple_of(2) {
                "weak"
            } else {
                "strong"
            };
            assert_eq!(trial.model.as_deref(), Some(model));
        }
    }
}

#[test]
fn lines_read_back_as_the_trials_and_an_error_stops() {
    let (samples, store) = world(100);
    let prices = prices();
    let replay = Replay::new(&samples, &store, &prices);
    let policies = [policy("cascade", confidence(), cascade)];
    let mut seen = 0;
    let result = replay.run_serialized(&policies, |batch: Batch| {
        let lines = batch.lines.split(|b| *b == b'\n');
        for ((line, len), trial) in lines.zip(&batch.line_lens).zip(&batch.trials) {
            assert_eq!(line.len(), *len as usize);
            assert_eq!(&serde_json::from_slice::<Trial>(line).unwrap(), trial);
            seen += 1;
        }
        if seen >= 40 { Err("disk full") } else { Ok(()) }
    });
    assert!(matches!(result, Err(ReplayError::Sink("disk full"))));
    assert_eq!(seen, 64);
}

#[test]
fn a_served_answer_is_graded_on_the_new_sample() {
    let target = serde_json::from_str(r#"{"kind":"number","value":4}"#).unwrap();
    let samples = [Sample::of_prompt("a", "2+2?", target)];
    let store = OutcomeStore::new();
    let prices = PriceBook::default();
    let serve = |_: &Request<'_>, _, _: &[Observed<'_>]| {
        let mut decision = Decision::new(
            Step::Serve {
                entry: "other".to_owned(),
                answer: "It is 4.".to_owned(),
                similarity: 0.99,
            },
            "",
        );
        decision.decide_ms = Some(2.0);
        decision
    };
    let policies = [policy("cache", Needs::default(), serve)];
    let trial = &trials(Replay::new(&samples, &store, &prices), &policies)[0];
    assert_eq!(trial.score, Score::Value(1.0));
    assert_eq!((trial.ttft_ms, trial.cost_usd), (Some(2.0), 0.0));
    assert!(trial.model.is_none());
}
