//! Westfall-Young flips and bootstrap draws at the sizes of a real gate.
//!
//! `cargo bench -p weighbridge-reports --bench stats`. The same Westfall-Young problem in vectorised
//! numpy is in `westfall_young_numpy.py` beside this file.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use weighbridge_reports::stats::bootstrap::monte_carlo;
use weighbridge_reports::stats::westfall_young::WestfallYoung;

/// Scrambles an index: a fixed pseudo-random assignment that the numpy twin repeats.
fn scramble(i: u64) -> u64 {
    let mut x = i.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Items with 6 % flips; slice 0 is everything, the others hold about 1 item in 10 each.
fn problem(items: u64, slices: u64) -> (Vec<f64>, Vec<Vec<u32>>) {
    let value = |i: u64| match scramble(i) % 100 {
        0..3 => 1.0,
        3..6 => -1.0,
        _ => 0.0,
    };
    let d = (0..items).map(value).collect();
    let member = |slice: u64, i: u64| slice == 0 || scramble(i ^ (slice << 40)).is_multiple_of(10);
    let rows = (0..slices).map(|s| {
        (0..items)
            .filter(|&i| member(s, i))
            .map(|i| i as u32)
            .collect()
    });
    (d, rows.collect())
}

fn westfall_young(c: &mut Criterion) {
    for (items, slices) in [(14_037, 57), (1_000_000, 200)] {
        let (d, rows) = problem(items, slices);
        let mut group = c.benchmark_group("westfall_young");
        group.sample_size(10);
        group.bench_function(
            format!("{items} items x {slices} slices x 10000 flips"),
            |b| {
                b.iter(|| {
                    WestfallYoung::new(&rows, black_box(&d), None).and_then(|p| p.run(10_000, 1))
                });
            },
        );
        group.finish();
    }
    let (d, rows) = problem(14_037, 57);
    let graded: Vec<f64> = d.iter().map(|x| 0.4 * x).collect();
    let mut group = c.benchmark_group("westfall_young_graded");
    group.sample_size(10);
    group.bench_function("14037 items x 57 slices x 10000 flips", |b| {
        b.iter(|| {
            WestfallYoung::new(&rows, black_box(&graded), None).and_then(|p| p.run(10_000, 1))
        });
    });
    group.finish();
}

fn bootstrap(c: &mut Criterion) {
    let x: Vec<f64> = (0..10_000).map(|i| (scramble(i) % 1000) as f64).collect();
    let mut group = c.benchmark_group("bootstrap");
    group.sample_size(10);
    group.bench_function("mean of 10000 items x 2000 draws", |b| {
        b.iter(|| {
            let mean = |draw: &[u32]| draw.iter().map(|&i| x[i as usize]).sum::<f64>();
            monte_carlo(10_000, 2_000, black_box(1), mean)
        });
    });
    group.finish();
}

criterion_group!(benches, westfall_young, bootstrap);
criterion_main!(benches);
