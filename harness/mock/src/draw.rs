//! Seeded draws for the generators.
//!
//! Ranges are mapped here rather than by a distribution crate: the bytes of a generated task must
//! not move when a dependency refines its sampling.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use xxhash_rust::xxh3::xxh3_64;

/// A deterministic source of choices.
#[derive(Clone, Debug)]
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// A source for `seed` and a `purpose`; different purposes are independent.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(xxh3_64(purpose.as_bytes()));
        Self(rng)
    }

    /// A whole number in `low..=high` (multiply-shift; the bias is below 2^-32 for small ranges).
    /// `high` is taken as `low` when it is smaller.
    pub fn int(&mut self, low: i64, high: i64) -> i64 {
        let span = (high.max(low) - low) as u128 + 1;
        low + ((u128::from(self.0.next_u64()) * span) >> 64) as i64
    }

    /// An index below `len`; zero when `len` is zero.
    pub fn index(&mut self, len: usize) -> usize {
        self.int(0, len.saturating_sub(1) as i64) as usize
    }

    /// One of `items`, which must not be empty.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.index(items.len())]
    }

    /// True `percent` times in a hundred.
    pub fn percent(&mut self, percent: i64) -> bool {
        self.int(1, 100) <= percent
    }

    /// Fisher-Yates.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.index(i + 1));
        }
    }

    /// `count` different items, in drawn order (all of them when there are fewer).
    pub fn sample<T: Clone>(&mut self, items: &[T], count: usize) -> Vec<T> {
        let mut all = items.to_vec();
        self.shuffle(&mut all);
        all.truncate(count);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_draws_and_purposes_differ() {
        let draw = |p: &str| {
            let mut d = Draw::new(7, p);
            (0..8).map(|_| d.int(0, 999)).collect::<Vec<_>>()
        };
        assert_eq!(draw("a"), draw("a"));
        assert_ne!(draw("a"), draw("b"));
    }

    #[test]
    fn int_covers_both_ends() {
        let mut d = Draw::new(1, "ends");
        let seen: std::collections::BTreeSet<i64> = (0..200).map(|_| d.int(-2, 2)).collect();
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [-2, -1, 0, 1, 2]);
    }
}
