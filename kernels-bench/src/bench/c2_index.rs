//! C2: finding the longest held prefix.

use std::hint::black_box;

use super::Context;
use crate::cpu::Inputs;
use crate::cpu::hash::sequence;
use crate::cpu::index::{FlatIndex, RadixIndex, SortedIndex};
use crate::record::{CacheState, Measured, Work};
#[cfg(not(feature = "peers"))]
use crate::timing::alternate;
use crate::timing::measure;

/// Chains that workers hold, and chains that are asked for.
pub(super) struct Workload {
    /// Worker and content hashes.
    pub(super) held: Vec<(u32, Vec<u64>)>,
    /// Content and sequence hashes of each question.
    pub(super) asked: Vec<(Vec<u64>, Vec<u64>)>,
}

/// Shape of a workload.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) resident: usize,
    pub(super) chain: usize,
    pub(super) hit_percent: usize,
    pub(super) workers: usize,
}

/// Groups of chains that share their first eighth, as prompts share system prompts.
const GROUPS: usize = 16;

impl Workload {
    fn new(seed: u64, shape: Shape) -> Self {
        let mut inputs = Inputs::new(seed, "C2");
        let shared = shape.chain / 8;
        let mut words = |n: usize| -> Vec<u64> { (0..n).map(|_| inputs.word()).collect() };
        let heads: Vec<Vec<u64>> = (0..GROUPS).map(|_| words(shared)).collect();
        let count = (shape.resident / shape.chain).max(1);
        let held: Vec<(u32, Vec<u64>)> = (0..count)
            .map(|i| {
                let mut chain = heads[i % GROUPS].clone();
                chain.extend(words(shape.chain - shared));
                ((i % shape.workers) as u32, chain)
            })
            .collect();
        // Spread over all of the index, so that most questions find their data out of cache.
        let asked = (0..count.min(512)).map(|i| {
            let mut chain = held[(i * 7919) % count].1.clone();
            let keep = shape.chain * shape.hit_percent / 100;
            chain.truncate(keep);
            chain.extend(words(shape.chain - keep));
            let sequence = sequence(&chain, 0);
            (chain, sequence)
        });
        let asked = asked.collect();
        Self { held, asked }
    }
}

/// Every structure over the grid.
pub(super) fn run(ctx: &mut Context<'_>) {
    let grid = ctx.options.grid;
    let residents = grid.pick(
        &[10_000, 1_000_000][..],
        &[10_000, 100_000, 1_000_000, 4_000_000][..],
    );
    let chains = grid.pick(&[512, 2048][..], &[32, 512, 2048, 8192][..]);
    let hits = grid.pick(&[50, 100][..], &[0, 50, 90, 100][..]);
    let workers = grid.pick(&[8][..], &[1, 8, 64][..]);
    for &resident in residents {
        for &chain in chains {
            for &hit_percent in hits {
                for &workers in workers {
                    let shape = Shape {
                        resident,
                        chain,
                        hit_percent,
                        workers,
                    };
                    if ctx.out_of_time(&config("all", shape)) {
                        return;
                    }
                    one(ctx, shape);
                }
            }
        }
    }
}

pub(super) fn config(index: &str, shape: Shape) -> [(&'static str, serde_json::Value); 5] {
    [
        ("index", index.into()),
        ("resident", shape.resident.into()),
        ("chain", shape.chain.into()),
        ("hit_percent", shape.hit_percent.into()),
        ("workers", shape.workers.into()),
    ]
}

fn one(ctx: &mut Context<'_>, shape: Shape) {
    let load = Workload::new(ctx.options.seed, shape);
    let (mut flat, mut radix) = (FlatIndex::default(), RadixIndex::default());
    let sequences: Vec<_> = load
        .held
        .iter()
        .map(|(w, c)| (*w, sequence(c, 0)))
        .collect();
    for ((worker, content), (_, sequence)) in load.held.iter().zip(&sequences) {
        flat.insert(*worker, sequence);
        radix.insert(*worker, content);
    }
    let sorted = SortedIndex::build(sequences.iter().map(|(w, s)| (*w, s.as_slice())));
    drop(sequences);
    let asked = &load.asked;
    let (mut i, mut j, mut k) = (0, 0, 0);
    let mut ops: [&mut dyn FnMut(); 3] = [
        &mut || flat.lookup(&next(&mut i, asked).1, |w, d| _ = black_box((w, d))),
        &mut || sorted.lookup(&next(&mut j, asked).1, |w, d| _ = black_box((w, d))),
        &mut || radix.lookup(&next(&mut k, asked).0, |w, d| _ = black_box((w, d))),
    ];
    #[cfg(feature = "peers")]
    let times = super::peers::index(ctx, &load, shape, &mut ops);
    #[cfg(not(feature = "peers"))]
    let times = alternate(&ctx.budget(), &mut ops);
    let agree = asked.iter().all(|(content, sequence)| {
        let flat = collect(|r| flat.lookup(sequence, r));
        flat == collect(|r| sorted.lookup(sequence, r))
            && flat == collect(|r| radix.lookup(content, r))
    });
    let latency = access_latency(ctx, shape.resident);
    let matched = shape.chain * shape.hit_percent / 100;
    let compared = latency + comparison(ctx, asked, matched);
    for (index, time) in ["flat", "sorted-run", "radix"].into_iter().zip(times) {
        let work = Work {
            blocks: Some(shape.chain as f64),
            ..Work::default()
        };
        let (name, ns) = match index {
            // Bisecting sequence hashes reads the ends of a stretch, not the stretch.
            "sorted-run" => ("two dependent memory accesses", 2.0 * latency),
            _ => (
                "one memory access, then comparing every matched hash",
                compared,
            ),
        };
        let measured = Measured::new(time, work, CacheState::Cold)
            .under(name, ns)
            .checked("all three indexes agree", agree);
        ctx.emit(&config(index, shape), measured.outcome());
    }
}

/// The next question, in turn.
fn next<'a, T>(at: &mut usize, all: &'a [T]) -> &'a T {
    *at = (*at + 1) % all.len();
    &all[*at]
}

fn collect(run: impl FnOnce(&mut dyn FnMut(u32, u32))) -> Vec<(u32, u32)> {
    let mut out = Vec::new();
    run(&mut |worker, depth| out.push((worker, depth)));
    out.sort_unstable();
    out
}

/// Nanoseconds of comparing as many hashes as match, laid out one after another.
fn comparison(ctx: &Context<'_>, asked: &[(Vec<u64>, Vec<u64>)], matched: usize) -> f64 {
    let copies: Vec<Vec<u64>> = asked.iter().map(|(content, _)| content.clone()).collect();
    let (mut i, mut j) = (0, 0);
    let time = measure(&ctx.budget(), || {
        let (a, b) = (&next(&mut i, asked).0, next(&mut j, &copies));
        black_box(a[..matched] == b[..matched]);
    });
    time.median_ns
}

/// Nanoseconds of one dependent access in a working set of 16 bytes a block: a random cycle, chased.
fn access_latency(ctx: &Context<'_>, resident: usize) -> f64 {
    let n = (resident * 2).max(1024);
    let order = Inputs::new(ctx.options.seed, "C2 latency").permutation(n);
    let mut next = vec![0_u32; n];
    for (i, &at) in order.iter().enumerate() {
        next[at as usize] = order[(i + 1) % n];
    }
    let mut at = 0_u32;
    let time = measure(&ctx.budget(), || {
        for _ in 0..1000 {
            at = next[at as usize];
        }
        black_box(at);
    });
    time.median_ns / 1000.0
}
