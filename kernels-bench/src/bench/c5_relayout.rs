//! C5: rearranging a host pool.

use std::hint::black_box;

use super::Context;
use super::context::on_threads;
use crate::cpu::Inputs;
use crate::cpu::gather::memcpy;
use crate::cpu::relayout::{Pool, relayout};
use crate::model::{Layout, ModelShape};
use crate::record::{CacheState, Measured, Work};
use crate::timing::{Budget, alternate};

/// Every pair of layouts for some presets, 16-token pages.
pub(super) fn run(ctx: &mut Context<'_>) {
    let grid = ctx.options.grid;
    let names = grid.pick(
        &["llama3-8b"][..],
        &["llama3-8b", "qwen3-30b-a3b", "dsv3-mla"][..],
    );
    let pairs = [
        (Layout::LayerFirst, Layout::PageFirst),
        (Layout::PageFirst, Layout::LayerFirst),
        (Layout::LayerFirst, Layout::PageFirstDirect),
        (Layout::PageFirstDirect, Layout::LayerFirst),
    ];
    for shape in names.iter().filter_map(|name| ModelShape::preset(name)) {
        let pool = pool(&shape);
        let src = Inputs::new(ctx.options.seed, "C5").bytes(pool.bytes());
        for threads in ctx.threads() {
            for &(from, to) in grid.pick(&pairs[..2], &pairs[..]) {
                let config = [
                    ("model", shape.name.into()),
                    ("from", from.name().into()),
                    ("to", to.name().into()),
                    ("page_bytes", pool.page.into()),
                    ("threads", threads.into()),
                ];
                if ctx.out_of_time(&config) {
                    return;
                }
                let budget = Budget {
                    min_samples: 5,
                    ..ctx.budget()
                };
                let found = on_threads(threads, || one(&budget, &pool, from, to, &src));
                if let Some(measured) = found {
                    ctx.emit(&config, measured.outcome());
                }
            }
        }
    }
}

/// About 128 MiB of whole blocks.
fn pool(shape: &ModelShape) -> Pool {
    let page = shape.page_bytes(16) as usize;
    let (layers, parts) = (shape.layers as usize, shape.parts() as usize);
    Pool {
        blocks: (128 << 20) / (page * layers * parts),
        layers,
        parts,
        page,
    }
}

fn one(budget: &Budget, pool: &Pool, from: Layout, to: Layout, src: &[u8]) -> Measured {
    let (mut dst, mut back) = (vec![0xAA; src.len()], vec![0xAA; src.len()]);
    let times = alternate(
        budget,
        &mut [
            &mut || relayout(pool, from, to, black_box(src), black_box(&mut dst)),
            &mut || memcpy(black_box(src), black_box(&mut back)),
        ],
    );
    relayout(pool, to, from, &dst, &mut back);
    let work = Work {
        bytes: Some(src.len() as f64),
        ..Work::default()
    };
    Measured::new(times[0], work, CacheState::Cold)
        .under("memcpy on the same threads", times[1].median_ns)
        .checked("bit-exact round trip", back == src)
}
