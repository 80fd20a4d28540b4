//! What a hit of a path saves, in words.

use super::HitPath;
use crate::model::{Descriptors, Hit, HitCost, Tier, hit_cost, least_prefix};
use crate::record::Origin;
use crate::report::short;

/// Cached tokens of the examples.
const PREFIX: f64 = 8192.0;
/// New tokens of the examples.
const SUFFIX: f64 = 1024.0;

/// What a hit saves, and what follows for a cache policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saving {
    /// Where hash and index costs come from.
    pub lookup: String,
    /// Where the fetch costs come from.
    pub fetch: String,
    /// Where the costs of operations come from.
    pub compute: String,
    /// What a hit of 8,192 tokens saves.
    pub break_even: String,
    /// What follows for a policy.
    pub policy: String,
}

/// Says what a path costs and saves; `records` names the file that measured it.
pub fn break_even(path: &HitPath, records: Option<&str>) -> Saving {
    let lookup = &path.lookup;
    Saving {
        lookup: format!(
            "{} ns a token to hash, {} ns a block to find, {}",
            short(lookup.hash_s_per_token * 1e9),
            short(lookup.index_s_per_block * 1e9),
            origin(path.lookup_origin, records)
        ),
        fetch: match &path.tier {
            None => "none: hits lie in device memory".to_owned(),
            Some(tier) => format!(
                "{}, {} GB/s and {} ms a fetch, {}",
                tier.name,
                short(tier.bytes_per_s / 1e9),
                short(tier.fixed_s * 1e3),
                origin(tier.origin, records)
            ),
        },
        compute: format!(
            "{} TFLOP/s{} and {} TB/s, {}; {} as it would be on them, which is modelled",
            short(path.compute.flops / 1e12),
            match path.compute_by.as_str() {
                "" => String::new(),
                by => format!(" ({by})"),
            },
            short(path.compute.memory_bytes_per_s / 1e12),
            origin(path.compute.origin, records),
            path.shape.name,
        ),
        break_even: saved(path),
        policy: policy(path),
    }
}

fn origin(origin: Origin, records: Option<&str>) -> String {
    match (origin, records) {
        (Origin::Measured, Some(file)) => format!("measured ({file})"),
        (Origin::Measured, None) => "measured".to_owned(),
        (Origin::Preset, _) => "not measured: a preset".to_owned(),
    }
}

/// Milliseconds that a hit of the example saves over a tier; none for the device.
fn cost(path: &HitPath, tier: Option<&Tier>, prefix: f64) -> HitCost {
    let here = Tier {
        name: "device".to_owned(),
        bytes_per_s: f64::INFINITY,
        fixed_s: 0.0,
        per_descriptor_s: 0.0,
        origin: path.compute.origin,
    };
    let hit = Hit {
        prefix,
        suffix: SUFFIX,
        copies: Descriptors { count: 0, bytes: 0 },
        overlapped: false,
    };
    hit_cost(
        &path.shape,
        &path.compute,
        tier.unwrap_or(&here),
        &path.lookup,
        &hit,
    )
}

fn saved(path: &HitPath) -> String {
    let ms = |tier: Option<&Tier>| cost(path, tier, PREFIX).saved_s() * 1e3;
    let verb = |ms: f64| match ms < 0.0 {
        true => format!("loses {} ms", short(-ms)),
        false => format!("saves {} ms", short(ms)),
    };
    let on_device = verb(ms(None));
    let head = format!("A hit of {PREFIX} tokens on the device {on_device}");
    let Some(tier) = &path.tier else {
        return format!("{head}.");
    };
    let there = format!("over {} it {}", tier.name, verb(ms(Some(tier))));
    match &path.other {
        Some(other) => format!(
            "{head}; {there}; with {} it {}.",
            other.name,
            verb(ms(Some(other)))
        ),
        None => format!("{head}; {there}."),
    }
}

fn policy(path: &HitPath) -> String {
    let Some(tier) = &path.tier else {
        return "Every hit on the device pays: a policy should send a request where its prefix is."
            .to_owned();
    };
    let least = least_prefix(&path.shape, &path.compute, tier);
    let (near, far) = (cost(path, None, PREFIX), cost(path, Some(tier), PREFIX));
    let worth = far.saved_s() / near.saved_s();
    if least > 131_072.0 {
        return format!(
            "Fetching loses at every length up to 131072 tokens: a policy should count blocks behind \
             {} as misses.",
            tier.name
        );
    }
    let share = match worth > 0.0 {
        true => format!(
            "at {PREFIX} tokens a fetched hit is worth {} of one on the device",
            short(worth)
        ),
        false => format!("at {PREFIX} tokens a fetch loses"),
    };
    if least < 1.0 {
        return format!("Every fetch pays; {share}.");
    }
    format!(
        "Fetches of fewer than {} tokens cost more than they save, so that a policy should count them \
         as misses (least_fetch_tokens of an experiment's engine); {share}.",
        least.ceil()
    )
}
