//! From hit blocks to what a paged kernel reads: block table and slot mapping.

/// Block table of a batch, padded to the longest request, and the slot of every token.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct BlockTables {
    /// `batch × width` block ids, row by row; -1 beyond a request's blocks.
    pub table: Vec<i32>,
    /// Blocks of the longest request.
    pub width: usize,
    /// Slot (`block · block_size + offset`) of each token, requests one after another.
    pub slots: Vec<i64>,
}

/// Fills `out` for requests of the given blocks, all blocks full. Buffers are reused.
pub fn build(requests: &[Vec<u32>], block: usize, out: &mut BlockTables) {
    out.width = requests.iter().map(Vec::len).max().unwrap_or(0);
    out.table.clear();
    out.slots.clear();
    let blocks: usize = requests.iter().map(Vec::len).sum();
    out.table.reserve(requests.len() * out.width);
    out.slots.reserve(blocks * block);
    for blocks in requests {
        out.table.extend(blocks.iter().map(|&b| b as i32));
        out.table
            .resize(out.table.len() + out.width - blocks.len(), -1);
        for &b in blocks {
            let first = i64::from(b) * block as i64;
            out.slots.extend(first..first + block as i64);
        }
    }
}

/// True if no two tokens share a slot and every slot lies in a pool of `pool` blocks.
pub fn is_sound(tables: &BlockTables, block: usize, pool: usize) -> bool {
    let mut seen = vec![false; pool * block];
    tables.slots.iter().all(|&slot| {
        let taken = usize::try_from(slot)
            .ok()
            .and_then(|slot| seen.get_mut(slot));
        taken.is_some_and(|taken| !std::mem::replace(taken, true))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_padded_and_slots_follow_blocks() {
        let mut out = BlockTables::default();
        build(&[vec![2, 0], vec![3]], 2, &mut out);
        assert_eq!(
            (out.table.as_slice(), out.width),
            ([2, 0, 3, -1].as_slice(), 2)
        );
        assert_eq!(out.slots, [4, 5, 0, 1, 6, 7]);
        assert!(is_sound(&out, 2, 4));
    }

    #[test]
    fn shared_and_foreign_blocks_are_unsound() {
        let mut out = BlockTables::default();
        build(&[vec![1], vec![1]], 4, &mut out);
        assert!(!is_sound(&out, 4, 8));
        build(&[vec![8]], 4, &mut out);
        assert!(!is_sound(&out, 4, 8));
    }
}
