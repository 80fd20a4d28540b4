//! C1: hashing a prompt, block by block.

use std::hint::black_box;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::Context;
use crate::cpu::Inputs;
use crate::cpu::hash::{Algorithm, Hashes, Root, chain};
use crate::record::{CacheState, Measured, Work};
use crate::timing::alternate;

/// Every algorithm over the grid; the ceiling is taken in turns with it.
pub(super) fn run(ctx: &mut Context<'_>) {
    let grid = ctx.options.grid;
    let lengths = grid.pick(&[4096, 32_768][..], &[512, 4096, 32_768, 131_072][..]);
    let blocks = grid.pick(&[16, 64][..], &[16, 32, 64, 256][..]);
    for &n in lengths {
        let tokens = Inputs::new(ctx.options.seed, "C1").tokens(n);
        for &block in blocks {
            for algorithm in Algorithm::ALL {
                let config = [
                    ("algorithm", algorithm.name().into()),
                    ("block", block.into()),
                    ("tokens", n.into()),
                ];
                if ctx.out_of_time(&config) {
                    return;
                }
                let outcome = one(ctx, algorithm, &tokens, block).outcome();
                ctx.emit(&config, outcome);
            }
            #[cfg(feature = "peers")]
            super::peers::hash(ctx, &tokens, block);
        }
    }
}

fn one(ctx: &Context<'_>, algorithm: Algorithm, tokens: &[u32], block: usize) -> Measured {
    let root = Root::default();
    let mut out = Hashes::default();
    let bytes: &[u8] = bytemuck::cast_slice(tokens);
    let count = tokens.len() / block;
    let mut ours = || {
        chain(
            algorithm,
            black_box(tokens),
            block,
            &root,
            &[],
            black_box(&mut out),
        )
    };
    let mut ceiling = || ceiling(black_box(bytes), count);
    let times = alternate(&ctx.budget(), &mut [&mut ours, &mut ceiling]);
    let right = reproduces(algorithm, tokens, block, &out);
    let work = Work {
        bytes: Some(bytes.len() as f64),
        tokens: Some(tokens.len() as f64),
        blocks: Some(count as f64),
        ..Work::default()
    };
    Measured::new(times[0], work, CacheState::Hot)
        .under(
            "xxh3 of the same bytes in one stream, plus one dependent call a block",
            times[1].median_ns,
        )
        .checked("prefix property; vectors are checked by tests", right)
}

/// What no chain of blocks can beat by much: one stream over the bytes, and one dependent call of the
/// smallest message (parent and child) for each block.
fn ceiling(bytes: &[u8], blocks: usize) {
    let mut stream = Xxh3::new();
    stream.update(bytes);
    let mut h = stream.digest();
    for _ in 0..blocks {
        h = xxh3_64(bytemuck::bytes_of(&[h, h]));
    }
    black_box(h);
}

/// The hashes of half the prompt are the first half of the hashes.
fn reproduces(algorithm: Algorithm, tokens: &[u32], block: usize, out: &Hashes) -> bool {
    let mut half = Hashes::default();
    chain(
        algorithm,
        &tokens[..tokens.len() / 2],
        block,
        &Root::default(),
        &[],
        &mut half,
    );
    let (whole, half) = (out.bytes(), half.bytes());
    whole.len() == tokens.len() / block && whole[..half.len()] == half[..]
}
