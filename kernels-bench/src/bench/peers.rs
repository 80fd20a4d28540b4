//! Rust peers on the same grid, in turns with our own work.

use std::hint::black_box;

use dynamo_tokens::{compute_block_hash_for_tokens, compute_next_sequence_hash};
use kv_index::{ChainBlockMap, ChainIndex, ContentHash, SequenceHash, StoredBlock};

use super::Context;
use super::c2_index::{Shape, Workload, config};
use crate::cpu::hash::{Algorithm, Hashes, Root, chain, sequence};
use crate::record::{CacheState, Measured, Timing, Work};
use crate::timing::alternate;

const KV_INDEX: &str = "kv-index 2.0.0";
const DYNAMO: &str = "dynamo-tokens 1.6.1";

/// Content and chain hash of both peers.
pub(super) fn hash(ctx: &mut Context<'_>, tokens: &[u32], block: usize) {
    let work = Work {
        bytes: Some(tokens.len() as f64 * 4.0),
        tokens: Some(tokens.len() as f64),
        blocks: Some((tokens.len() / block) as f64),
        ..Work::default()
    };
    let mut kv_index = || {
        let content = kv_index::compute_request_content_hashes(black_box(tokens), block);
        let mut h = SequenceHash(0);
        for c in content {
            h = kv_index::chain_prefix_hash(h, c);
        }
        black_box(h);
    };
    let mut dynamo = || {
        let mut h = 0_u64;
        for tokens in black_box(tokens).chunks_exact(block) {
            let content = compute_block_hash_for_tokens(tokens, 0);
            h = compute_next_sequence_hash(h, content);
        }
        black_box(h);
    };
    let (mut a, mut b) = (Hashes::default(), Hashes::default());
    let root = Root::default();
    let mut same = || {
        chain(
            Algorithm::Xxh3TwoLevel,
            black_box(tokens),
            block,
            &root,
            &[],
            &mut a,
        )
    };
    let mut pieces = || {
        chain(
            Algorithm::Xxh3Pieces,
            black_box(tokens),
            block,
            &root,
            &[],
            &mut b,
        )
    };
    let times = alternate(
        &ctx.budget(),
        &mut [&mut kv_index, &mut dynamo, &mut same, &mut pieces],
    );
    let of = [
        (KV_INDEX, "xxh3-64-two-level"),
        (DYNAMO, "xxh3-64-two-level"),
        ("weighbridge", "xxh3-64-two-level, in turns with peers"),
        ("weighbridge", "xxh3-64-pieces, in turns with peers"),
    ];
    for ((by, algorithm), time) in of.into_iter().zip(times) {
        let config = [
            ("algorithm", algorithm.into()),
            ("block", block.into()),
            ("tokens", tokens.len().into()),
        ];
        ctx.emit_by(
            by,
            &config,
            Measured::new(time, work, CacheState::Hot).outcome(),
        );
    }
}

/// `ChainIndex` on the same workload, timed in turns with our indexes; returns our times.
pub(super) fn index(
    ctx: &mut Context<'_>,
    load: &Workload,
    shape: Shape,
    ours: &mut [&mut dyn FnMut(); 3],
) -> Vec<Timing> {
    let index = ChainIndex::new();
    let mut ids = Vec::new();
    for worker in 0..shape.workers {
        let id = index.intern_worker(&format!("w{worker}")).ok();
        ids.extend(id.map(|id| (id, ChainBlockMap::default())));
    }
    for (worker, content) in &load.held {
        let blocks: Vec<StoredBlock> = content
            .iter()
            .zip(sequence(content, 0))
            .map(|(c, s)| StoredBlock {
                seq_hash: SequenceHash(s),
                content_hash: ContentHash(*c),
            })
            .collect();
        let (id, map) = &mut ids[*worker as usize];
        let _ = index.apply_stored(*id, &blocks, None, map);
    }
    let asked: Vec<Vec<ContentHash>> = load
        .asked
        .iter()
        .map(|(c, _)| c.iter().map(|h| ContentHash(*h)).collect())
        .collect();
    let mut at = 0;
    let mut peer = || {
        at = (at + 1) % asked.len();
        index.score_into(&asked[at], |c| c.0, false, |w, d| _ = black_box((w, d)));
    };
    let [a, b, c] = ours;
    let times = alternate(&ctx.budget(), &mut [*a, *b, *c, &mut peer]);
    let work = Work {
        blocks: Some(shape.chain as f64),
        ..Work::default()
    };
    let measured = Measured::new(times[3], work, CacheState::Cold);
    ctx.emit_by(KV_INDEX, &config("chain-index", shape), measured.outcome());
    times
}
