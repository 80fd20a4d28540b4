//! What the model is fed, from a record file where it has it.

use std::collections::BTreeMap;

use super::number::{bytes, short};
use crate::bench::Preset;
use crate::model::Tier;
use crate::record::{Log, Measured, Origin, Record};

/// What the model is fed, and where each input comes from.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The inputs.
    pub preset: Preset,
    /// One sentence for each input.
    pub origins: Vec<String>,
}

/// Takes hash, index and transfer costs from a file where it has them, presets where not.
pub fn inputs(log: &Log) -> Inputs {
    let mut preset = Preset::default();
    let mut origins = Vec::new();
    let own = |bench: &str, axis: &str, value: &str| {
        let fits = log.records.iter().filter(|r| {
            let named = r.config.get(axis).and_then(|v| v.as_str()) == Some(value);
            r.bench == bench && r.by == "weighbridge" && named
        });
        fits.filter_map(Record::measured).next_back()
    };
    if let Some(m) = own("C1", "algorithm", "xxh3-64-two-level") {
        let cost = m.time.median_ns / m.work.tokens.unwrap_or(f64::INFINITY);
        preset.lookup.hash_s_per_token = cost * 1e-9;
        origins.push(format!("hash: {} ns a token, measured here", short(cost)));
    }
    if let Some(m) = own("C2", "index", "radix") {
        let cost = m.time.median_ns / m.work.blocks.unwrap_or(f64::INFINITY);
        preset.lookup.index_s_per_block = cost * 1e-9;
        origins.push(format!("index: {} ns a block, measured here", short(cost)));
    }
    let measured = transfer_tiers(log);
    if measured.is_empty() {
        origins.push("links: published presets, nothing measured here".to_owned());
    } else {
        origins.push("links: measured here (end to end)".to_owned());
        preset.tiers = measured;
    }
    origins.push(format!(
        "compute: preset of {} TFLOP/s effective and {} TB/s",
        short(preset.compute.flops / 1e12),
        short(preset.compute.memory_bytes_per_s / 1e12)
    ));
    Inputs { preset, origins }
}

/// A tier for each method and descriptor size of G3, at the largest count measured.
fn transfer_tiers(log: &Log) -> Vec<Tier> {
    let mut best: BTreeMap<String, Tier> = BTreeMap::new();
    for (method, size, m) in onload(log) {
        let Some(rate) = rate(m) else { continue };
        // A page of one layer, and a page of all layers: the ends that layouts choose between.
        if ![32_768.0, 2_097_152.0].contains(&size) {
            continue;
        }
        let name = format!("host {method} {}", bytes(size));
        let tier = Tier {
            name: name.clone(),
            bytes_per_s: rate * 1e9,
            fixed_s: 0.0,
            per_descriptor_s: 0.0,
            origin: Origin::Measured,
        };
        // Records come by ascending count.
        best.insert(name, tier);
    }
    best.into_values().collect()
}

/// Method, descriptor bytes and measurement of every onload.
pub(super) fn onload(log: &Log) -> impl Iterator<Item = (&str, f64, &Measured)> {
    log.records
        .iter()
        .filter(|r| r.bench == "G3")
        .filter_map(|r| {
            let method = r.config.get("method")?.as_str()?;
            let size = r.config.get("descriptor_bytes")?.as_f64()?;
            Some((method, size, r.measured()?))
        })
}

/// End-to-end rate, GB/s.
pub(super) fn rate(m: &Measured) -> Option<f64> {
    let ns = m.copy.map_or(m.time.median_ns, |c| c.end_to_end_ns);
    m.work.bytes.map(|bytes| bytes / ns)
}
