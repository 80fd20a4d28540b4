//! The family-wise screen: which slices got worse, by joint sign flips.

use super::pairs::Pairs;
use crate::stats::westfall_young::{SliceP, WestfallYoung};

/// p-values of the family, with the sentence that says how they were made.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    /// One entry per row, in the order given; `None` where the screen could not be computed.
    pub(crate) rows: Vec<Option<SliceP>>,
    pub(crate) sentence: String,
}

/// Screens rows of pair positions.
pub(crate) fn screen(pairs: &Pairs, rows: &[&[u32]], flips: u32, seed: u64) -> Screen {
    let run = WestfallYoung::new(rows, &pairs.difference, pairs.clusters.as_deref())
        .and_then(|problem| problem.run(u64::from(flips), seed));
    match run {
        Ok(result) => Screen {
            sentence: sentence(rows.len(), &result.slices, result.flips, result.exact),
            rows: result.slices.into_iter().map(Some).collect(),
        },
        Err(error) => Screen {
            rows: vec![None; rows.len()],
            sentence: format!("no screen: {error}"),
        },
    }
}

fn sentence(rows: usize, slices: &[SliceP], flips: u64, exact: bool) -> String {
    let claims = if rows == 1 { "claim" } else { "claims" };
    if exact {
        return format!(
            "Westfall-Young min-p, step-down, over {rows} {claims}: all {flips} joint sign flips"
        );
    }
    let error = slices.iter().fold(0.0, |m, s| f64::max(m, s.mc_se));
    format!(
        "Westfall-Young min-p, step-down, over {rows} {claims}: {flips} joint sign flips, \
         Monte-Carlo error of a p-value at most {error:.4}"
    )
}
