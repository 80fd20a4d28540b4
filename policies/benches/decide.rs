//! One decision of each cheap kind: opening a session and asking for its first step.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use toml::de::ValueDeserializer;
use weighbridge_datasets::{Outcome, OutcomeStore, Sample, Score, Target};
use weighbridge_policies::{
    BuildContext, FitData, Fleet, ModelInfo, Policy, PolicyConfig, Request,
};

const POLICIES: &[(&str, &str)] = &[
    ("always", "{ model = 'strong' }"),
    ("random", "{ weights = { weak = 1, strong = 1 } }"),
    (
        "length",
        "{ weak = 'weak', strong = 'strong', share_strong = 0.5 }",
    ),
    (
        "table",
        "{ label = 'task', weak = 'weak', strong = 'strong' }",
    ),
    (
        "complexity",
        "{ tiers = ['weak', 'strong'], boundaries = [0.3] }",
    ),
    ("knn", "{ weak = 'weak', strong = 'strong' }"),
];

fn model(name: &str, price: f64) -> ModelInfo {
    ModelInfo {
        name: name.into(),
        input_per_mtok_usd: price,
        output_per_mtok_usd: price,
        capabilities: Default::default(),
        context_tokens: None,
    }
}

/// A thousand prompts of about 500 characters over 57 tasks.
fn samples() -> Vec<Sample> {
    let sentence = "A train leaves at noon with 84 passengers and loses 3 at every stop. ";
    let sample = |i: usize| {
        let prompt = format!("{i}. {}", sentence.repeat(5 + i % 5));
        let target = Target::Recorded { chance: None };
        Sample::of_prompt(format!("s{i}"), prompt, target)
            .with_label("task", format!("task-{}", i % 57))
    };
    (0..1000).map(sample).collect()
}

fn outcomes(samples: &[Sample]) -> OutcomeStore {
    let mut store = OutcomeStore::new();
    for (i, sample) in samples.iter().enumerate() {
        for (name, every) in [("weak", 3), ("strong", 5)] {
            let score = f64::from(u8::from(i % every != 0));
            store.push(Outcome::scored(&sample.id, name, Score::Value(score)));
        }
    }
    store
}

fn decide(criterion: &mut Criterion) {
    let samples = samples();
    let outcomes = outcomes(&samples);
    let fleet = Fleet::new(vec![model("weak", 1.0), model("strong", 10.0)]);
    let context = BuildContext {
        name: "measured",
        seed: 1,
        fleet: &fleet,
        samples: &samples,
        fit: Some(FitData {
            samples: samples.iter().collect(),
            outcomes: &outcomes,
        }),
        earlier: &BTreeMap::<String, Arc<dyn Policy>>::new(),
        folder: Path::new("."),
    };
    let mut group = criterion.benchmark_group("decide");
    for (kind, text) in POLICIES {
        let Ok(table) = ValueDeserializer::parse(text) else {
            continue;
        };
        let Some(Ok(config)) = PolicyConfig::parse(kind, table) else {
            continue;
        };
        let Ok(policy) = config.build(&context) else {
            continue;
        };
        let mut requests = samples.iter().enumerate().cycle();
        group.bench_function(*kind, |bencher| {
            bencher.iter(|| {
                let next = requests.next();
                next.map(|(i, s)| black_box(policy.open(Request::of(s, i, 0)).next(&[])))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decide);
criterion_main!(benches);
