//! Sixty-four counters at once, stored as bit planes.

use super::bits::LANES;

/// Adds 64-lane words: lane `j` counts how many words had bit `j` set. Words are merged eight at a
/// time by carry-save adders (Harley and Seal), so that a carry rarely ripples.
#[derive(Debug, Clone, Default)]
pub(super) struct Counter {
    planes: [u64; 32],
    used: usize,
}

/// Carry-save adder: sum and carry of three bits, in 64 lanes.
fn add3(a: u64, b: u64, c: u64) -> (u64, u64) {
    let partial = a ^ b;
    (partial ^ c, (a & b) | (partial & c))
}

impl Counter {
    /// Counts all words of an iterator from zero.
    pub(super) fn count(&mut self, words: impl ExactSizeIterator<Item = u64>) {
        let bits = usize::BITS - words.len().leading_zeros();
        self.used = bits.max(3) as usize;
        self.planes[..=self.used].fill(0);
        let mut words = words;
        let (mut ones, mut twos, mut fours) = (0, 0, 0);
        while words.len() >= 8 {
            let mut next = || words.next().unwrap_or(0);
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

    fn ripple(&mut self, from: usize, mut carry: u64) {
        let mut plane = from;
        while carry != 0 && plane < self.planes.len() {
            let next = self.planes[plane] & carry;
            self.planes[plane] ^= carry;
            carry = next;
            plane += 1;
        }
    }

    /// The count of each lane.
    pub(super) fn lanes(&self) -> [u32; LANES] {
        let mut lanes = [0_u32; LANES];
        // Eight planes are eight bits of a count, so that a byte of each lane holds their sum.
        for (group, planes) in self.planes[..=self.used].chunks(8).enumerate() {
            let mut bytes = [0_u64; 8];
            for (bit, plane) in planes.iter().enumerate() {
                for (eight, bits) in bytes.iter_mut().zip(plane.to_le_bytes()) {
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
            let words: Vec<u64> = (0..n as u64)
                .map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(13))
                .collect();
            counter.count(words.iter().copied());
            let lanes = counter.lanes();
            for (lane, &count) in lanes.iter().enumerate() {
                let expected = words.iter().filter(|w| (*w >> lane) & 1 == 1).count();
                assert_eq!(count as usize, expected, "n {n}, lane {lane}");
            }
        }
    }

    #[test]
    fn full_words_count_up_to_the_number_of_words() {
        let mut counter = Counter::default();
        counter.count(vec![u64::MAX; 4096].into_iter());
        assert_eq!(counter.lanes(), [4096; LANES]);
    }
}
