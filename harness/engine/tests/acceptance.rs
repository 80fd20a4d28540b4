//! What a measuring client must not get wrong, over a socket, against the embedded fleet: one test a
//! failure, each through the live executor.
//!
//! The server keeps its own marks of every request. Times are never compared with a tolerance; what is
//! checked holds on any machine: a client cannot have seen a token before the server had it, so a time
//! to the first token that is shorter than the server's own counted something else.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;
use tokio::sync::mpsc;
use weighbridge_datasets::{Sample, Target};
use weighbridge_engine::executor::{RetryRule, Stop};
use weighbridge_engine::{
    Backend, Dialect, Event, HttpBackend, HttpConfig, Live, PriceBook, RunEnd, Settings,
};
use weighbridge_mock::fault::{Fault, FaultRule};
use weighbridge_mock::{Fleet, FleetConfig, Outcome, RequestRecord, RoleChunk, serve};
use weighbridge_policies::{Decision, Observed, Policy, Request, Session, Step};
use weighbridge_record::{Attempt, AttemptErrorKind, Score, TokenSource, Trial};

const TRIALS: usize = 40;

/// Always the same model.
struct One;

impl Policy for One {
    fn open<'a>(&'a self, _: Request<'a>) -> Box<dyn Session + 'a> {
        Box::new(One)
    }
}

impl Session for One {
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision {
        match seen.len() {
            0 => Decision::new(Step::Call("medium".into()), ""),
            n => Decision::accept(n - 1, ""),
        }
    }
}

/// What a run left behind, on both sides.
struct Measured {
    trials: Vec<Trial>,
    server: BTreeMap<String, RequestRecord>,
}

impl Measured {
    /// Attempts beside what the server says about them. Every trial made one call.
    fn pairs(&self) -> Vec<(&Attempt, &RequestRecord)> {
        let mut pairs = Vec::new();
        for trial in &self.trials {
            assert_eq!(trial.attempts.len(), 1, "{:?}", trial.attempts);
            let attempt = &trial.attempts[0];
            pairs.push((attempt, &self.server[attempt.request_id.as_ref().unwrap()]));
        }
        pairs
    }

    fn failures(&self) -> Vec<AttemptErrorKind> {
        let errors = self
            .trials
            .iter()
            .filter_map(|t| t.attempts[0].error.as_ref());
        errors.map(|e| e.kind).collect()
    }
}

