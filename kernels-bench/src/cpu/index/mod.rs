//! Which workers hold how many leading blocks of a chain?
//!
//! Three structures with one answer, up to 64 workers each: a flat map walked block by block, a
//! sorted run of sequence hashes searched by depth, and a radix tree of content-hash runs.

mod flat;
mod radix;
mod sorted;
#[cfg(test)]
mod tests;

pub use flat::FlatIndex;
pub use radix::RadixIndex;
pub use sorted::SortedIndex;

/// Most workers an index can tell apart: they are bits of a word.
pub const MAX_WORKERS: u32 = 64;

/// Calls `report(worker, depth)` for every worker in `set`.
fn report_all(set: u64, depth: u32, report: &mut impl FnMut(u32, u32)) {
    let mut rest = set;
    while rest != 0 {
        report(rest.trailing_zeros(), depth);
        rest &= rest - 1;
    }
}

/// Takes a hash as it is: keys are hashes already.
#[derive(Debug, Clone, Copy, Default)]
struct Identity(u64);

impl std::hash::Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(b);
        }
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

type IdentityMap<V> = std::collections::HashMap<u64, V, std::hash::BuildHasherDefault<Identity>>;
