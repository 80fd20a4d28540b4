//! A whole hit path: which model, from where, at which costs, and where each cost comes from.

use super::{CostError, device, host_link, lookup, measures_a_gpu};
use crate::bench::Preset;
use crate::model::{Compute, Layout, Lookup, ModelShape, Tier, descriptors, presets, tiers};
use crate::record::{Log, Origin};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Model preset.
    pub shape: &'a str,
    /// `device` for hits that need no fetch, `host` for the measured link, or a preset tier.
    pub hits_from: &'a str,
    /// How blocks are copied; only for a measured link, `batched` if absent.
    pub method: Option<&'a str>,
    /// How blocks lie on the host; only for a measured link, layer-first if absent.
    pub layout: Option<Layout>,
    /// Tokens of a block.
    pub block: u64,
    /// Effective rate of a replica, TFLOP/s, instead of the preset; not beside a measured GPU.
    pub tflops: Option<f64>,
}

/// Costs of a hit path.
#[derive(Debug, Clone, PartialEq)]
pub struct HitPath {
    /// The model.
    pub shape: ModelShape,
    /// Hash and index.
    pub lookup: Lookup,
    /// Where `lookup` comes from.
    pub lookup_origin: Origin,
    /// The device.
    pub compute: Compute,
    /// Which measurement gives the rate of operations; empty for a preset.
    pub compute_by: String,
    /// Where hits are fetched from; none if they lie on the device.
    pub tier: Option<Tier>,
    /// The best other way to lay out the same blocks, or to fetch them, for comparison.
    pub other: Option<Tier>,
}

/// Looks costs up: in the records where they measure them, in presets otherwise. With a measured GPU
/// nothing about the device comes from a preset.
///
/// # Errors
/// When a name is unknown, a measurement is lacking, or origins would mix.
pub fn hit_path(log: Option<&Log>, asked: &Asked<'_>) -> Result<HitPath, CostError> {
    let known = || {
        presets()
            .iter()
            .map(|s| s.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let shape = ModelShape::preset(asked.shape).ok_or_else(|| CostError::UnknownShape {
        given: asked.shape.to_owned(),
        known: known(),
    })?;
    let (lookup, lookup_origin) = match log {
        Some(log) => (lookup(log, asked.block)?, Origin::Measured),
        None => {
            let block = asked.block;
            let lookup = Lookup {
                block,
                ..Preset::default().lookup
            };
            (lookup, Origin::Preset)
        }
    };
    let path = HitPath {
        shape,
        lookup,
        lookup_origin,
        compute: Compute::H200,
        compute_by: String::new(),
        tier: None,
        other: None,
    };
    match log.filter(|log| measures_a_gpu(log)) {
        Some(log) => measured(log, asked, path),
        None => preset(asked, path),
    }
}

/// Everything about the device from the records.
fn measured(log: &Log, asked: &Asked<'_>, path: HitPath) -> Result<HitPath, CostError> {
    let mixture = |what: String| Err(CostError::Mixture { what });
    if asked.tflops.is_some() {
        return mixture("`tflops`".to_owned());
    }
    let (compute, compute_by) = device(log)?;
    let path = HitPath {
        compute,
        compute_by,
        ..path
    };
    match asked.hits_from {
        "device" => on_device(asked, path),
        "host" => {
            let method = asked.method.unwrap_or("batched");
            let layout = asked.layout.unwrap_or(Layout::LayerFirst);
            let link = |layout| {
                let each = descriptors(&path.shape, layout, asked.block, 1).bytes;
                host_link(log, method, each as f64)
            };
            let tier = link(layout)?;
            let best = Layout::ALL
                .into_iter()
                .filter(|other| *other != layout)
                .map(link)
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .max_by(|a, b| a.bytes_per_s.total_cmp(&b.bytes_per_s));
            Ok(HitPath {
                tier: Some(tier),
                other: best,
                ..path
            })
        }
        name if tiers().iter().any(|t| t.name == name) => {
            mixture(format!("hits from the preset `{name}`"))
        }
        name => unknown(name),
    }
}

/// Everything about the device from presets.
fn preset(asked: &Asked<'_>, mut path: HitPath) -> Result<HitPath, CostError> {
    let keys = [
        ("method", asked.method.is_some()),
        ("layout", asked.layout.is_some()),
    ];
    if let Some((key, _)) = keys.into_iter().find(|(_, given)| *given) {
        return Err(CostError::NoEffect { key });
    }
    if let Some(tflops) = asked.tflops {
        path.compute.flops = tflops * 1e12;
    }
    let named = |name: &str| tiers().into_iter().find(|t| t.name == name);
    match asked.hits_from {
        "device" => Ok(path),
        "host" => Err(CostError::NotMeasured {
            bench: "G3",
            what: "onload; without it a preset says what the link does, such as host-pcie5"
                .to_owned(),
        }),
        name => {
            let Some(tier) = named(name) else {
                return unknown(name);
            };
            let other = match name {
                "host-small-descriptors" => named("host-pcie5"),
                _ if name.starts_with("host") => named("host-small-descriptors"),
                _ => None,
            };
            Ok(HitPath {
                tier: Some(tier),
                other,
                ..path
            })
        }
    }
}

fn on_device(asked: &Asked<'_>, path: HitPath) -> Result<HitPath, CostError> {
    let keys = [
        ("method", asked.method.is_some()),
        ("layout", asked.layout.is_some()),
    ];
    match keys.into_iter().find(|(_, given)| *given) {
        Some((key, _)) => Err(CostError::NoEffect { key }),
        None => Ok(path),
    }
}

fn unknown(given: &str) -> Result<HitPath, CostError> {
    let names: Vec<String> = tiers().into_iter().map(|t| t.name).collect();
    Err(CostError::UnknownTier {
        given: given.to_owned(),
        known: format!("host (where G3 is measured), {}", names.join(", ")),
    })
}

impl HitPath {
    /// True if every cost was measured on this machine.
    pub fn is_measured(&self) -> bool {
        let tier = self
            .tier
            .as_ref()
            .is_none_or(|t| t.origin == Origin::Measured);
        self.lookup_origin == Origin::Measured && self.compute.origin == Origin::Measured && tier
    }

    /// Seconds to bring one block to the device, without the fixed cost; 0 on the device.
    pub fn fetch_s_per_block(&self) -> f64 {
        let bytes = (self.shape.kv_bytes_per_token * self.lookup.block) as f64;
        self.tier.as_ref().map_or(0.0, |t| bytes / t.bytes_per_s)
    }
}
