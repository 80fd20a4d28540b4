//! A column of zeros and ones, 64 items to a word.

use crate::stats::paired::PairedCounts;

/// Which items have a value, and which of those have a 1.
#[derive(Debug, Clone)]
pub(super) struct Bits {
    present: Vec<u64>,
    ones: Vec<u64>,
}

impl Bits {
    /// The bits of a column; `None` where a value is neither 0, 1 nor absent.
    pub(super) fn of(column: &[f64]) -> Option<Self> {
        let words = column.len().div_ceil(64);
        let mut bits = Self {
            present: vec![0; words],
            ones: vec![0; words],
        };
        for (i, &value) in column.iter().enumerate() {
            let bit = 1u64 << (i % 64);
            if value == 1.0 {
                bits.ones[i / 64] |= bit;
            } else if value != 0.0 && !value.is_nan() {
                return None;
            }
            if !value.is_nan() {
                bits.present[i / 64] |= bit;
            }
        }
        Some(bits)
    }

    /// Items on which this column is better, worse, and on which both have a value.
    pub(super) fn against(&self, other: &Self) -> PairedCounts {
        let mut counts = PairedCounts {
            gains: 0,
            losses: 0,
            n: 0,
        };
        let own = self.present.iter().zip(&self.ones);
        for ((p, a), (q, b)) in own.zip(other.present.iter().zip(&other.ones)) {
            let both = p & q;
            counts.n += u64::from(both.count_ones());
            counts.gains += u64::from((a & !b & both).count_ones());
            counts.losses += u64::from((b & !a & both).count_ones());
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_differences() {
        let value = |i: usize, k: usize| match (i * k) % 7 {
            0 => f64::NAN,
            r => f64::from(u8::from(r % 2 == 0)),
        };
        let a: Vec<f64> = (1..200).map(|i| value(i, 3)).collect();
        let b: Vec<f64> = (1..200).map(|i| value(i, 5) * value(i, 1)).collect();
        let d: Vec<f64> = a
            .iter()
            .zip(&b)
            .map(|(x, y)| x - y)
            .filter(|d| !d.is_nan())
            .collect();
        let counted = Bits::of(&a).unwrap().against(&Bits::of(&b).unwrap());
        assert_eq!(counted, PairedCounts::from_differences(&d).unwrap());
        assert!(Bits::of(&[0.5]).is_none());
    }
}
