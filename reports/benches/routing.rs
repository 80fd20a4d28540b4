//! Deferral-curve metrics of 25 rankings over RouteLLM's MMLU answers (14,037 requests).
//!
//! `benches/routing_numpy.py` computes the same numbers for the same rankings with numpy; both print
//! the same check sum. A second benchmark analyses a whole run of 25 policies, two of them single
//! models: every metric, interval and control. Without the recorded data outcomes are made up at the same size.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use weighbridge_datasets::import::routellm;
use weighbridge_record::{
    Attempt, Decision, Mode, ModelEntry, PolicyEntry, PolicyRole, RunHeader, SampleLine, Score,
    Step, Trial,
};
use weighbridge_reports::routing::{DeferralCurve, analyse, apgr, apgr_binned, share_to_recover};
use weighbridge_reports::table::{Place, RunTable};

const POLICIES: usize = 25;
const REQUESTS: usize = 14_037;

struct Data {
    weak: Vec<f64>,
    strong: Vec<f64>,
    ranks: Vec<Vec<f64>>,
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers in every language.
fn mixed(x: u64) -> u64 {
    let mut z = x.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn noise(policy: usize, request: usize) -> f64 {
    let x = mixed((policy * 1_000_003 + request + 1) as u64);
    (x >> 11) as f64 / (1u64 << 53) as f64
}

fn recorded() -> Option<(Vec<f64>, Vec<f64>, Vec<f64>)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/routellm");
    let data = routellm::mmlu(&dir).ok()?;
    let samples = data.dataset.samples();
    let scores = |model: &str| -> Option<Vec<f64>> {
        let cells = samples.iter().map(|s| data.outcomes.get(&s.id, model));
        cells.map(|o| o?.score.value()).collect()
    };
    let length = samples.iter().map(|s| {
        let chars = s.messages.iter().map(|m| m.content.chars().count());
        chars.sum::<usize>() as f64
    });
    Some((
        scores("mistralai/Mixtral-8x7B-Instruct-v0.1")?,
        scores("gpt-4-1106-preview")?,
        length.collect(),
    ))
}

fn data() -> Data {
    let (weak, strong, length) = recorded().unwrap_or_else(|| {
        let made = |salt, p| (0..REQUESTS).map(move |i| f64::from(u8::from(noise(salt, i) < p)));
        let length = (0..REQUESTS).map(|i| (50.0 + 900.0 * noise(92, i)).floor());
        (
            made(90, 0.68).collect(),
            made(91, 0.81).collect(),
            length.collect(),
        )
    });
    let perfect = weak.iter().zip(&strong).map(|(w, s)| s - w).collect();
    let mut ranks = vec![length, perfect];
    for policy in ranks.len()..POLICIES {
        ranks.push((0..weak.len()).map(|i| noise(policy, i)).collect());
    }
    Data {
        weak,
        strong,
        ranks,
    }
}

fn all_metrics(data: &Data) -> f64 {
    let of = |rank: &Vec<f64>| {
        let Ok(curve) = DeferralCurve::new(rank, &data.weak, &data.strong) else {
            return f64::NAN;
        };
        let cpt = [0.2, 0.5, 0.8, 0.95].map(|x| share_to_recover(&curve, x).unwrap_or(f64::NAN));
        let areas = curve.area() + apgr(&curve).unwrap_or(f64::NAN);
        areas + apgr_binned(&curve, 10).unwrap_or(f64::NAN) + cpt.iter().sum::<f64>()
    };
    data.ranks.iter().map(of).sum()
}

const MODELS: [(&str, f64); 2] = [("weak", 0.0003), ("strong", 0.006)];

fn header() -> RunHeader {
    let fleet = MODELS.map(|(name, _)| ModelEntry {
        name: name.to_owned(),
        dialect: "recorded".to_owned(),
        price: None,
    });
    let policies = (0..POLICIES).map(|i| PolicyEntry {
        name: format!("p{i}"),
        kind: if i < 2 { "always" } else { "threshold" }.to_owned(),
        role: PolicyRole::Other,
        hash: String::new(),
        notes: Vec::new(),
    });
    RunHeader {
        weighbridge: String::new(),
        seed: 1,
        fleet: fleet.to_vec(),
        policies: policies.collect(),
        ..RunHeader::new("bench", Mode::Replay)
    }
}

fn trial(data: &Data, policy: usize, i: usize) -> Trial {
    // The first two policies are the two models; the others send about half to the strong one.
    let rank = (policy >= 2).then(|| data.ranks[policy][i]);
    let to = rank.map_or(policy, |r| usize::from(r >= 0.5));
    let model: Arc<str> = MODELS[to].0.into();
    let mut decision = Decision::new(Step::Call(Arc::clone(&model)), "");
    decision.rank_score = rank;
    Trial {
        sample: format!("s{i}").into(),
        policy: format!("p{policy}").into(),
        repeat: 0,
        model: Some(Arc::clone(&model)),
        score: Score::Value([&data.weak, &data.strong][to][i]),
        cost_usd: MODELS[to].1,
        ttft_ms: None,
        router_ms: None,
        e2e_ms: None,
        decisions: vec![decision],
        attempts: vec![Attempt::new(model)],
        answer: None,
        start_ms: None,
        arrival: None,
    }
}

fn run(data: &Data) -> RunTable {
    let samples = data.ranks[0]
        .iter()
        .enumerate()
        .map(|(i, length)| SampleLine {
            id: format!("s{i}").into(),
            labels: BTreeMap::new(),
            cluster: None,
            chance: None,
            prompt_chars: *length as u32,
            prompt: String::new(),
            expected: None,
            fingerprint: None,
        });
    let mut table = RunTable::new(header(), samples.collect());
    for policy in 0..POLICIES {
        for i in 0..data.weak.len() {
            table.push(&trial(data, policy, i), Place::default());
        }
    }
    table
}

fn bench(c: &mut Criterion) {
    let data = data();
    eprintln!("check sum {:.9}", all_metrics(&data));
    c.bench_function("routing/25 policies", |b| {
        b.iter(|| all_metrics(black_box(&data)))
    });
    let table = run(&data);
    let mut whole = c.benchmark_group("routing/whole run");
    whole.sample_size(20);
    whole.bench_function("analyse", |b| b.iter(|| analyse(black_box(&table))));
    whole.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
