//! What makes a change the same change, and data the same data.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use weighbridge_datasets::Sample;
use weighbridge_record::PolicyRole;
use weighbridge_reports::assemble::gate_hash;
use xxhash_rust::xxh3::xxh3_128;

use crate::config::{Experiment, PolicyWritten};

/// Fingerprint of samples that does not depend on their order: shuffling a file is no new change.
pub(super) fn of_samples(samples: &[Sample]) -> String {
    of_set(
        samples
            .iter()
            .map(|s| serde_json::to_vec(s).unwrap_or_default()),
    )
}

/// Hash of a set of texts. Samples and outcomes hold strings and finite numbers only, so that they
/// always have a JSON form.
fn of_set(texts: impl Iterator<Item = Vec<u8>>) -> String {
    let mut hashes: Vec<u128> = texts.map(|text| xxh3_128(&text)).collect();
    hashes.sort_unstable();
    let bytes: Vec<u8> = hashes.iter().flat_map(|h| h.to_le_bytes()).collect();
    format!("{:032x}", xxh3_128(&bytes))
}

fn of_json(value: &Value) -> String {
    format!("{:032x}", xxh3_128(value.to_string().as_bytes()))
}

/// Key of the change: baseline and candidates with every policy they name, the judged samples, the
/// gate policy, models with prices, live or replay, and how answers are drawn. The seed, names of
/// files and addresses are left out: another seed is another throw of the same dice.
pub(super) fn key(experiment: &Experiment) -> String {
    let backend = |name: Option<&String>| {
        let mut backends = experiment.backends.iter();
        backends.find(|b| Some(&b.name) == name).map(|b| b.shown())
    };
    let models: Vec<Value> = experiment
        .models
        .iter()
        .map(|m| {
            let mut model = json!({
                "name": m.name, "model": m.model, "price": m.price,
                "capabilities": m.capabilities, "kind": backend(m.backend.as_ref()),
            });
            if !m.body.is_empty() {
                model["body"] = m.body.clone().into();
            }
            model
        })
        .collect();
    of_json(&json!({
        "mode": experiment.run.mode,
        "repeats": experiment.repeats,
        "temperature": experiment.run.temperature,
        "max_output_tokens": experiment.run.max_output_tokens,
        "samples": of_samples(experiment.judged.samples()),
        "slices": experiment.slices,
        "gate": gate_hash(&experiment.gate),
        "models": models,
        "policies": policies(experiment),
    }))
}

/// Definitions of baseline and candidates, and of the policies that they name, transitively.
fn policies(experiment: &Experiment) -> Vec<Value> {
    let is_weighed =
        |p: &&PolicyWritten| matches!(p.role, PolicyRole::Baseline | PolicyRole::Candidate);
    let written = &experiment.policies;
    let mut wanted: BTreeSet<&str> = written
        .iter()
        .filter(is_weighed)
        .map(|p| p.name.as_str())
        .collect();
    loop {
        let named: BTreeSet<&str> = written
            .iter()
            .filter(|p| wanted.contains(p.name.as_str()))
            .flat_map(|p| {
                let config = json!(p.config);
                let others = written.iter().map(|p| p.name.as_str());
                others.filter(move |name| mentions(&config, name))
            })
            .collect();
        let before = wanted.len();
        wanted.extend(named);
        if wanted.len() == before {
            break;
        }
    }
    let definitions = written.iter().filter(|p| wanted.contains(p.name.as_str()));
    definitions
        .map(|p| {
            json!({
                "name": p.name, "role": p.role, "config": p.config, "fit": p.fit,
                "overhead_ms": p.overhead_ms, "overhead_cost_usd": p.overhead_cost_usd,
            })
        })
        .collect()
}

fn mentions(config: &Value, name: &str) -> bool {
    match config {
        Value::String(text) => text == name,
        Value::Array(items) => items.iter().any(|item| mentions(item, name)),
        Value::Object(map) => map.iter().any(|(k, v)| k == name || mentions(v, name)),
        _ => false,
    }
}

/// What the attempt's data are. A replay is the recorded outcomes of the judged samples, the seed and
/// the way of judging (who may choose between two verdicts on the same data has two tries); a live run
/// is always new.
pub(super) fn evidence(experiment: &Experiment, key: &str) -> String {
    if experiment.is_replay() {
        let judged = experiment.outcomes.iter();
        let judged = judged.filter(|o| experiment.judged.get(&o.sample).is_some());
        let outcomes = of_set(judged.map(|o| serde_json::to_vec(o).unwrap_or_default()));
        return of_json(&json!([
            key,
            outcomes,
            experiment.seed,
            experiment.run.sequential
        ]));
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |t| t.as_nanos());
    of_json(&json!([key, now.to_string(), std::process::id()]))
}
