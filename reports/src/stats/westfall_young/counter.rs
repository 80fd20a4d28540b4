//! Many counters at once, stored as bit planes.

use super::bits::LANES;

/// Blocks of 64 flips that are counted together: as many as fill a vector register or two, and one
/// look at a unit serves them all.
pub(super) const WIDE: usize = 4;

/// One bit of each flip of [`WIDE`] blocks.
pub(super) type Word = [u64; WIDE];

/// Adds words lane by lane: a lane counts how many words had its bit set. Words are merged eight at a
/// time by carry-save adders (Harley and Seal), so that a carry rarely ripples.
#[derive(Debug, Clone, Default)]
pub(super) struct Counter {
    planes: [Word; 32],
    used: usize,
}

fn each(f: impl Fn(usize) -> u64) -> Word {
    std::array::from_fn(f)
}

/// Carry-save adder: sum and carry of three bits, in every lane.
fn add3(a: Word, b: Word, c: Word) -> (Word, Word) {
    let partial = each(|i| a[i] ^ b[i]);
    (
        each(|i| partial[i] ^ c[i]),
        each(|i| (a[i] & b[i]) | (partial[i] & c[i])),
    )
}

impl Counter {
    /// Counts all words of an iterator from zero.
    pub(super) fn count(&mut self, words: impl ExactSizeIterator<Item = Word>) {
        const NONE: Word = [0; WIDE];
        let bits = usize::BITS - words.len().leading_zeros();
        self.used = bits.max(3) as usize;
        self.planes[..=self.used].fill(NONE);
        let mut words = words;
        let (mut ones, mut twos, mut fours) = (NONE, NONE, NONE);
        while words.len() >= 8 {
            let mut next = || words.next().unwrap_or(NONE);
            let (s, a) = add3(ones, next(), next());
            let (s, b) = add3(s, next(), next());
            let (t, a4) = add3(twos, a, b);
            let (s, a) = add3(s, next(), next());
            let (s, b) = add3(s, next(), next());
            let (t, b4) = add3(t, a, b);
            let (f, eight) = add3(fours, a4, b4);
            (ones, twos, fours) = (s, t, f);
            self.ripple(3, eight);
        }
        (self.planes[0], self.planes[1], self.planes[2]) = (ones, twos, fours);
        for word in words {
            self.ripple(0, word);
        }
    }

    fn ripple(&mut self, from: usize, mut carry: Word) {
        // No count passes the highest plane in use, so what is left there is zero.
        for plane in &mut self.planes[from..=self.used] {
            let next = each(|i| plane[i] & carry[i]);
            *plane = each(|i| plane[i] ^ carry[i]);
            carry = next;
        }
    }

    /// The count of each lane of one of the blocks.
    pub(super) fn lanes(&self, block: usize) -> [u32; LANES] {
        let mut lanes = [0_u32; LANES];
        // Eight planes are eight bits of a count, so that a byte of each lane holds their sum.
        for (group, planes) in self.planes[..=self.used].chunks(8).enumerate() {
            let mut bytes = [0_u64; 8];
            for (bit, plane) in planes.iter().enumerate() {
                for (eight, bits) in bytes.iter_mut().zip(plane[block].to_le_bytes()) {
                    *eight |= SPREAD[usize::from(bits)] << bit;
                }
            }
            for (eight, lanes) in bytes.iter().zip(lanes.chunks_exact_mut(8)) {
                for (lane, byte) in lanes.iter_mut().zip(eight.to_le_bytes()) {
                    *lane |= u32::from(byte) << (8 * group);
                }
            }
        }
        lanes
    }
}

/// Bit `i` of the index as the lowest bit of byte `i`.
const SPREAD: [u64; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut bit = 0;
        while bit < 8 {
            table[index] |= (index as u64 >> bit & 1) << (8 * bit);
            bit += 1;
        }
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_counting_one_by_one() {
        let mut counter = Counter::default();
        for n in [0_usize, 1, 7, 8, 9, 63, 64, 65, 1000] {
            let words: Vec<Word> = (0..n as u64)
                .map(|i| each(|block| (i * 7 + block as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
                .collect();
            counter.count(words.iter().copied());
            for block in 0..WIDE {
                let lanes = counter.lanes(block);
                for (lane, &count) in lanes.iter().enumerate() {
                    let expected = words.iter().filter(|w| (w[block] >> lane) & 1 == 1).count();
                    assert_eq!(
                        count as usize, expected,
                        "n {n}, block {block}, lane {lane}"
                    );
                }
            }
        }
    }

    #[test]
    fn full_words_count_up_to_the_number_of_words() {
        let mut counter = Counter::default();
        for n in [7, 8, 15, 4096] {
            counter.count(vec![[u64::MAX; WIDE]; n].into_iter());
            assert_eq!(counter.lanes(WIDE - 1), [n as u32; LANES]);
        }
    }
}
