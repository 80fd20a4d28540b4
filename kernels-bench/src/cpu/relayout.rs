//! Rearranging a host KV pool from one layout to another.

use rayon::prelude::*;

use crate::model::Layout;

/// A pool of `blocks` blocks: `layers × parts` pages of `page` bytes for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// Blocks.
    pub blocks: usize,
    /// Layers.
    pub layers: usize,
    /// K and V, or one latent.
    pub parts: usize,
    /// Bytes of one page of one layer and part.
    pub page: usize,
}

impl Pool {
    /// Bytes of the whole pool.
    pub fn bytes(&self) -> usize {
        self.blocks * self.layers * self.parts * self.page
    }

    /// Block, layer and part of the page at position `index` in the given layout.
    fn coordinates(&self, layout: Layout, index: usize) -> (usize, usize, usize) {
        let Self {
            blocks,
            layers,
            parts,
            ..
        } = *self;
        match layout {
            Layout::LayerFirst => (
                index % blocks,
                index / blocks / parts,
                index / blocks % parts,
            ),
            Layout::PageFirst => (
                index / parts / layers,
                index / parts % layers,
                index % parts,
            ),
            Layout::PageFirstDirect => (
                index / layers / parts,
                index % layers,
                index / layers % parts,
            ),
        }
    }

    /// Position of a page in the given layout, in pages.
    fn position(&self, layout: Layout, (block, layer, part): (usize, usize, usize)) -> usize {
        let Self {
            blocks,
            layers,
            parts,
            ..
        } = *self;
        match layout {
            Layout::LayerFirst => (layer * parts + part) * blocks + block,
            Layout::PageFirst => (block * layers + layer) * parts + part,
            Layout::PageFirstDirect => (block * parts + part) * layers + layer,
        }
    }
}

/// Copies every page of `src` (in layout `from`) to its place in `dst` (in layout `to`), on the
/// current thread pool; each thread fills one contiguous part of `dst`.
pub fn relayout(pool: &Pool, from: Layout, to: Layout, src: &[u8], dst: &mut [u8]) {
    let pages = pool.bytes() / pool.page.max(1);
    let share = pages.div_ceil(rayon::current_num_threads()).max(1);
    dst.par_chunks_mut(share * pool.page)
        .enumerate()
        .for_each(|(i, part)| {
            for (j, page) in part.chunks_exact_mut(pool.page).enumerate() {
                let at = pool.position(from, pool.coordinates(to, i * share + j)) * pool.page;
                page.copy_from_slice(&src[at..at + pool.page]);
            }
        });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::Inputs;

    const POOL: Pool = Pool {
        blocks: 5,
        layers: 3,
        parts: 2,
        page: 16,
    };

    #[test]
    fn there_and_back_is_bit_exact() {
        let src = Inputs::new(1, "relayout").bytes(POOL.bytes());
        for from in Layout::ALL {
            for to in Layout::ALL {
                let (mut there, mut back) = (vec![0xAA; src.len()], vec![0xAA; src.len()]);
                relayout(&POOL, from, to, &src, &mut there);
                assert_eq!(there == src, from == to, "{from:?} to {to:?}");
                relayout(&POOL, to, from, &there, &mut back);
                assert_eq!(back, src, "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn a_page_lands_where_the_layout_says() {
        // Number every page by its block, layer and part, laid out layer first.
        let mut src = vec![0; POOL.bytes()];
        for layer in 0..3 {
            for part in 0..2 {
                for block in 0..5 {
                    let at = ((layer * 2 + part) * 5 + block) * 16;
                    src[at..at + 16].fill((block * 10 + layer * 2 + part) as u8);
                }
            }
        }
        let mut dst = vec![0; src.len()];
        relayout(&POOL, Layout::LayerFirst, Layout::PageFirst, &src, &mut dst);
        let numbers: Vec<u8> = dst.chunks(16).map(|page| page[0]).collect();
        assert_eq!(&numbers[..7], [0, 1, 2, 3, 4, 5, 10]);
        relayout(
            &POOL,
            Layout::LayerFirst,
            Layout::PageFirstDirect,
            &src,
            &mut dst,
        );
        let numbers: Vec<u8> = dst.chunks(16).map(|page| page[0]).collect();
        assert_eq!(&numbers[..7], [0, 2, 4, 1, 3, 5, 10]);
    }
}
