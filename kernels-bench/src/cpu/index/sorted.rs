//! Sequence hashes in one sorted run. A sequence hash names a whole prefix, and whoever holds a block
//! holds all before it, so the holders only shrink with depth: depth can be bisected instead of walked.

use super::report_all;

/// An immutable run of (sequence hash, workers), with a directory over the leading bits.
#[derive(Debug, Default)]
pub struct SortedIndex {
    hashes: Vec<u64>,
    holders: Vec<u64>,
    /// Start of each bucket of leading bits, and the end.
    buckets: Vec<u32>,
    shift: u32,
}

impl SortedIndex {
    /// Builds the run. Every worker must hold whole prefixes: a block without its parent is not found.
    pub fn build<'a>(chains: impl IntoIterator<Item = (u32, &'a [u64])>) -> Self {
        let mut pairs: Vec<(u64, u64)> = chains
            .into_iter()
            .flat_map(|(worker, chain)| chain.iter().map(move |&hash| (hash, 1 << worker)))
            .collect();
        pairs.sort_unstable();
        pairs.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 |= next.1;
            }
            same
        });
        let bits = pairs.len().max(2).ilog2();
        let shift = 64 - bits;
        let starts = 0..=(1_u64 << bits);
        let buckets = starts
            .map(|b| pairs.partition_point(|(hash, _)| u128::from(*hash) < u128::from(b) << shift))
            .map(|at| at as u32)
            .collect();
        let (hashes, holders) = pairs.into_iter().unzip();
        Self {
            hashes,
            holders,
            buckets,
            shift,
        }
    }

    fn holders(&self, hash: u64) -> u64 {
        let bucket = (hash >> self.shift) as usize;
        let (from, to) = (
            self.buckets[bucket] as usize,
            self.buckets[bucket + 1] as usize,
        );
        let found = self.hashes[from..to].iter().position(|&h| h == hash);
        found.map_or(0, |i| self.holders[from + i])
    }

    /// Reports each worker that holds a prefix, with its depth: bisects wherever the holders at both
    /// ends of a stretch differ.
    pub fn lookup(&self, sequence: &[u64], mut report: impl FnMut(u32, u32)) {
        let Some(first) = sequence.first() else {
            return;
        };
        if self.hashes.is_empty() {
            return;
        }
        let mut low = (0, self.holders(*first));
        if low.1 == 0 {
            return;
        }
        let last = sequence.len() - 1;
        let mut high = (last, self.holders(sequence[last]));
        // Ends of stretches still to be looked at, nearest on top.
        let mut pending = Vec::new();
        loop {
            if high.1 == low.1 {
                low = high;
            } else if high.0 > low.0 + 1 {
                let middle = low.0 + (high.0 - low.0) / 2;
                pending.push(high);
                high = (middle, self.holders(sequence[middle]));
                continue;
            } else {
                report_all(low.1 & !high.1, low.0 as u32 + 1, &mut report);
                low = high;
            }
            match pending.pop() {
                Some(next) if low.1 != 0 => high = next,
                _ => break,
            }
        }
        report_all(low.1, low.0 as u32 + 1, &mut report);
    }
}
