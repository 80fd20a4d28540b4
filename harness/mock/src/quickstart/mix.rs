//! How much of what.

/// Sizes and difficulties of one family.
#[derive(Clone, Copy, Debug)]
pub struct SliceMix {
    /// The family, also the slice label.
    pub family: &'static str,
    /// Samples of the test split. For `ledger`, conversations of 3 to 6 turns.
    pub test: usize,
    /// Samples of the fit split, in the same unit.
    pub fit: usize,
    /// Relative weights of the difficulties 1 to 5.
    pub weights: [i64; 5],
}

const fn mix(family: &'static str, test: usize, fit: usize, weights: [i64; 5]) -> SliceMix {
    SliceMix {
        family,
        test,
        fit,
        weights,
    }
}

/// The quick start's mix.
pub const MIX: &[SliceMix] = &[
    mix("arith", 84, 28, [2, 3, 3, 3, 2]),
    mix("count", 40, 14, [2, 3, 4, 3, 2]),
    mix("dates", 50, 16, [2, 2, 3, 3, 2]),
    mix("extract", 60, 20, [2, 3, 4, 4, 3]),
    mix("ledger", 28, 9, [0, 2, 4, 3, 2]),
    mix("order", 45, 15, [0, 1, 4, 4, 3]),
    mix("rewrite", 40, 13, [1, 3, 3, 3, 2]),
    mix("sort", 45, 15, [2, 3, 3, 4, 3]),
    mix("triage", 210, 60, [45, 30, 19, 3, 3]),
    mix("units", 15, 6, [2, 3, 4, 3, 3]),
    mix("yesno", 30, 10, [3, 3, 3, 2, 1]),
];
