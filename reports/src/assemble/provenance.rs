//! Where a report comes from.

use weighbridge_record::{GatePolicy, RunHeader};

use crate::model::Provenance;

/// Hash of a gate policy: [`GatePolicy::hash`].
pub fn gate_hash(gate: &GatePolicy) -> String {
    gate.hash()
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
