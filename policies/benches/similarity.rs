//! Embedding a prompt and exact nearest neighbours over 1,000 and 10,000 rows.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use weighbridge_policies::{Embedder, Rows};

const DIMS: usize = 512;

fn search(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("nearest_10");
    for count in [1_000u64, 10_000] {
        let mut rng = ChaCha8Rng::seed_from_u64(count);
        let mut vector = || -> Vec<f32> { (0..DIMS).map(|_| rng.random()).collect() };
        let mut rows = Rows::new(DIMS);
        for _ in 0..count {
            rows.push(&vector());
        }
        let query = vector();
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter(|| rows.nearest(black_box(&query), 10, |_| true));
        });
    }
    group.finish();
}

fn embed(criterion: &mut Criterion) {
    let prompt = "A train leaves at noon with 84 passengers and loses 3 at every stop. ".repeat(7);
    let embedder = Embedder::new(DIMS);
    let mut group = criterion.benchmark_group("embed");
    group.throughput(Throughput::Bytes(prompt.len() as u64));
    group.bench_function("483_chars", |bencher| {
        bencher.iter(|| embedder.embed(black_box(&prompt)));
    });
    group.finish();
}

criterion_group!(benches, search, embed);
criterion_main!(benches);
