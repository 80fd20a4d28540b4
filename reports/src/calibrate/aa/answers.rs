//! Hashes of the answers, read from the log again: the columns of a run hold no texts.

use std::collections::HashMap;
use std::path::Path;

use weighbridge_record::{LogError, RunReader};
use xxhash_rust::xxh3::xxh3_64;

use crate::table::RunTable;

/// Hash of each answer by policy and position; `None` where there is none.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    by_policy: Vec<Vec<Option<u64>>>,
}

impl Answers {
    /// Streams the log of a run.
    ///
    /// # Errors
    /// [`LogError`] naming file and line.
    pub fn read(dir: &Path, table: &RunTable) -> Result<Self, LogError> {
        let samples = table.samples().len();
        let ids: HashMap<&str, usize> = (table.samples().iter().enumerate())
            .map(|(i, s)| (&*s.id, i))
            .collect();
        let policies = &table.header().policies;
        let mut by_policy = vec![vec![None; samples * table.repeats()]; policies.len()];
        let mut reader = RunReader::open(dir)?;
        while let Some(at) = reader.next_trial()? {
            let trial = at.trial;
            let policy = policies.iter().position(|p| *p.name == *trial.policy);
            let sample = ids.get(&*trial.sample);
            let (Some(policy), Some(&sample)) = (policy, sample) else {
                continue;
            };
            let place = trial.repeat as usize * samples + sample;
            if let Some(slot) = by_policy[policy].get_mut(place)
                && slot.is_none()
            {
                *slot = trial.answer.as_deref().map(|text| xxh3_64(text.as_bytes()));
            }
        }
        Ok(Self { by_policy })
    }

    pub(super) fn at(&self, policy: usize, place: usize) -> Option<u64> {
        *self.by_policy.get(policy)?.get(place)?
    }
}
