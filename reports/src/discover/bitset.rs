//! Sets of samples, 64 to a word.

/// A set of positions below a fixed length.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bitset(Vec<u64>);

impl Bitset {
    /// The empty set.
    pub(super) fn empty(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }

    /// The positions for which `holds` is true.
    pub(super) fn of(len: usize, holds: impl Fn(usize) -> bool) -> Self {
        let mut set = Self::empty(len);
        (0..len).filter(|&i| holds(i)).for_each(|i| set.insert(i));
        set
    }

    pub(super) fn insert(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|w| w.count_ones() as usize).sum()
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a & b).collect())
    }

    pub(super) fn without(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(a, b)| a & !b).collect())
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }

    /// Sum of `values` over the positions that are in both sets.
    pub(super) fn sum(&self, nonzero: &Self, values: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (word, (a, b)) in self.0.iter().zip(&nonzero.0).enumerate() {
            let mut bits = a & b;
            while bits != 0 {
                sum += values[word * 64 + bits.trailing_zeros() as usize];
                bits &= bits - 1;
            }
        }
        sum
    }

    /// Positions, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(word, bits)| {
            (0..64)
                .filter(move |bit| bits >> bit & 1 == 1)
                .map(move |bit| word * 64 + bit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_behave_as_sets() {
        let even = Bitset::of(200, |i| i % 2 == 0);
        let third = Bitset::of(200, |i| i % 3 == 0);
        let values: Vec<f64> = (0..200).map(f64::from).collect();
        let sixth = even.and(&third);
        assert!(sixth.iter().eq((0..200).step_by(6)));
        assert_eq!(sixth.len(), 34);
        assert_eq!(
            even.sum(&third, &values),
            sixth.iter().map(|i| values[i]).sum::<f64>()
        );
        assert_eq!(even.without(&third).len(), 100 - 34);
        let mut all = even;
        all.join(&third);
        assert_eq!(all.len(), 100 + 67 - 34);
    }
}
