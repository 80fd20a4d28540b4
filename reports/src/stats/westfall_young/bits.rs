//! Sign bits, 64 flips to a word. A set bit means that the unit's sign is changed.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Flips per word.
pub(super) const LANES: usize = 64;

/// Words of one refill of the generator: 4 ChaCha blocks.
const WORDS: usize = 32;

/// Where the sign patterns come from.
#[derive(Debug, Clone)]
pub(super) enum Flips {
    /// ChaCha8: the stream is the block number, the position is the key of the unit.
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

    /// Writes the word of each unit for one block. `keys` must be ascending.
    pub(super) fn fill(&self, block: u64, keys: &[u32], words: &mut Vec<u64>) {
        words.clear();
        match self {
            Self::Random { base, .. } => fill_random(base, block, keys, words),
            Self::Exhaustive { .. } => {
                words.extend((0..keys.len()).map(|unit| pattern(unit, block)));
            }
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

fn fill_random(base: &ChaCha8Rng, block: u64, keys: &[u32], words: &mut Vec<u64>) {
    let mut rng = base.clone();
    rng.set_stream(block);
    let mut buffer = [0_u64; WORDS];
    let mut group = None;
    for &key in keys {
        let (next, slot) = (key / WORDS as u32, key as usize % WORDS);
        if group != Some(next) {
            // Two 32-bit generator words to each of ours.
            rng.set_word_pos(u128::from(next) * 2 * WORDS as u128);
            for word in &mut buffer {
                *word = rng.next_u64();
            }
            group = Some(next);
        }
        words.push(buffer[slot]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_keeps_its_bits_whoever_else_differs() {
        let flips = Flips::random(640, 9);
        let (mut few, mut many) = (Vec::new(), Vec::new());
        flips.fill(3, &[70, 4_000_000_000], &mut few);
        flips.fill(3, &[1, 69, 70, 71, 100, 4_000_000_000], &mut many);
        assert_eq!(few, [many[2], many[5]]);
        flips.fill(4, &[70], &mut many);
        assert_ne!(few[0], many[0]);
    }

    #[test]
    fn enumeration_visits_every_pattern_once() {
        let flips = Flips::exhaustive(8);
        let keys: Vec<u32> = (0..8).collect();
        let mut seen = std::collections::BTreeSet::new();
        let mut words = Vec::new();
        for block in 0..flips.blocks() {
            flips.fill(block, &keys, &mut words);
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
