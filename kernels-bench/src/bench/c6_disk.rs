//! C6: blocks from a file; only where a folder is given, since it writes a file of 256 MiB.

use std::io;
use std::path::Path;

use super::Context;
use crate::cpu::Inputs;
use crate::cpu::disk::{Access, open, read_blocks, write_blocks};
use crate::record::{CacheState, Measured, Outcome, SkipReason, Work};
use crate::timing::{Budget, measure};

const FILE_BYTES: usize = 256 << 20;

/// Shuffled reads by block size, access and depth.
pub(super) fn run(ctx: &mut Context<'_>) {
    let Some(dir) = ctx.options.disk.clone() else {
        let reason = SkipReason::NotAskedFor {
            option: "--disk DIR".to_owned(),
        };
        ctx.emit(&[], Outcome::Skipped(reason));
        return;
    };
    let path = dir.join("weighbridge-kernels-blocks.bin");
    let grid = ctx.options.grid;
    for &block in grid.pick(
        &[32 << 10, 2 << 20][..],
        &[4 << 10, 32 << 10, 256 << 10, 2 << 20][..],
    ) {
        let filler = Inputs::new(ctx.options.seed, "C6").bytes(block);
        if let Err(error) = write_blocks(&path, block, FILE_BYTES / block, &filler) {
            skip(ctx, &[("block_bytes", block.into())], &error);
            break;
        }
        for access in [Access::Direct, Access::Buffered] {
            for &depth in grid.pick(&[1_usize, 16][..], &[1, 4, 16, 64][..]) {
                let name = if access == Access::Direct {
                    "direct"
                } else {
                    "buffered"
                };
                let config = [
                    ("block_bytes", block.into()),
                    ("access", name.into()),
                    ("depth", depth.into()),
                ];
                if ctx.out_of_time(&config) {
                    break;
                }
                match one(ctx, &path, block, access, depth) {
                    Ok(measured) => ctx.emit(&config, measured.outcome()),
                    Err(error) => skip(ctx, &config, &error),
                }
            }
        }
    }
    // The file is ours alone; leaving it behind would be worse than failing to remove it.
    let _ = std::fs::remove_file(&path);
}

fn skip(ctx: &mut Context<'_>, config: &[(&str, serde_json::Value)], error: &io::Error) {
    ctx.emit(
        config,
        Outcome::Skipped(SkipReason::Io {
            message: error.to_string(),
        }),
    );
}

fn one(
    ctx: &Context<'_>,
    path: &Path,
    block: usize,
    access: Access,
    depth: usize,
) -> io::Result<Measured> {
    let file = open(path, access)?;
    let count = FILE_BYTES / block;
    let mut ids = Inputs::new(ctx.options.seed, "C6 order").permutation(count);
    ids.truncate((32 << 20) / block);
    let sequential: Vec<u32> = (0..ids.len() as u32).collect();
    let budget = Budget {
        min_samples: 3,
        ..ctx.budget()
    };
    let wrong = read_blocks(&file, &ids, block, depth)?;
    let mut failed = None;
    let mut read = |ids: &[u32]| {
        if let Err(error) = read_blocks(&file, ids, block, depth) {
            failed = Some(error);
        }
    };
    let time = measure(&budget, || read(&ids));
    let ceiling = measure(&budget, || read(&sequential));
    if let Some(error) = failed {
        return Err(error);
    }
    let cache = match access {
        Access::Direct => CacheState::Cold,
        Access::Buffered => CacheState::Hot,
    };
    let work = Work {
        bytes: Some((ids.len() * block) as f64),
        blocks: Some(ids.len() as f64),
        ..Work::default()
    };
    Ok(Measured::new(time, work, cache)
        .under("the same reads in file order", ceiling.median_ns)
        .checked("block numbers", wrong == 0))
}
