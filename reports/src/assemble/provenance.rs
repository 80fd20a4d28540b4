//! Where a report comes from.

use weighbridge_record::{GatePolicy, RunHeader};
use xxhash_rust::xxh3::xxh3_128;

use crate::model::Provenance;

/// Hash of a gate policy: xxh3-128 of its JSON form, in hexadecimal. Two runs were held to the same
/// policy when their hashes agree.
pub fn gate_hash(gate: &GatePolicy) -> String {
    // A gate policy holds numbers, names and maps with text keys only: it always has a JSON form.
    let json = serde_json::to_vec(gate).unwrap_or_default();
    format!("{:032x}", xxh3_128(&json))
}

pub(super) fn of(header: &RunHeader) -> Provenance {
    let notes = header.notes.iter();
    Provenance {
        weighbridge: header.weighbridge.clone(),
        mode: header.mode,
        experiment_hash: header.experiment_hash.clone(),
        gate_hash: gate_hash(&header.gate),
        seed: header.seed,
        repeats: header.repeats,
        dataset: header.dataset.clone(),
        fleet: header.fleet.clone(),
        policies: header.policies.clone(),
        prices_as_of: header.prices_as_of.clone(),
        started_unix_ms: header.started_unix_ms,
        host: header.host.clone(),
        notes: notes.map(|(k, v)| (k.clone(), v.clone())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_margin_changes_the_hash() {
        let gate = GatePolicy::default();
        let looser = GatePolicy {
            overall_margin: 0.03,
            ..gate.clone()
        };
        assert_eq!(gate_hash(&gate), gate_hash(&GatePolicy::default()));
        assert_ne!(gate_hash(&gate), gate_hash(&looser));
    }
}
