//! How much a page shows, so that it stays small whatever the run.

/// Limits on what is shown of each candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Detail {
    /// Lost samples, and gained samples.
    pub(super) flips: usize,
    /// Characters of a prompt or an answer.
    pub(super) text: usize,
    /// Whether exploratory slices are drawn.
    pub(super) exploratory: bool,
    /// Candidates whose slices are shown.
    pub(super) candidates: usize,
}

/// From all that is useful to what must be there.
pub(super) const DETAILS: [Detail; 4] = [
    Detail {
        flips: 20,
        text: 2400,
        exploratory: true,
        candidates: usize::MAX,
    },
    Detail {
        flips: 8,
        text: 1000,
        exploratory: true,
        candidates: usize::MAX,
    },
    Detail {
        flips: 3,
        text: 400,
        exploratory: false,
        candidates: 20,
    },
    Detail {
        flips: 1,
        text: 200,
        exploratory: false,
        candidates: 6,
    },
];
