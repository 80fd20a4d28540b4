//! Sequence hash to workers, walked block by block until nobody holds the next.

use super::{IdentityMap, report_all};

/// A hash map of sequence hashes.
#[derive(Debug, Default)]
pub struct FlatIndex {
    holders: IdentityMap<u64>,
}

impl FlatIndex {
    /// Notes that `worker` holds every block of the chain.
    pub fn insert(&mut self, worker: u32, sequence: &[u64]) {
        for &hash in sequence {
            *self.holders.entry(hash).or_default() |= 1 << worker;
        }
    }

    /// Reports each worker that holds a prefix, with its depth.
    pub fn lookup(&self, sequence: &[u64], mut report: impl FnMut(u32, u32)) {
        let mut active = u64::MAX;
        let mut depth = 0;
        for hash in sequence {
            let held = self.holders.get(hash).copied().unwrap_or(0);
            let lost = active & !held;
            if lost != 0 {
                if depth > 0 {
                    report_all(lost, depth, &mut report);
                }
                active &= held;
                if active == 0 {
                    return;
                }
            }
            depth += 1;
        }
        if depth > 0 {
            report_all(active, depth, &mut report);
        }
    }

    /// Blocks held by anyone.
    pub fn len(&self) -> usize {
        self.holders.len()
    }

    /// True if nobody holds anything.
    pub fn is_empty(&self) -> bool {
        self.holders.is_empty()
    }
}
