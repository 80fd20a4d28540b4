//! Paged blocks to contiguous staging and back, on host threads.

use rayon::prelude::*;

use super::streaming;

/// How bytes are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stores {
    /// Through the cache (`memcpy` of one block).
    Cached,
    /// Past the cache.
    Streaming,
}

/// Copies block `blocks[i]` of `pool` to place `i` of `out`, on the current thread pool; each thread
/// fills one contiguous part of `out`.
///
/// `pool` holds whole blocks of `block` bytes, `out` exactly `blocks.len()` of them.
pub fn gather(pool: &[u8], blocks: &[u32], block: usize, stores: Stores, out: &mut [u8]) {
    let share = blocks.len().div_ceil(rayon::current_num_threads()).max(1);
    let parts = out
        .par_chunks_mut(share * block)
        .zip(blocks.par_chunks(share));
    parts.for_each(|(out, blocks)| {
        for (to, &id) in out.chunks_exact_mut(block).zip(blocks) {
            store(stores, to, block_of(pool, id, block));
        }
        streaming::fence();
    });
}

/// Copies place `i` of `staging` to block `blocks[i]` of the pool, given as one slice a block.
/// Blocks must be distinct.
pub fn scatter(staging: &[u8], blocks: &[u32], block: usize, stores: Stores, pool: &mut [u8]) {
    // Where in the staging each block of the pool comes from; a pool block is written by one thread.
    let mut source = vec![u32::MAX; pool.len() / block];
    for (i, &id) in blocks.iter().enumerate() {
        source[id as usize] = i as u32;
    }
    let share = source.len().div_ceil(rayon::current_num_threads()).max(1);
    let parts = pool
        .par_chunks_mut(share * block)
        .zip(source.par_chunks(share));
    parts.for_each(|(pool, source)| {
        for (to, &from) in pool.chunks_exact_mut(block).zip(source) {
            if from != u32::MAX {
                store(stores, to, block_of(staging, from, block));
            }
        }
        streaming::fence();
    });
}

/// The denominator: each thread copies one contiguous share with one `memcpy`.
pub fn memcpy(src: &[u8], dst: &mut [u8]) {
    let share = dst.len().div_ceil(rayon::current_num_threads()).max(1);
    let parts = dst.par_chunks_mut(share).zip(src.par_chunks(share));
    parts.for_each(|(dst, src)| dst.copy_from_slice(src));
}

fn block_of(pool: &[u8], id: u32, block: usize) -> &[u8] {
    let at = id as usize * block;
    &pool[at..at + block]
}

fn store(stores: Stores, to: &mut [u8], from: &[u8]) {
    match stores {
        Stores::Cached => to.copy_from_slice(from),
        Stores::Streaming => streaming::copy(to, from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Inputs;

    #[test]
    fn gather_and_scatter_are_bit_exact_and_touch_nothing_else() {
        let mut inputs = Inputs::new(5, "gather");
        for (block, count) in [(64, 33), (4096, 7), (100, 12)] {
            let pool = inputs.bytes(block * count);
            let mut blocks = inputs.permutation(count);
            blocks.truncate(count * 2 / 3);
            for stores in [Stores::Cached, Stores::Streaming] {
                let mut out = vec![0xAA; blocks.len() * block];
                gather(&pool, &blocks, block, stores, &mut out);
                let naive: Vec<u8> = blocks
                    .iter()
                    .flat_map(|b| pool[*b as usize * block..][..block].to_vec())
                    .collect();
                assert_eq!(out, naive);
                let mut back = vec![0xAA; pool.len()];
                scatter(&out, &blocks, block, stores, &mut back);
                for (i, chunk) in back.chunks(block).enumerate() {
                    let kept = blocks.contains(&(i as u32));
                    let want = if kept {
                        &pool[i * block..][..block]
                    } else {
                        &vec![0xAA; block][..]
                    };
                    assert_eq!(chunk, want, "block {i}");
                }
            }
        }
    }
}
