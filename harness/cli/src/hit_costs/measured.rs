//! Costs looked up in records and presets.

use std::path::Path;

use toml::Spanned;
use weighbridge_kernels::costs::{Asked, CostError, HitPath, break_even, hit_path};
use weighbridge_kernels::model::Layout;
use weighbridge_kernels::record::{Log, parse};
use weighbridge_mock::engine::{BLOCK_TOKENS, PrefillCosts};
use xxhash_rust::xxh3::xxh3_128;

use super::FleetEngine;
use crate::config::{BackendWritten, ConfigError, EngineWritten, LayoutWritten, Source};

/// Tokens on the device and behind the link where the file does not say.
const DEVICE_TOKENS: usize = 65_536;
const OFFLOAD_TOKENS: usize = 1_048_576;

/// The engines of every embedded backend.
pub(crate) fn engines(
    source: Source<'_>,
    folder: &Path,
    backends: &[Spanned<BackendWritten>],
) -> Result<Vec<FleetEngine>, ConfigError> {
    let mut all = Vec::new();
    for backend in backends.iter().map(Spanned::get_ref) {
        for engine in &backend.engines {
            all.push(one(source, folder, &backend.name, engine)?);
        }
    }
    Ok(all)
}

/// A file of records, and what names it in reports.
struct Records {
    log: Log,
    hash: String,
    named: String,
}

fn one(
    source: Source<'_>,
    folder: &Path,
    backend: &str,
    engine: &EngineWritten,
) -> Result<FleetEngine, ConfigError> {
    let records = match &engine.records {
        Some(file) => Some(read(source, folder, file)?),
        None => None,
    };
    let asked = Asked {
        shape: engine.shape.get_ref(),
        hits_from: engine.hits_from(),
        method: engine.method.as_ref().map(|m| m.get_ref().as_str()),
        layout: engine.layout.as_ref().map(|l| layout(*l.get_ref())),
        block: BLOCK_TOKENS as u64,
        tflops: engine.tflops.as_ref().map(|t| *t.get_ref()),
    };
    let path = hit_path(records.as_ref().map(|r| &r.log), &asked)
        .map_err(|error| misplaced(source, engine, &error))?;
    let (costs, cache_blocks) = (costs(&path, engine), cache_blocks(engine));
    let hash = records.as_ref().map(|r| r.hash.clone());
    Ok(FleetEngine {
        backend: backend.to_owned(),
        model: engine.model.as_ref().map(|m| m.get_ref().clone()),
        notes: notes(&path, engine, records.as_ref()),
        resolved: serde_json::json!({
            "backend": backend,
            "engine": engine,
            "records": hash,
            "costs": numbers(&costs, cache_blocks),
        }),
        costs,
        cache_blocks,
    })
}

fn read(source: Source<'_>, folder: &Path, file: &Spanned<String>) -> Result<Records, ConfigError> {
    let path = folder.join(file.get_ref());
    let text = std::fs::read_to_string(&path).map_err(|e| {
        source
            .at(&file.span(), format!("cannot read {}: {e}", path.display()))
            .with_hint("`weighbridge kernels run --out FILE` writes it; the path is relative to the experiment file")
    })?;
    let log = parse(&path, &text).map_err(|e| source.at(&file.span(), e.to_string()))?;
    let hash = format!("{:032x}", xxh3_128(text.as_bytes()));
    Ok(Records {
        named: format!("{}, {}, hash {hash}", file.get_ref(), log.header.host.cpu),
        log,
        hash,
    })
}

fn layout(written: LayoutWritten) -> Layout {
    match written {
        LayoutWritten::LayerFirst => Layout::LayerFirst,
        LayoutWritten::PageFirst => Layout::PageFirst,
        LayoutWritten::PageFirstDirect => Layout::PageFirstDirect,
    }
}

/// The error at the key it is about.
fn misplaced(source: Source<'_>, engine: &EngineWritten, error: &CostError) -> ConfigError {
    let hits_from = engine.hits_from.as_ref().map(Spanned::span);
    let layout = engine.layout.as_ref().map(Spanned::span);
    let method = engine.method.as_ref().map(Spanned::span);
    let (span, hint) = match error {
        CostError::UnknownShape { .. } => (None, ""),
        CostError::UnknownTier { .. } => (hits_from, ""),
        CostError::NotMeasured { bench, .. } => {
            let records = engine.records.as_ref().map(Spanned::span);
            let hint = match *bench {
                "C1" | "C2" => "`weighbridge kernels run --out FILE` without --only measures it",
                _ => {
                    "measure it on the machine with the GPU: `weighbridge kernels run --full --out FILE`"
                }
            };
            // Of several methods the asked one may be missing.
            (
                method.filter(|_| *bench == "G3").or(records).or(hits_from),
                hint,
            )
        }
        CostError::Mixture { .. } => (
            engine.tflops.as_ref().map(Spanned::span).or(hits_from),
            "remove it, or remove `records` to take everything of the device from presets",
        ),
        CostError::NoEffect { key } => (
            if *key == "layout" { layout } else { method },
            "it is for hits_from = \"host\" with records of a GPU",
        ),
    };
    let span = span.unwrap_or_else(|| engine.shape.span());
    let made = source.at(&span, error.to_string());
    if hint.is_empty() {
        made
    } else {
        made.with_hint(hint)
    }
}

