//! C8: the break-even model over presets and tiers.

use std::collections::BTreeMap;

use super::Context;
use crate::model::{
    Compute, Hit, Layout, Lookup, ModelShape, Tier, break_even_bandwidth, descriptors, hit_cost,
    least_prefix, presets, tiers,
};
use crate::record::{Modelled, Origin, Outcome, Record};

/// Inputs of the model.
#[derive(Debug, Clone)]
pub struct Preset {
    /// Compute of the replica.
    pub compute: Compute,
    /// Places to fetch from.
    pub tiers: Vec<Tier>,
    /// Hash and index costs.
    pub lookup: Lookup,
    /// New tokens of a request.
    pub suffix: f64,
    /// Tokens of a page.
    pub block: u64,
}

impl Default for Preset {
    fn default() -> Self {
        Self {
            compute: Compute::H200,
            tiers: tiers(),
            // Measured on one server core: xxh3 chain, and an index walked by runs.
            lookup: Lookup {
                hash_s_per_token: 0.4e-9,
                index_s_per_block: 1e-9,
                block: 16,
            },
            suffix: 1024.0,
            block: 16,
        }
    }
}

/// The whole table as records.
pub(super) fn run(ctx: &mut Context<'_>) {
    for record in model_records(&Preset::default(), None) {
        (ctx.emit)(record);
    }
}

/// One record for each model, tier, layout and prefix.
pub fn model_records(preset: &Preset, only: Option<&str>) -> Vec<Record> {
    let mut out = Vec::new();
    for shape in presets()
        .into_iter()
        .filter(|s| only.is_none_or(|name| s.name == name))
    {
        for tier in &preset.tiers {
            for p in [1024, 8192, 32_768, 131_072] {
                out.push(one(preset, &shape, tier, p));
            }
        }
    }
    out
}

fn one(preset: &Preset, shape: &ModelShape, tier: &Tier, p: u64) -> Record {
    // Where descriptors have a price, the engine's own layout pays it; elsewhere layouts are equal.
    let layout = if tier.per_descriptor_s > 0.0 {
        Layout::LayerFirst
    } else {
        Layout::PageFirst
    };
    let copies = descriptors(shape, layout, preset.block, p.div_ceil(preset.block));
    let hit = Hit {
        prefix: p as f64,
        suffix: preset.suffix,
        copies,
        overlapped: false,
    };
    let cost = hit_cost(shape, &preset.compute, tier, &preset.lookup, &hit);
    let needed = break_even_bandwidth(shape, &preset.compute, p as f64).bytes_per_s;
    let values = BTreeMap::from([
        ("lookup_ms", cost.lookup_s * 1e3),
        ("fetch_ms", cost.fetch_s * 1e3),
        ("suffix_ms", cost.suffix_s * 1e3),
        ("hit_ms", cost.hit_s * 1e3),
        ("miss_ms", cost.miss_s * 1e3),
        ("saved_ms", cost.saved_s() * 1e3),
        ("saved_gpu_ms", cost.saved_gpu_s * 1e3),
        ("break_even_gb_per_s", needed / 1e9),
        (
            "least_prefix_tokens",
            least_prefix(shape, &preset.compute, tier),
        ),
    ]);
    let measured = [preset.compute.origin, tier.origin]
        .iter()
        .all(|o| *o == Origin::Measured);
    let modelled = Modelled {
        values: values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
        inputs: if measured {
            Origin::Measured
        } else {
            Origin::Preset
        },
        loses_because: cost
            .loses_because(shape, tier, &hit)
            .name()
            .map(str::to_owned),
    };
    Record::ours(
        "C8",
        vec![
            ("model", shape.name.into()),
            ("tier", tier.name.as_str().into()),
            ("layout", layout.name().into()),
            ("prefix", p.into()),
            ("suffix", preset.suffix.into()),
        ],
        Outcome::Modelled(modelled),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_modelled_and_says_so() {
        let records = model_records(&Preset::default(), None);
        assert_eq!(records.len(), presets().len() * tiers().len() * 4);
        for record in records {
            let Outcome::Modelled(m) = record.outcome else {
                panic!("not modelled")
            };
            assert_eq!(m.inputs, Origin::Preset);
            assert_eq!(m.loses_because.is_some(), m.values["saved_ms"] <= 0.0);
        }
    }
}