/// 40 answers, 8 at a time, of a fleet that takes 50 ms to its first token.
async fn measured(
    fleet: impl FnOnce(&mut FleetConfig),
    client: impl FnOnce(&mut HttpConfig),
) -> Measured {
    let mut config = FleetConfig::default();
    for tier in &mut config.tiers {
        tier.engine.base_ttft_ms = 50.0;
        tier.engine.cache_blocks = 0;
    }
    fleet(&mut config);
    let fleet = serve(config).await.unwrap();
    let trials = run(&fleet, client).await;
    // The log of a request is closed when its connection lets go of it.
    for _ in 0..500 {
        if fleet.log().len() >= TRIALS {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let log = fleet.log().into_iter();
    Measured {
        trials,
        server: log
            .map(|record| (record.request_id.clone(), record))
            .collect(),
    }
}

async fn run(fleet: &Fleet, client: impl FnOnce(&mut HttpConfig)) -> Vec<Trial> {
    let url = format!("http://{}/v1", fleet.addr());
    let mut config = HttpConfig::new(url, "medium", Dialect::Vllm);
    config.record_gaps = true;
    client(&mut config);
    let backend: Arc<dyn Backend> = Arc::new(HttpBackend::new(config).unwrap());
    let target = |sum: usize| Target::Number {
        value: sum as f64,
        tolerance: 0.0,
    };
    let sample = |i| Sample::of_prompt(format!("s{i}"), format!("Compute {i} + 1."), target(i + 1));
    let live = Live {
        samples: (0..TRIALS).map(sample).collect(),
        policies: vec![("one".into(), Arc::new(One))],
        backends: BTreeMap::from([("medium".into(), backend)]),
        prices: PriceBook::default(),
        settings: Settings {
            concurrency: 8,
            retry: RetryRule {
                max_retries: 0,
                ..RetryRule::default()
            },
            ..Settings::default()
        },
        done: BTreeSet::new(),
    };
    let (sender, mut receiver) = mpsc::channel(64);
    let running = tokio::spawn(live.run(Stop::never(), sender));
    let mut trials = Vec::new();
    while let Some(event) = receiver.recv().await {
        if let Event::TrialDone(trial) = event {
            trials.push(*trial);
        }
    }
    assert_eq!(running.await.unwrap().end, RunEnd::Completed);
    assert_eq!(trials.len(), TRIALS);
    trials
}

/// Request bodies ask for an answer of exactly so many tokens.
fn tokens(n: usize) -> impl FnOnce(&mut HttpConfig) {
    move |config| {
        config.max_output_tokens = Some(n as u32);
        config.extra = json!({ "min_tokens": n }).as_object().unwrap().clone();
    }
}

/// Time to the first token by the server's own clock, from the end of the request.
fn true_ttft_ms(server: &RequestRecord) -> f64 {
    (server.first_token_us.unwrap() - server.arrived_us) as f64 / 1e3
}

/// The client's, from the moment it had the request ready.
fn told_ttft_ms(attempt: &Attempt) -> f64 {
    attempt.first_token_ms.unwrap() - attempt.sent_ms.unwrap()
}

/// The server's clock counts whole microseconds, rounded down at both ends.
const MICROSECOND_MS: f64 = 0.001;

/// Failure 2 and probe A: a role-only chunk sent at once is no first token.
#[tokio::test]
async fn failure_2_probe_a_the_first_token_is_not_the_role_chunk() {
    let run = measured(|fleet| fleet.role_chunk = RoleChunk::AtOnce, tokens(16)).await;
    for (attempt, server) in run.pairs() {
        let (told, truth) = (told_ttft_ms(attempt), true_ttft_ms(server));
        assert!(truth >= 50.0, "the server waited {truth} ms");
        assert!(told >= truth - MICROSECOND_MS, "told {told}, true {truth}");
        // The role chunk came before: its mark is the first byte's, not the first token's.
        let early = attempt.first_byte_ms.unwrap() - attempt.sent_ms.unwrap();
        assert!(early < told, "first byte {early}, first token {told}");
    }
}

/// Failure 3 and probe A: tokens come from the usage, whatever a chunk holds; gaps belong to chunks and
/// carry their tokens.
#[tokio::test]
async fn failure_3_probe_a_tokens_are_counted_by_usage_not_by_chunk() {
    let four = |fleet: &mut FleetConfig| fleet.tokens_per_event = 4;
    let run = measured(four, tokens(64)).await;
    for (attempt, server) in run.pairs() {
        assert_eq!(server.completion_tokens, 64);
        assert_eq!(attempt.usage.total_output(), Some(64));
        assert_eq!(attempt.usage.source, TokenSource::Server);
        // One token first, then fours.
        assert_eq!(attempt.chunks, Some(1 + 63_u32.div_ceil(4)));
        assert_eq!(attempt.gaps.len(), 17);
    }
    // Tokens of each chunk are known where the wire says them, and add up.
    let counted = measured(four, |config| {
        tokens(64)(config);
        config.extra.insert("logprobs".to_owned(), true.into());
    })
    .await;
    for (attempt, _) in counted.pairs() {
        let said: Option<u32> = attempt.gaps.iter().map(|(_, tokens)| *tokens).sum();
        assert_eq!(said, Some(64), "{:?}", attempt.gaps);
    }
}

/// Failure 3, the other half: without usage the count is an estimate and says so.
#[tokio::test]
async fn failure_3_a_count_without_usage_is_marked_as_estimated() {
    let run = measured(
        |fleet| fleet.tokens_per_event = 4,
        |config| {
            tokens(64)(config);
            let none = json!({ "include_usage": false });
            config.extra.insert("stream_options".to_owned(), none);
        },
    )
    .await;
    for (attempt, _) in run.pairs() {
        assert_eq!(attempt.usage.source, TokenSource::Estimated);
        assert_ne!(attempt.usage.total_output(), attempt.chunks.map(u64::from));
    }
}

/// Probe C: thinking is a token; the first visible text has a mark of its own.
#[tokio::test]
async fn probe_c_reasoning_is_the_first_token_and_text_has_its_own_mark() {
    let slow = |fleet: &mut FleetConfig| {
        for tier in &mut fleet.tiers {
            tier.engine.decode_tokens_per_s = 100.0;
        }
    };
    let think = json!({"reasoning_effort": "low"});
    let run = measured(slow, |config| {
        config.extra = think.as_object().unwrap().clone()
    })
    .await;
    for (attempt, server) in run.pairs() {
        let (told, truth) = (told_ttft_ms(attempt), true_ttft_ms(server));
        assert!(told >= truth - MICROSECOND_MS, "told {told}, true {truth}");
        assert_eq!(attempt.first_reasoning_ms, attempt.first_token_ms);
        assert!(attempt.usage.reasoning_tokens > Some(0));
        let tokens = attempt.usage.total_output();
        assert_eq!(tokens, Some(server.completion_tokens as u64));
    }
    // Absent where one read brought both, which a slow machine may do to some.
    let later = run.pairs().into_iter();
    assert!(
        later
            .filter_map(|(a, _)| Some((a.first_text_ms?, a.first_token_ms?)))
            .any(|(text, token)| text > token)
    );
}

/// Failure 4 and probe D: every second stream ends in an error event and `[DONE]` under status 200.
#[tokio::test]
async fn failure_4_probe_d_an_error_inside_a_stream_is_no_success() {
    let fault = Fault::ErrorEvent { after_tokens: 4 };
    let run = measured(
        |fleet| fleet.faults = vec![FaultRule::every(2, fault)],
        tokens(16),
    )
    .await;
    assert_eq!(
        run.failures(),
        vec![AttemptErrorKind::ErrorEvent; TRIALS / 2]
    );
    agrees_with_the_server(&run);
}

/// Failure 4 and probe E: every second connection breaks in the middle of its stream.
#[tokio::test]
async fn failure_4_probe_e_a_broken_connection_is_no_success() {
    let fault = Fault::Cut { after_tokens: 4 };
    let run = measured(
        |fleet| fleet.faults = vec![FaultRule::every(2, fault)],
        tokens(16),
    )
    .await;
    assert_eq!(run.failures(), vec![AttemptErrorKind::Reset; TRIALS / 2]);
    agrees_with_the_server(&run);
}

/// The same requests failed on both sides, and no failure has an answer or a score but 0.
fn agrees_with_the_server(run: &Measured) {
    for trial in &run.trials {
        let attempt = &trial.attempts[0];
        let server = &run.server[attempt.request_id.as_ref().unwrap()];
        assert_eq!(attempt.is_ok(), server.outcome == Outcome::Done);
        match attempt.is_ok() {
            true => assert_eq!(attempt.usage.total_output(), Some(16)),
            false => {
                assert!(matches!(trial.score, Score::Failed(_)), "{:?}", trial.score);
                assert_eq!(trial.answer, None);
                // What arrived before stays on record.
                assert_eq!(attempt.chunks, Some(4));
            }
        }
    }
}

/// Failure 9 and probe K: every event is torn in two after the bytes `data:`.
#[tokio::test]
async fn failure_9_probe_k_torn_events_lose_nothing() {
    let torn = measured(|fleet| fleet.split_events = true, tokens(16)).await;
    let whole = measured(|_| {}, tokens(16)).await;
    let answers = |run: &Measured| {
        let answers = run
            .trials
            .iter()
            .map(|t| (t.sample.clone(), t.answer.clone()));
        answers.collect::<BTreeMap<_, _>>()
    };
    assert_eq!(answers(&torn), answers(&whole));
    assert!(answers(&torn).values().all(Option::is_some));
    for (attempt, server) in torn.pairs() {
        assert_eq!(server.completion_tokens, 16);
        assert_eq!(attempt.usage.total_output(), Some(16));
        assert_eq!(attempt.chunks, Some(16));
    }
}
