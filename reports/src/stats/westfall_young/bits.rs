//! Sign bits, 64 flips to a word. A set bit means that the unit's sign is changed.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Flips per word.
pub(super) const LANES: usize = 64;

/// Where the sign patterns come from.
#[derive(Debug, Clone)]
pub(super) enum Flips {
    /// ChaCha8: the stream is the block number, the position is the rank of the unit among those with
    /// a difference, so that items without one change nothing, not even by a random bit.
    Random {
        /// Seeded generator at stream 0.
        base: Box<ChaCha8Rng>,
        /// Number of flips.
        total: u64,
    },
    /// All `2^units` patterns, the unchanged one first.
    Exhaustive {
        /// Number of units.
        units: usize,
    },
}

impl Flips {
    pub(super) fn random(total: u64, seed: u64) -> Self {
        Self::Random {
            base: Box::new(ChaCha8Rng::seed_from_u64(seed)),
            total,
        }
    }

    pub(super) fn exhaustive(units: usize) -> Self {
        Self::Exhaustive { units }
    }

    pub(super) fn is_exact(&self) -> bool {
        matches!(self, Self::Exhaustive { .. })
    }

    /// Number of sign patterns.
    pub(super) fn total(&self) -> u64 {
        match *self {
            Self::Random { total, .. } => total,
            Self::Exhaustive { units } => 1 << units,
        }
    }

    /// Number of 64-flip blocks.
    pub(super) fn blocks(&self) -> u64 {
        self.total().div_ceil(LANES as u64)
    }

    /// Flips of a block that count; the last block may be partly used.
    pub(super) fn lanes(&self, block: u64) -> usize {
        (self.total() - block * LANES as u64).min(LANES as u64) as usize
    }

    /// Writes the word of each of `units` units for one block.
    pub(super) fn fill(&self, block: u64, units: usize, words: &mut Vec<u64>) {
        words.clear();
        match self {
            Self::Random { base, .. } => {
                let mut rng = base.clone();
                rng.set_stream(block);
                words.extend((0..units).map(|_| rng.next_u64()));
            }
            Self::Exhaustive { .. } => words.extend((0..units).map(|unit| pattern(unit, block))),
        }
    }
}

/// Bits of one unit when flip `64 block + lane` is read as a binary number.
fn pattern(unit: usize, block: u64) -> u64 {
    const PERIODIC: [u64; 6] = [
        0xAAAA_AAAA_AAAA_AAAA,
        0xCCCC_CCCC_CCCC_CCCC,
        0xF0F0_F0F0_F0F0_F0F0,
        0xFF00_FF00_FF00_FF00,
        0xFFFF_0000_FFFF_0000,
        0xFFFF_FFFF_0000_0000,
    ];
    match PERIODIC.get(unit) {
        Some(&word) => word,
        None => 0_u64.wrapping_sub((block >> (unit - PERIODIC.len())) & 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_streams_of_their_own() {
        let flips = Flips::random(640, 9);
        let (mut few, mut many, mut other) = (Vec::new(), Vec::new(), Vec::new());
        flips.fill(3, 2, &mut few);
        flips.fill(3, 6, &mut many);
        flips.fill(4, 6, &mut other);
        assert_eq!(few, many[..2]);
        assert!(many.iter().zip(&other).all(|(a, b)| a != b));
    }

    #[test]
    fn enumeration_visits_every_pattern_once() {
        let flips = Flips::exhaustive(8);
        let mut seen = std::collections::BTreeSet::new();
        let mut words = Vec::new();
        for block in 0..flips.blocks() {
            flips.fill(block, 8, &mut words);
            for lane in 0..flips.lanes(block) {
                let code = words
                    .iter()
                    .enumerate()
                    .map(|(u, w)| ((w >> lane) & 1) << u);
                seen.insert(code.sum::<u64>());
            }
        }
        assert_eq!(seen.len(), 256);
        assert_eq!(Flips::exhaustive(3).lanes(0), 8);
    }
}
