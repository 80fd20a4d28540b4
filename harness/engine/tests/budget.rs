//! The budget against a server that bills every call, in virtual time.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::mpsc;
use weighbridge_datasets::Sample;
use weighbridge_engine::backend::ReplyFuture;
use weighbridge_engine::executor::{Budget, BudgetLimit, Journal, JournalRef, Stop, TrialKey};
use weighbridge_engine::{
    Backend, Call, Clock, Event, Live, LiveSummary, PriceBook, Reply, RunEnd, Settings,
};
use weighbridge_policies::{Decision, Needs, Observed, Policy, Request, Session, Step};
use weighbridge_record::{Attempt, AttemptErrorKind, CallJournal, Price, Trial, Usage};

/// Calls one model and takes what comes.
struct Always;
struct Walk;

impl Policy for Always {
    fn needs(&self) -> Needs {
        Needs::default()
    }

    fn open<'a>(&'a self, _: Request<'a>) -> Box<dyn Session + 'a> {
        Box::new(Walk)
    }
}

impl Session for Walk {
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision {
        match seen.len() {
            0 => Decision::new(Step::Call("m".into()), ""),
            n => Decision::accept(n - 1, ""),
        }
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

fn live(n: usize, backend: Biller) -> Live {
    let price = backend.price;
    Live {
        samples: samples(n),
        policies: vec![("p".into(), Arc::new(Always))],
        prices: PriceBook {
            as_of: None,
            models: BTreeMap::from([("m".to_owned(), price)]),
        },
        backends: BTreeMap::from([("m".into(), Arc::new(backend) as Arc<dyn Backend>)]),
        settings: Settings::default(),
        done: BTreeSet::new(),
    }
}

async fn run(live: Live, stop: Stop) -> (LiveSummary, Vec<Trial>) {
    let (sender, mut receiver) = mpsc::channel(4);
    let reader = tokio::spawn(async move {
        let mut trials = Vec::new();
        while let Some(event) = receiver.recv().await {
            if let Event::TrialDone(trial) = event {
                trials.push(*trial);
            }
        }
        trials
    });
    let summary = live.run(stop, sender).await;
    (summary, reader.await.unwrap())
}

/// A call at random: how long, how it ends, and what is billed for it in truth.
#[derive(Debug, Clone)]
struct Dice {
    ms: u64,
    ending: u8,
    shares: [f64; 4],
}

/// Bills every call that reaches it, whether the answer arrives or not.
struct Biller {
    dice: Vec<Dice>,
    price: Price,
    bill: Arc<Mutex<(usize, f64)>>,
}

impl Biller {
    /// Some usage within what the call allows: all bytes of the prompt may be tokens.
    fn usage(dice: &Dice, call: &Call<'_>) -> Usage {
        let bytes: u64 = call.messages.iter().map(|m| m.content.len() as u64).sum();
        let part = |whole: u64, share: f64| (whole as f64 * share) as u64;
        let input = bytes + part(16, dice.shares[3]);
        let read = part(input, dice.shares[0]);
        let write = part(input - read, dice.shares[1]);
        let output = part(call.max_output_tokens.unwrap().into(), dice.shares[2]);
        let reasoning = part(output, dice.shares[0]);
        Usage {
            input_tokens: Some(input - read - write),
            cache_read_tokens: Some(read),
            cache_write_tokens: Some(write),
            output_tokens: Some(output - reasoning),
            reasoning_tokens: Some(reasoning),
            ..Usage::default()
        }
    }
}

impl Backend for Biller {
    fn send<'a>(&'a self, call: Call<'a>, clock: Clock) -> ReplyFuture<'a> {
        use AttemptErrorKind::{RateLimited, Reset, Server, Timeout, Truncated};
        Box::pin(async move {
            let (dice, usage) = {
                let mut bill = self.bill.lock().unwrap();
                let dice = self.dice[bill.0 % self.dice.len()].clone();
                bill.0 += 1;
                let usage = Self::usage(&dice, &call);
                // Refusals cost nothing; everything else does, from the moment it is sent.
                if dice.ending >= 3 {
                    bill.1 += self.price.cost(&usage).total_usd;
                }
                (dice, usage)
            };
            let mut attempt = Attempt::new(call.model.clone());
            attempt.sent_ms = Some(clock.now_ms());
            tokio::time::sleep(Duration::from_millis(dice.ms)).await;
            attempt.end_ms = Some(clock.now_ms());
            let (kind, status) = match dice.ending {
                0 => (RateLimited, Some(429)),
                1 | 2 => (Server, Some(500)),
                3 => (Timeout, None),
                4 => (Reset, None),
                5 => (Truncated, None),
                _ => {
                    attempt.first_token_ms = attempt.end_ms;
                    attempt.usage = usage;
                    return Reply::answered(attempt, "4");
                }
            };
            let mut reply = Reply::failed(attempt, kind, "scripted");
            if let Some(error) = &mut reply.attempt.error {
                error.status = status;
            }
            reply
        })
    }

    fn dialect(&self) -> &'static str {
        "biller"
    }
}

fn dice() -> impl Strategy<Value = Dice> {
    let shares = prop::array::uniform4(0.0f64..=1.0);
    (1u64..3_000, 0u8..12, shares).prop_map(|(ms, ending, shares)| Dice { ms, ending, shares })
}

fn price() -> impl Strategy<Value = Price> {
    let dear = prop::option::of(0.0f64..200.0);
    (
        0.0f64..100.0,
        0.0f64..100.0,
        dear.clone(),
        dear.clone(),
        dear,
        prop::option::of(0.0f64..0.01),
    )
        .prop_map(|(input, output, read, write, reasoning, fee)| Price {
            input_per_mtok_usd: input,
            output_per_mtok_usd: output,
            cache_read_per_mtok_usd: read,
            cache_write_per_mtok_usd: write,
            reasoning_per_mtok_usd: reasoning,
            per_call_usd: fee,
        })
}

/// The journal that real runs keep.
struct Kept(CallJournal);

impl Journal for Kept {
    fn note(&self, trial: &TrialKey, usd: f64, calls: i64) -> bool {
        self.0.note((&trial.0, &trial.1, trial.2), usd, calls)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// The bill of the server, failed and aborted calls included, over all parts of a run that is
    /// stopped again and again without any grace.
    #[test]
    fn the_bill_never_passes_the_budget(
        dice in prop::collection::vec(dice(), 20..60),
        price in price(),
        concurrency in 1usize..12,
        retries in 0u32..4,
        max_usd in 0.0001f64..0.2,
        stops in prop::collection::vec(10u64..20_000, 0..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let bill = Arc::new(Mutex::new((0, 0.0)));
        let mut done: Vec<Trial> = Vec::new();
        for stop_ms in stops.iter().map(|ms| Some(*ms)).chain([None]) {
            let biller = Biller { dice: dice.clone(), price, bill: Arc::clone(&bill) };
            let (journal, unlogged) = CallJournal::resume(dir.path(), &done).unwrap();
            let mut live = live(60, biller);
            live.done = done.iter().map(|t| (t.sample.clone(), t.policy.clone(), t.repeat)).collect();
            live.settings.concurrency = concurrency;
            live.settings.retry.max_retries = retries;
            live.settings.retry.ratio = 10.0;
            live.settings.grace = Duration::ZERO;
            live.settings.journal = Some(JournalRef(Arc::new(Kept(journal))));
            live.settings.budget = Budget {
                max_cost_usd: Some(max_usd),
                spent_usd: done.iter().map(|t| t.cost_usd).sum::<f64>() + unlogged.usd,
                ..Budget::default()
            };
            let (handle, stop) = Stop::pair();
            let (summary, trials) = runtime.block_on(async {
                let stopper = async {
                    if let Some(ms) = stop_ms {
                        tokio::time::sleep(Duration::from_millis(ms)).await;
                        handle.stop();
                    }
                };
                tokio::join!(run(live, stop), stopper).0
            });
            done.extend(trials);
            let billed = bill.lock().unwrap().1;
            prop_assert!(billed <= max_usd + 1e-9, "{billed} of {max_usd}");
            if stop_ms.is_none() {
                let finished = summary.end == RunEnd::Completed;
                prop_assert!(finished || summary.end == RunEnd::Budget(BudgetLimit::Cost));
                prop_assert_eq!(finished, done.len() == 60);
            }
        }
    }
}
