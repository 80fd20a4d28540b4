//! The quick start must stay quick: engine time of a whole experiment, on the virtual clock.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use weighbridge_mock::engine::{Engine, prompt_tokens};
use weighbridge_mock::tasks::solve;
use weighbridge_mock::{Tier, builtin_tiers, quickstart};

const CALLS: usize = 6_000;
const CONCURRENCY: usize = 64;

/// 6,000 calls spread over all tiers at concurrency 64.
#[tokio::test(start_paused = true)]
async fn six_thousand_calls_fit_in_forty_seconds() {
    let calls = Arc::new(calls());
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let workers: Vec<_> = (0..CONCURRENCY)
        .map(|_| {
            let (calls, next) = (Arc::clone(&calls), Arc::clone(&next));
            tokio::spawn(async move {
                let mut slowest = Duration::ZERO;
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= CALLS {
                        return slowest;
                    }
                    let (engine, prompt, tokens) = &calls[i % calls.len()];
                    let asked = Instant::now();
                    let seat = Arc::clone(engine)
                        .admit(prompt.clone(), String::new())
                        .await;
                    slowest = slowest.max(seat.first_token_at - asked);
                    sleep_until(seat.token_at(tokens - 1)).await;
                }
            })
        })
        .collect();
    let mut slowest = Duration::ZERO;
    for worker in workers {
        slowest = slowest.max(worker.await.unwrap());
    }
    let total = start.elapsed();
    println!("{total:?}, slowest TTFT {slowest:?}");
    assert!(total < Duration::from_secs(40), "{total:?}");
    assert!(slowest < Duration::from_millis(400), "{slowest:?}");
}

type Call = (Arc<Engine>, Vec<u64>, usize);

/// Every test sample on every tier: engine, prompt, tokens of the answer.
fn calls() -> Vec<Call> {
    let engine = |t: Tier| (Arc::new(Engine::new(t.engine, 1.0)), t.ability);
    let tiers: Vec<_> = builtin_tiers().into_iter().map(engine).collect();
    let mut calls = Vec::new();
    for task in quickstart(7).test {
        for (engine, ability) in &tiers {
            let answer = solve(&task.messages, ability).unwrap();
            let tokens = weighbridge_mock::engine::text_tokens(&answer.text()).len();
            calls.push((Arc::clone(engine), prompt_tokens(&task.messages), tokens));
        }
    }
    calls
}
