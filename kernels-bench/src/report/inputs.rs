//! What the model is fed, from a record file where it has it.

use super::number::{bytes, short};
use crate::bench::Preset;
use crate::costs::{device, host_link, lookup, onloads, pinned_methods};
use crate::model::Tier;
use crate::record::Log;

/// What the model is fed, and where each input comes from.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The inputs.
    pub preset: Preset,
    /// One sentence for each input.
    pub origins: Vec<String>,
}

/// A page of one layer, and a page of all layers: the ends that layouts choose between.
const SIZES: [u64; 2] = [32 << 10, 2 << 20];

/// Takes hash, index, device and transfer costs from a file where it has them, presets where not.
pub fn inputs(log: &Log) -> Inputs {
    let mut preset = Preset::default();
    let mut origins = Vec::new();
    match lookup(log, preset.block) {
        Ok(found) => {
            preset.lookup = found;
            origins.push(format!(
                "hash: {} ns a token, index: {} ns a block, measured here",
                short(found.hash_s_per_token * 1e9),
                short(found.index_s_per_block * 1e9)
            ));
        }
        Err(why) => origins.push(format!("hash and index: presets, since {why}")),
    }
    let tiers = transfer_tiers(log);
    if tiers.is_empty() {
        origins.push("links: published presets, nothing measured here".to_owned());
    } else {
        origins.push(
            "links: measured here (end to end, from pinned memory, the largest count of each size)"
                .to_owned(),
        );
        preset.tiers = tiers;
    }
    let by = match device(log) {
        Ok((compute, by)) => {
            preset.compute = compute;
            format!("measured here ({by}); a prefill reaches less")
        }
        Err(_) => "preset, effective".to_owned(),
    };
    origins.push(format!(
        "compute: {} TFLOP/s and {} TB/s, {by}",
        short(preset.compute.flops / 1e12),
        short(preset.compute.memory_bytes_per_s / 1e12)
    ));
    Inputs { preset, origins }
}

/// A tier for each method and size that was measured.
fn transfer_tiers(log: &Log) -> Vec<Tier> {
    let measured = |method: &str, size: u64| {
        onloads(log).any(|(name, bytes, ..)| name == method && bytes == size)
    };
    let mut out = Vec::new();
    for method in pinned_methods(log) {
        for size in SIZES.into_iter().filter(|size| measured(&method, *size)) {
            out.extend(host_link(log, &method, size as f64).map(|tier| Tier {
                name: format!("host {method} {}", bytes(size as f64)),
                ..tier
            }));
        }
    }
    out
}
