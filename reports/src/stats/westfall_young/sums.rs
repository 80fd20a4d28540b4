//! The graded and clustered path: summed losses, with p-values taken from the flips themselves.

use rayon::prelude::*;

use super::SliceP;
use super::bits::{Flips, LANES};
use super::minp::{Hits, Observed};
use super::slices::Members;
use crate::stats::error::StatsError;

/// Largest number of stored statistics, slices times flips: 1 GiB.
const MAX_STORED: u64 = 1 << 27;

/// Sums closer than this share of the total weight are ties that rounding pulled apart.
const TIE: f64 = 1e-12;

/// Two passes over the same patterns: all statistics first, then their ranks, because the p-value of a
/// slice under a flip is its rank among all flips (Ge, Dudoit and Speed 2003).
pub(super) fn evaluate(members: &Members, source: &Flips) -> Result<Vec<SliceP>, StatsError> {
    let stored = source.total().saturating_mul(members.len() as u64);
    if stored > MAX_STORED {
        let domain = "at most 134217728 for graded or clustered differences: use fewer flips";
        return Err(StatsError::OutOfRange {
            what: "slices x flips",
            value: stored as f64,
            domain,
        });
    }
    let blocks: Vec<Vec<f64>> = (0..source.blocks())
        .into_par_iter()
        .map_init(Vec::new, |words, block| {
            source.fill(block, members.moving, words);
            sums(members, words)
        })
        .collect();
    let p: Vec<Vec<u32>> = (0..members.len())
        .into_par_iter()
        .map(|slice| ranks(members, slice, &blocks, source))
        .collect();
    let exact = source.is_exact();
    // The observed data are flip 0: the unchanged pattern, or the extra one of the add-one rule.
    let total = source.total() + u64::from(!exact);
    let share = |rank: u32| f64::from(rank) / total as f64;
    let observed = Observed::new(p.iter().map(|p| share(p[0])).collect());
    let mut hits: Hits = observed.no_hits();
    (0..total as usize).for_each(|flip| {
        observed.record(|slice| share(p[slice][flip]), &mut hits);
    });
    Ok(observed.finish(&hits, total, false, exact))
}

/// Summed loss of every slice under the 64 flips of a block, slice by slice.
fn sums(members: &Members, words: &[u64]) -> Vec<f64> {
    let mut sums = vec![0.0; members.len() * LANES];
    for (slice, lanes) in sums.chunks_exact_mut(LANES).enumerate() {
        let (units, weights) = members.row(slice);
        for (&unit, &weight) in units.iter().zip(weights) {
            let (word, loss) = (words[unit as usize], (-weight).to_bits());
            for (lane, sum) in lanes.iter_mut().enumerate() {
                *sum += f64::from_bits(loss ^ ((word >> lane) & 1) << 63);
            }
        }
    }
    sums
}

/// Rank of one slice's sum under every flip: how many flips have a sum at least as large.
fn ranks(members: &Members, slice: usize, blocks: &[Vec<f64>], source: &Flips) -> Vec<u32> {
    let weights = members.row(slice).1;
    let mut values = Vec::with_capacity(source.total() as usize + 1);
    if !source.is_exact() {
        values.push(weights.iter().fold(0.0, |sum, w| sum - w));
    }
    for (block, sums) in blocks.iter().enumerate() {
        let start = slice * LANES;
        values.extend_from_slice(&sums[start..start + source.lanes(block as u64)]);
    }
    let tie = TIE * weights.iter().map(|w| w.abs()).sum::<f64>();
    let mut sorted = values.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let total = sorted.len();
    let rank = |v: f64| total - sorted.partition_point(|&s| s < v - tie);
    values.into_iter().map(|v| rank(v) as u32).collect()
}
