//! The header of the joined run.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weighbridge_record::{DatasetInfo, Mode, ModelEntry, PolicyEntry, PolicyRole, RunHeader};
use xxhash_rust::xxh3::xxh3_128;

use super::side::Side;
use crate::model::RunJoin;
use crate::table::notes as client_notes;

/// Name of the joined policy: the same policy may come from both runs.
pub(super) fn name(policy: &PolicyEntry, run: char) -> String {
    format!("{} ({run})", policy.name)
}

/// Key of the header's `experiment` under which the join is kept.
const KEY: &str = "join";

/// How a run was joined, where it was.
pub(crate) fn join_of(header: &RunHeader) -> Option<RunJoin> {
    serde_json::from_value(header.experiment.get(KEY)?.clone()).ok()
}

/// The header: B's, with both policies, both fleets, and how the runs were joined.
pub(super) fn joined(a: &Side, b: &Side, at: (usize, usize), join: &RunJoin) -> RunHeader {
    let experiment = json!({ KEY: join });
    let hash = |value: &Value| format!("{:032x}", xxh3_128(value.to_string().as_bytes()));
    let entry = |side: &Side, at: usize, run: char, role: PolicyRole| {
        let policy = &side.header.policies[at];
        PolicyEntry {
            name: name(policy, run),
            role,
            ..policy.clone()
        }
    };
    let same_host = a.header.host == b.header.host;
    RunHeader {
        name: if a.header.name == b.header.name {
            format!("{}, run B against run A", b.header.name)
        } else {
            format!("{} (B) against {} (A)", b.header.name, a.header.name)
        },
        mode: mode(&a.header, &b.header),
        repeats: repeats(&a.header, &b.header),
        experiment_hash: hash(&experiment),
        dataset: dataset(a, b, join),
        fleet: fleet(&a.header, &b.header),
        policies: vec![
            entry(a, at.0, 'A', PolicyRole::Baseline),
            entry(b, at.1, 'B', PolicyRole::Candidate),
        ],
        findings: findings(&a.header, &b.header),
        host: b.header.host.clone().filter(|_| same_host),
        notes: notes(a, b),
        experiment,
        // The joined samples are judged as a whole, whatever order B visited them in.
        change: None,
        ..b.header.clone()
    }
}

fn mode(a: &RunHeader, b: &RunHeader) -> Mode {
    if a.mode == b.mode { b.mode } else { Mode::Live }
}

/// The repeats that both have.
pub(super) fn repeats(a: &RunHeader, b: &RunHeader) -> u32 {
    a.repeats.min(b.repeats).max(1)
}

fn dataset(a: &Side, b: &Side, join: &RunJoin) -> DatasetInfo {
    let (old, new) = (&a.header.dataset, &b.header.dataset);
    let whole = join.excluded() == 0 && old.fingerprint == new.fingerprint;
    DatasetInfo {
        name: if old.name == new.name {
            new.name.clone()
        } else {
            format!("{} and {}", old.name, new.name)
        },
        fingerprint: if whole {
            new.fingerprint.clone()
        } else {
            format!(
                "{} (B), {} (A), matched samples only",
                new.fingerprint, old.fingerprint
            )
        },
        samples: join.matched,
        ..new.clone()
    }
}

/// B's models, then those that only A has.
fn fleet(a: &RunHeader, b: &RunHeader) -> Vec<ModelEntry> {
    let missing = |m: &&ModelEntry| b.fleet.iter().all(|other| other.name != m.name);
    let only_a = a.fleet.iter().filter(missing);
    b.fleet.iter().chain(only_a).cloned().collect()
}

fn findings(a: &RunHeader, b: &RunHeader) -> Vec<weighbridge_datasets::health::Finding> {
    let mut findings = b.findings.clone();
    for finding in &a.findings {
        if !findings.contains(finding) {
            findings.push(finding.clone());
        }
    }
    findings
}

/// The notes that steer an analysis as B has them; facts about the clients by run.
fn notes(a: &Side, b: &Side) -> BTreeMap<String, String> {
    let mut notes = b.header.notes.clone();
    for (side, run) in [(a, 'A'), (b, 'B')] {
        for (key, value) in client_notes(&side.dir) {
            notes.insert(format!("{run}: {key}"), value);
        }
    }
    notes
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::Arc;
    use weighbridge_record::{Attempt, Decision, Score, Step, Trial};

    /// A header with policies of these names and roles over the fleet `small`, `big`.
    pub(crate) fn header(policies: &[(&str, PolicyRole)]) -> RunHeader {
        let model = |name: &str| ModelEntry {
            name: name.to_owned(),
            dialect: "recorded".to_owned(),
            price: None,
        };
        RunHeader {
            weighbridge: "test".to_owned(),
            seed: 3,
            experiment_hash: "h".to_owned(),
            fleet: vec![model("small"), model("big")],
            policies: policies
                .iter()
                .map(|(name, role)| PolicyEntry {
                    name: (*name).to_owned(),
                    kind: "single".to_owned(),
                    role: *role,
                    hash: "p".to_owned(),
                    notes: Vec::new(),
                })
                .collect(),
            ..RunHeader::new("made", Mode::Replay)
        }
    }

    /// A trial of one call.
    pub(crate) fn trial(sample: &str, policy: &str, model: &str, score: f64) -> Trial {
        let model: Arc<str> = model.into();
        Trial {
            sample: sample.into(),
            policy: policy.into(),
            repeat: 0,
            model: Some(Arc::clone(&model)),
            score: Score::Value(score),
            cost_usd: 0.0,
            ttft_ms: None,
            router_ms: None,
            e2e_ms: None,
            decisions: vec![
                Decision::new(Step::Call(Arc::clone(&model)), "only model"),
                Decision::new(Step::Accept(0), "first answer"),
            ],
            attempts: vec![Attempt::new(model)],
            answer: None,
            start_ms: None,
            arrival: None,
        }
    }
}
