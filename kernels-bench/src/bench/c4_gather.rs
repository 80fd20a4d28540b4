//! C4: paged blocks to contiguous staging and back, on host threads.

use std::hint::black_box;

use serde_json::Value;

use super::Context;
use super::context::on_threads;
use crate::cpu::Inputs;
use crate::cpu::gather::{Stores, gather, memcpy, scatter};
use crate::record::{CacheState, Measured, Timing, Work};
use crate::timing::{Budget, alternate};

const KIB: usize = 1 << 10;

/// Gather and scatter of a shuffled pool much larger than the cache.
pub(super) fn run(ctx: &mut Context<'_>) {
    let grid = ctx.options.grid;
    let total = grid.pick(128 << 20, 256 << 20);
    let blocks = grid.pick(
        &[4 * KIB, 16 * KIB, 32 * KIB, 256 * KIB, 2048 * KIB][..],
        &[
            4 * KIB,
            8 * KIB,
            16 * KIB,
            32 * KIB,
            64 * KIB,
            256 * KIB,
            2048 * KIB,
            5120 * KIB,
        ][..],
    );
    let pool = Inputs::new(ctx.options.seed, "C4").bytes(total);
    let mut out = vec![0xAA; total];
    for threads in ctx.threads() {
        for &block in blocks {
            for shuffled in grid.pick(&[true][..], &[true, false][..]) {
                let config = |op: &str, stores: &str| -> Vec<(&'static str, Value)> {
                    vec![
                        ("op", op.into()),
                        ("stores", stores.into()),
                        ("block_bytes", block.into()),
                        ("threads", threads.into()),
                        (
                            "order",
                            if *shuffled { "shuffled" } else { "identity" }.into(),
                        ),
                    ]
                };
                if ctx.out_of_time(&config("gather", "all")) {
                    return;
                }
                let count = total / block;
                let ids = if *shuffled {
                    Inputs::new(ctx.options.seed, "C4 order").permutation(count)
                } else {
                    (0..count as u32).collect()
                };
                let budget = Budget {
                    min_samples: 5,
                    ..ctx.budget()
                };
                let found = on_threads(threads, || one(&budget, &pool, &ids, block, &mut out));
                for (op, stores, measured) in found.into_iter().flatten() {
                    ctx.emit(&config(op, stores), measured.outcome());
                }
            }
        }
    }
}

type Found = (&'static str, &'static str, Measured);

/// Memcpy, gather (both kinds of store) and scatter in turns.
fn one(budget: &Budget, pool: &[u8], ids: &[u32], block: usize, out: &mut [u8]) -> Vec<Found> {
    let used = ids.len() * block;
    let pool = &pool[..used];
    let shared = std::cell::RefCell::new(&mut out[..used]);
    let into = |run: &dyn Fn(&mut [u8])| run(black_box(*shared.borrow_mut()));
    let times = alternate(
        budget,
        &mut [
            &mut || into(&|out| memcpy(black_box(pool), out)),
            &mut || into(&|out| gather(black_box(pool), ids, block, Stores::Cached, out)),
            &mut || into(&|out| gather(black_box(pool), ids, block, Stores::Streaming, out)),
            &mut || into(&|out| scatter(black_box(pool), ids, block, Stores::Streaming, out)),
        ],
    );
    let naive = |i: usize| &pool[ids[i] as usize * block..][..block];
    let out = shared.into_inner();
    let checked = |stores, out: &mut [u8]| {
        out.fill(0xAA);
        gather(pool, ids, block, stores, out);
        out.chunks(block)
            .enumerate()
            .all(|(i, got)| got == naive(i))
    };
    let cached = checked(Stores::Cached, out);
    let streamed = checked(Stores::Streaming, out);
    let gathered = out.to_vec();
    out.fill(0xAA);
    scatter(&gathered, ids, block, Stores::Streaming, out);
    let back = *out == *pool;
    let measured = |time: Timing, right| {
        let work = Work {
            bytes: Some(used as f64),
            blocks: Some(ids.len() as f64),
            ..Work::default()
        };
        Measured::new(time, work, CacheState::Cold)
            .under("memcpy on the same threads", times[0].median_ns)
            .checked("bit-exact, poisoned output", right)
    };
    vec![
        ("gather", "cached", measured(times[1], cached)),
        ("gather", "streaming", measured(times[2], streamed)),
        ("scatter", "streaming", measured(times[3], back)),
    ]
}
