//! A cheap hash of whole numbers, for maps that are looked up once per cell.

use std::hash::{BuildHasherDefault, Hasher};

/// Builds [`Mix`] hashers, which have no seed: the same keys hash alike in every run.
pub(crate) type BuildMix = BuildHasherDefault<Mix>;

/// Folds 64-bit words by rotation and multiplication with an odd constant (2^64 / golden ratio).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mix(u64);

impl Mix {
    fn fold(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.fold(u64::from(byte)));
    }

    fn write_u64(&mut self, word: u64) {
        self.fold(word);
    }

    fn write_u128(&mut self, word: u128) {
        self.fold(word as u64);
        self.fold((word >> 64) as u64);
    }

    fn finish(&self) -> u64 {
        // The multiplication mixes upwards; maps also look at the low bits.
        self.0 ^ (self.0 >> 32)
    }
}