/// The engine's numbers: the formulas are those of [`weighbridge_kernels::model::hit_cost`].
fn costs(path: &HitPath, engine: &EngineWritten) -> PrefillCosts {
    let (shape, compute) = (&path.shape, &path.compute);
    PrefillCosts {
        hash_s_per_token: path.lookup.hash_s_per_token,
        index_s_per_block: path.lookup.index_s_per_block,
        fetch_fixed_s: path.tier.as_ref().map_or(0.0, |t| t.fixed_s),
        fetch_s_per_block: path.fetch_s_per_block(),
        linear_s_per_token: 2.0 * shape.linear_params / compute.flops,
        attention_s_per_pair: 2.0 * shape.attention_coefficient() / compute.flops,
        floor_s: 2.0 * shape.linear_params / compute.memory_bytes_per_s,
        floor_s_per_token: shape.kv_bytes_per_token as f64 / compute.memory_bytes_per_s,
        device_blocks: engine.device_tokens.unwrap_or(DEVICE_TOKENS) / BLOCK_TOKENS,
        least_fetch_tokens: engine
            .least_fetch_tokens
            .as_ref()
            .map_or(0, |n| *n.get_ref()),
    }
}

fn cache_blocks(engine: &EngineWritten) -> usize {
    let device = engine.device_tokens.unwrap_or(DEVICE_TOKENS);
    let behind = match (engine.hits_from(), &engine.offload_tokens) {
        ("device", _) => 0,
        (_, Some(tokens)) => *tokens.get_ref(),
        (_, None) => OFFLOAD_TOKENS,
    };
    device / BLOCK_TOKENS + behind / BLOCK_TOKENS
}

/// Numbers for the hash of the experiment.
fn numbers(costs: &PrefillCosts, cache_blocks: usize) -> serde_json::Value {
    serde_json::json!({
        "hash_s_per_token": costs.hash_s_per_token,
        "index_s_per_block": costs.index_s_per_block,
        "fetch_fixed_s": costs.fetch_fixed_s,
        "fetch_s_per_block": costs.fetch_s_per_block,
        "linear_s_per_token": costs.linear_s_per_token,
        "attention_s_per_pair": costs.attention_s_per_pair,
        "floor_s": costs.floor_s,
        "floor_s_per_token": costs.floor_s_per_token,
        "device_blocks": costs.device_blocks,
        "cache_blocks": cache_blocks,
        "least_fetch_tokens": costs.least_fetch_tokens,
    })
}

/// What a report says, in the order of its parts' names.
fn notes(
    path: &HitPath,
    engine: &EngineWritten,
    records: Option<&Records>,
) -> Vec<(&'static str, String)> {
    let file = engine.records.as_ref().map(|r| r.get_ref().as_str());
    let said = break_even(path, file);
    let mut notes = vec![
        ("break_even", said.break_even),
        ("fetch", said.fetch),
        ("lookup", said.lookup),
        ("operations", said.compute),
        ("policy", said.policy),
        (
            "times",
            match path.is_measured() {
                true => "modelled from costs that are all measured".to_owned(),
                false => "modelled; not every cost is measured".to_owned(),
            },
        ),
    ];
    notes.extend(records.map(|r| ("records", r.named.clone())));
    notes
}

#[cfg(test)]
mod tests {
    use weighbridge_kernels::model::{Descriptors, Hit, hit_cost};
    use weighbridge_mock::engine::{Engine, Found};

    use super::*;

