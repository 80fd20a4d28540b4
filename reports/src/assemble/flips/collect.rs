//! All flips of a run.

use weighbridge_record::{PolicyRole, RunReader};

use super::{choose, side};
use crate::compare::Frame;
use crate::model::Flip;

/// Flips of all candidates.
pub(in crate::assemble) struct Flips {
    pub(in crate::assemble) flips: Vec<Flip>,
    pub(in crate::assemble) counts: Vec<(String, u64, u64)>,
    /// Trials whose text could not be read again.
    pub(in crate::assemble) unread: usize,
}

/// Losses of each candidate, worst first, then its gains, in the order of the run.
pub(in crate::assemble) fn collect(frame: &Frame<'_>, mut reader: Option<&mut RunReader>) -> Flips {
    let mut found = Flips {
        flips: Vec::new(),
        counts: Vec::new(),
        unread: 0,
    };
    let Some(baseline) = frame.baseline() else {
        return found;
    };
    let header = frame.table.header();
    let names = choose::slice_names(frame);
    for (candidate, entry) in header.policies.iter().enumerate() {
        if entry.role != PolicyRole::Candidate {
            continue;
        }
        let differences = choose::differences(frame, baseline, candidate);
        let count =
            |worse: bool| differences.iter().filter(|f| (f.0 < 0.0) == worse).count() as u64;
        found
            .counts
            .push((entry.name.clone(), count(true), count(false)));
        for (difference, sample) in choose::choose(frame, &differences) {
            let at = choose::repeat(frame, baseline, candidate, sample);
            let mut side = |policy: usize| {
                side::side(frame, policy, at, reader.as_deref_mut(), &mut found.unread)
            };
            let (base, cand) = (side(baseline), side(candidate));
            let line = &frame.table.samples()[sample as usize];
            found.flips.push(Flip {
                candidate_policy: entry.name.clone(),
                sample: line.id.to_string(),
                slices: names[sample as usize]
                    .iter()
                    .map(|s| (*s).to_owned())
                    .collect(),
                prompt: line.prompt.clone(),
                expected: line.expected.clone(),
                difference,
                baseline: base,
                candidate: cand,
            });
        }
    }
    found
}
