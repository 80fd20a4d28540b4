//! From pairwise decisions to sets of ranks.

use std::ops::Range;

/// Ranks that a column may have, 1 the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankSet {
    /// Best rank left open.
    pub best: usize,
    /// Worst rank left open.
    pub worst: usize,
}

/// Rank sets of `k` columns: `1 +` those shown to be better to `k -` those shown to be worse.
/// `beats(a, b)` says whether `a` is shown to be better than `b`.
pub fn rank_sets(k: usize, beats: impl Fn(usize, usize) -> bool) -> Vec<RankSet> {
    (0..k)
        .map(|own| {
            let others = || (0..k).filter(|&other| other != own);
            RankSet {
                best: 1 + others().filter(|&other| beats(other, own)).count(),
                worst: k - others().filter(|&other| beats(own, other)).count(),
            }
        })
        .collect()
}

/// Longest runs of neighbours in `order` of which no two are told apart, as positions in `order`.
/// Runs may overlap; none lies inside another, and none has fewer than two members.
pub fn tied_runs(order: &[usize], beats: impl Fn(usize, usize) -> bool) -> Vec<Range<usize>> {
    let apart = |a: usize, b: usize| beats(a, b) || beats(b, a);
    let mut runs: Vec<Range<usize>> = Vec::new();
    for start in 0..order.len() {
        let joins = |&end: &usize| !(start..end).any(|i| apart(order[i], order[end]));
        let end = (start + 1..order.len()).take_while(joins).last();
        let Some(end) = end.map(|last| last + 1) else {
            continue;
        };
        if runs.last().is_none_or(|run| run.end < end) {
            runs.push(start..end);
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_and_runs_of_a_small_table() {
        // 0 beats 2 and 3, 1 beats 3; nothing else is shown.
        let beats = |a: usize, b: usize| matches!((a, b), (0, 2 | 3) | (1, 3));
        let sets: Vec<(usize, usize)> = rank_sets(4, beats)
            .iter()
            .map(|s| (s.best, s.worst))
            .collect();
        assert_eq!(sets, [(1, 2), (1, 3), (2, 4), (3, 4)]);
        assert_eq!(tied_runs(&[0, 1, 2, 3], beats), [0..2, 1..3, 2..4]);
        assert!(tied_runs(&[0, 1, 2, 3], |a, b| a < b).is_empty());
        let all = tied_runs(&[3, 2, 1, 0], |_, _| false);
        assert_eq!((all.len(), all[0].clone()), (1, 0..4));
    }
}