    fn asked(hits_from: &str) -> Asked<'_> {
        Asked {
            shape: "qwen3-32b",
            hits_from,
            method: None,
            layout: None,
            block: BLOCK_TOKENS as u64,
            tflops: Some(300.0),
        }
    }

    fn engine(device_tokens: usize) -> EngineWritten {
        EngineWritten {
            model: None,
            shape: Spanned::new(0..0, String::new()),
            records: None,
            hits_from: None,
            method: None,
            layout: None,
            tflops: None,
            device_tokens: Some(device_tokens),
            offload_tokens: None,
            least_fetch_tokens: None,
        }
    }

    #[test]
    fn the_fleet_takes_as_long_as_the_model_says() {
        for (name, prefix, suffix) in [
            ("nvme", 8192_usize, 1000_usize),
            ("host-pcie5", 32_768, 16),
            ("ethernet-25g", 16, 1),
        ] {
            let path = hit_path(None, &asked(name)).unwrap();
            let hit = Hit {
                prefix: prefix as f64,
                suffix: suffix as f64,
                copies: Descriptors { count: 0, bytes: 0 },
                overlapped: false,
            };
            let tier = path.tier.as_ref().unwrap();
            let model = hit_cost(&path.shape, &path.compute, tier, &path.lookup, &hit);
            let costs = costs(&path, &engine(0));
            let found = Found {
                device_tokens: 0,
                fetched_tokens: prefix,
            };
            let time = costs.time(prefix + suffix, found);
            let whole = time.lookup_s + time.fetch_s + time.compute_s;
            assert!((whole - model.hit_s).abs() < 1e-12 * model.hit_s, "{name}");
            assert!((time.fetch_s - model.fetch_s).abs() < 1e-12 * model.fetch_s);
            if suffix < 1000 {
                // The model's miss reads the weights twice here: once for the suffix, whose floor it
                // is, and once for the prefix. The engine reads them once.
                continue;
            }
            // A miss counts the diagonal of the prefix once more; that is all.
            let miss = costs.time(prefix + suffix, Found::default()).compute_s;
            let diagonal = path.shape.attention_coefficient() * prefix as f64 / path.compute.flops;
            assert!(
                (miss - diagonal - model.miss_s).abs() < 1e-9 * miss,
                "{name}"
            );
        }
    }

    const ENGINES: &str = r#"
name = "x"
[dataset]
path = "s.jsonl"
[[backend]]
name = "b"
kind = "embedded"
[[backend.engine]]
model = "nano"
shape = "llama3-8b"
hits_from = "host-pcie5"
device_tokens = 0
[[backend.engine]]
model = "large"
shape = "llama3-8b"
hits_from = "host-small-descriptors"
device_tokens = 0
least_fetch_tokens = 4096
"#;

    /// Time to the first token of a second, longer prompt behind a first one, in virtual time.
    async fn repeated(tier: &weighbridge_mock::Tier, prefix: u64, whole: u64) -> f64 {
        let engine = std::sync::Arc::new(Engine::new(tier.engine.clone(), 1.0));
        let prompt = |n: u64| (0..n).collect::<Vec<u64>>();
        drop(engine.clone().admit(prompt(prefix), String::new()).await);
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        let start = tokio::time::Instant::now();
        let seat = engine.admit(prompt(whole), String::new()).await;
        (seat.first_token_at - start).as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn in_virtual_time_a_fleet_of_an_experiment_is_as_slow_as_its_hits_cost() {
        let source = Source {
            path: Path::new("e.toml"),
            text: ENGINES,
        };
        let written = crate::config::parse(source).unwrap();
        let engines = engines(source, Path::new(""), &written.backends).unwrap();
        let tiers = crate::hit_costs::tiers(&engines, "b");
        let (fast, slow) = (&tiers[0], &tiers[3]);
        assert!(tiers[1].engine.costs.is_none(), "only named models change");
        let model = |name: &str, prefix: f64, suffix: f64| {
            let path = hit_path(
                None,
                &Asked {
                    shape: "llama3-8b",
                    tflops: None,
                    ..asked(name)
                },
            );
            let path = path.unwrap();
            let hit = Hit {
                prefix,
                suffix,
                copies: Descriptors { count: 0, bytes: 0 },
                overlapped: false,
            };
            let tier = path.tier.as_ref().unwrap();
            hit_cost(&path.shape, &path.compute, tier, &path.lookup, &hit)
        };
        // Virtual time counts in nanoseconds.
        let near = |a: f64, b: f64| (a - b).abs() < 1e-8;
        for (tier, name) in [(fast, "host-pcie5"), (slow, "host-small-descriptors")] {
            let want = model(name, 8192.0, 1024.0).hit_s;
            let got = repeated(tier, 8192, 9216).await;
            assert!(near(got, want), "{name}: {got} s, not {want} s");
        }
        // Under its threshold the slow engine computes everything again.
        let again = repeated(slow, 1024, 2048).await;
        let miss = model("host-small-descriptors", 0.0, 2048.0).hit_s;
        assert!(near(again, miss), "{again} s, not {miss} s");
        let fetched = repeated(fast, 1024, 2048).await;
        assert!(near(fetched, model("host-pcie5", 1024.0, 1024.0).hit_s));
    }
}
