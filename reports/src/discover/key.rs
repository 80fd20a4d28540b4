//! By what a comparison is recognised.

use weighbridge_record::RunHeader;
use xxhash_rust::xxh3::xxh3_128;

/// Key of a comparison: dataset, baseline and candidate by their hashes. Two runs of the same policies
/// over the same samples share it, whatever their slices, gate and seed of the search.
///
/// Empty where the run lacks a baseline or the candidate.
pub fn search_key(header: &RunHeader, candidate: &str) -> String {
    let found = header.policies.iter().find(|p| p.name == candidate);
    let (Some(baseline), Some(candidate)) = (header.baseline(), found) else {
        return String::new();
    };
    let parts = serde_json::json!([
        header.dataset.fingerprint,
        baseline.name,
        baseline.hash,
        candidate.name,
        candidate.hash
    ]);
    format!("{:032x}", xxh3_128(parts.to_string().as_bytes()))
}
