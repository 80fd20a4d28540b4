//! The header of a run: everything that makes it reproducible.

use std::collections::BTreeMap;

use weighbridge_record::{DatasetInfo, GatePolicy, HostInfo, Mode, ModelEntry, RunHeader, SCHEMA};
use weighbridge_reports::table::RunTable;
use xxhash_rust::xxh3::xxh3_128;

use super::Planned;
use crate::config::Experiment;

/// Makes the header. A replay carries neither clock nor host, so that it is the same everywhere.
pub(crate) fn header(experiment: &Experiment, planned: &[Planned]) -> RunHeader {
    let resolved = resolved(experiment, planned);
    let hash = format!("{:032x}", xxh3_128(resolved.to_string().as_bytes()));
    let manifest = experiment.judged.manifest();
    let live = !experiment.is_replay();
    RunHeader {
        schema: SCHEMA,
        weighbridge: env!("CARGO_PKG_VERSION").to_owned(),
        name: experiment.name.clone(),
        mode: if live { Mode::Live } else { Mode::Replay },
        seed: experiment.seed,
        repeats: experiment.repeats,
        experiment_hash: hash,
        experiment: resolved,
        dataset: DatasetInfo {
            name: manifest.name.clone(),
            source: manifest.source.clone(),
            licence: manifest.licence.clone(),
            fingerprint: experiment.judged.fingerprint(),
            samples: experiment.judged.samples().len() as u64,
        },
        fleet: fleet(experiment),
        policies: planned.iter().map(|p| p.entry.clone()).collect(),
        slices: experiment.slices.clone(),
        gate: experiment.gate.clone(),
        prices_as_of: experiment.prices_as_of.clone(),
        findings: manifest.findings.clone(),
        started_unix_ms: None,
        host: live.then(host),
        change: None,
        notes: notes(experiment, &experiment.gate),
    }
}

/// What decides the outcome of a run, as JSON with sorted keys. Budgets and concurrency are left
/// out: raising a budget must not keep a run from being resumed.
fn resolved(experiment: &Experiment, planned: &[Planned]) -> serde_json::Value {
    let policies: Vec<_> = planned
        .iter()
        .map(|p| serde_json::json!({ "name": p.entry.name, "kind": p.entry.kind, "hash": p.entry.hash }))
        .collect();
    let run = &experiment.run;
    let mut resolved = serde_json::json!({
        "name": experiment.name,
        "seed": experiment.seed,
        "repeats": experiment.repeats,
        "dataset": experiment.judged.fingerprint(),
        "split": experiment.split,
        "mode": run.mode,
        "isolate_cache": run.isolate_cache,
        "max_output_tokens": run.max_output_tokens,
        "temperature": run.temperature,
        "backends": experiment.backends,
        "models": experiment.models,
        "policies": policies,
        "slices": experiment.slices,
    });
    if let Some(load) = &experiment.load.resolved {
        resolved["load"] = load.clone();
    }
    if let Some(nonce) = &run.prefix.nonce {
        resolved["nonce"] = nonce.get_ref().as_str().into();
    }
    if !experiment.faults.is_empty() {
        resolved["faults"] = serde_json::json!(experiment.faults);
        resolved["retries"] = run.retries.into();
        resolved["timeout_s"] = run.timeout_s.into();
    }
    if !experiment.engines.is_empty() {
        let engines = experiment.engines.iter().map(|e| e.resolved.clone());
        resolved["hit_costs"] = engines.collect();
    }
    if run.sequential {
        resolved["sequential"] = true.into();
    }
    resolved
}

fn fleet(experiment: &Experiment) -> Vec<ModelEntry> {
    let dialect = |model: &crate::config::ModelWritten| {
        let backend = experiment.backend_of(model);
        backend
            .filter(|_| !experiment.is_replay())
            .map_or("recorded", |b| b.shown())
            .to_owned()
    };
    let entry = |m: &crate::config::ModelWritten| ModelEntry {
        name: m.name.clone(),
        dialect: dialect(m),
        price: m.price,
    };
    experiment.models.iter().map(entry).collect()
}

fn notes(experiment: &Experiment, gate: &GatePolicy) -> BTreeMap<String, String> {
    let mut notes = BTreeMap::new();
    // Kept beside the policy itself: a run judged by another one later still says what it was made under.
    notes.insert(RunTable::GATE_HASH.to_owned(), gate.hash());
    for (key, model) in [("weak", &experiment.weak), ("strong", &experiment.strong)] {
        if let Some(model) = model {
            notes.insert(key.to_owned(), model.clone());
        }
    }
    notes.extend(experiment.engines.iter().flat_map(|e| e.named_notes()));
    if let Some(split) = &experiment.split {
        notes.insert("split".to_owned(), split.clone());
    }
    notes
}

fn host() -> HostInfo {
    HostInfo {
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        processors: std::thread::available_parallelism().map_or(1, |n| n.get() as u32),
    }
}
