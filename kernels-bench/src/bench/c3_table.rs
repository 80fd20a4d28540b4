//! C3: block table and slot map.

use std::hint::black_box;

use super::Context;
use crate::cpu::Inputs;
use crate::cpu::block_table::{BlockTables, build, is_sound};
use crate::record::{CacheState, Measured, Work};
use crate::timing::alternate;

/// Batches of equal requests over a shuffled pool.
pub(super) fn run(ctx: &mut Context<'_>) {
    let grid = ctx.options.grid;
    let block = 16;
    for &batch in grid.pick(&[1_usize, 32][..], &[1, 8, 32, 128, 256][..]) {
        for &tokens in grid.pick(&[4096_usize][..], &[512, 4096, 32_768][..]) {
            let config = [
                ("batch", batch.into()),
                ("block", block.into()),
                ("tokens", tokens.into()),
            ];
            if ctx.out_of_time(&config) {
                return;
            }
            let outcome = one(ctx, batch, tokens / block, block).outcome();
            ctx.emit(&config, outcome);
        }
    }
}

fn one(ctx: &Context<'_>, batch: usize, blocks: usize, block: usize) -> Measured {
    let pool = batch * blocks;
    let ids = Inputs::new(ctx.options.seed, "C3").permutation(pool);
    let requests: Vec<Vec<u32>> = ids.chunks(blocks).map(<[u32]>::to_vec).collect();
    let mut out = BlockTables::default();
    build(&requests, block, &mut out);
    let model = out.clone();
    let mut copy = model.clone();
    let times = alternate(
        &ctx.budget(),
        &mut [
            &mut || build(black_box(&requests), block, black_box(&mut out)),
            &mut || {
                copy.table.copy_from_slice(black_box(&model.table));
                copy.slots.copy_from_slice(black_box(&model.slots));
                black_box(&mut copy);
            },
        ],
    );
    let bytes = (4 * out.table.len() + 8 * out.slots.len()) as f64;
    let work = Work {
        bytes: Some(bytes),
        blocks: Some(pool as f64),
        ..Work::default()
    };
    Measured::new(times[0], work, CacheState::Hot)
        .under("memcpy of the tables", times[1].median_ns)
        .checked(
            "slots distinct and in bounds",
            is_sound(&out, block, pool) && out == model,
        )
}
