//! Parts the samples in two by what is known before any outcome.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::compare::Frame;

/// Whether a sample is in the half that is searched: a bit of the hash of its cluster, or of its id
/// where it has none, so that a cluster stays together and an added sample moves no other one.
pub(super) fn is_searched(frame: &Frame<'_>, sample: usize, seed: u64) -> bool {
    let line = &frame.table.samples()[sample];
    let key = match &line.cluster {
        Some(cluster) => format!("cluster {cluster}"),
        None => format!("sample {}", line.id),
    };
    xxh3_64_with_seed(key.as_bytes(), seed) & 1 == 0
}
