//! Replay of 25 policies over a recording the size of a public routing benchmark.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use weighbridge_datasets::{Outcome, OutcomeStore, Sample, Score, Target};
use weighbridge_engine::{Batch, NamedPolicy, PriceBook, Replay};
use weighbridge_policies::{Decision, Observed, Policy, Request, Session};

const SAMPLES: usize = 14_037;
const POLICIES: usize = 25;

struct Mix(Vec<Arc<str>>, u64);
struct Once(Option<Decision>);

impl Policy for Mix {
    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        let pick = (request.position as u64).wrapping_mul(self.1) % self.0.len() as u64;
        Box::new(Once(Some(
            Decision::call(&self.0[pick as usize], "mix").ranked(0.5),
        )))
    }
}

impl Session for Once {
    fn next(&mut self, _: &[Observed<'_>]) -> Decision {
        self.0.take().unwrap_or_else(|| Decision::accept(0, ""))
    }
}

fn replay(c: &mut Criterion) {
    let models: Vec<Arc<str>> = (0..11).map(|m| format!("model-{m}").into()).collect();
    let samples: Vec<_> = (0..SAMPLES)
        .map(|i| Sample::of_prompt(format!("mmlu-{i}"), "q", Target::Recorded { chance: None }))
        .collect();
    let mut store = OutcomeStore::new();
    for (i, sample) in samples.iter().enumerate() {
        for (m, model) in models.iter().enumerate() {
            let score = Score::Value(((i * 7 + m) % 2) as f64);
            let mut outcome = Outcome::scored(&sample.id, &**model, score);
            outcome.cost_usd = Some(1e-4 * (m + 1) as f64);
            store.push(outcome);
        }
    }
    let policies: Vec<NamedPolicy> = (0..POLICIES)
        .map(|p| {
            let policy: Arc<dyn Policy> = Arc::new(Mix(models.clone(), 2 * p as u64 + 1));
            (format!("policy-{p}").into(), policy)
        })
        .collect();
    let prices = PriceBook::default();
    let mut group = c.benchmark_group("replay");
    group.sample_size(10);
    group.throughput(Throughput::Elements((SAMPLES * POLICIES) as u64));
    group.bench_function("serialized", |b| {
        b.iter(|| {
            let mut bytes = 0;
            let sink = |batch: Batch| {
                bytes += batch.lines.len();
                Ok::<(), ()>(())
            };
            let _ =
                black_box(Replay::new(&samples, &store, &prices).run_serialized(&policies, sink));
            bytes
        });
    });
    group.finish();
}

criterion_group!(benches, replay);
criterion_main!(benches);
