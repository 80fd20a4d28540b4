//! All policies of a run over all samples.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use weighbridge_datasets::SliceSet;
use weighbridge_record::{GatePolicy, LogError, RunHeader, RunReader, SampleLine, Trial};

use super::Arm;

/// Where a trial's line is in the log, so that the few texts a report shows can be read again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// Byte offset.
    pub offset: u64,
    /// Length in bytes; 0 where the trial is in no log.
    pub len: u32,
}

/// A run as columns.
#[derive(Debug, Clone)]
pub struct RunTable {
    header: RunHeader,
    samples: Vec<SampleLine>,
    arms: Vec<Arm>,
    // Only looked up, never iterated: its order cannot reach an output.
    sample_ids: HashMap<Arc<str>, u32>,
    policy_ids: HashMap<Arc<str>, usize>,
    model_ids: HashMap<String, u16>,
    foreign: u64,
}

impl RunTable {
    /// File of facts about the client, beside the log of a live run: a JSON object of texts.
    pub const NOTES: &'static str = "client.json";

    /// An empty table for a run.
    pub fn new(header: RunHeader, samples: Vec<SampleLine>) -> Self {
        let len = samples.len() * header.repeats.max(1) as usize;
        let arms = header.policies.iter().map(|_| Arm::new(len)).collect();
        let sample_ids = (0u32..)
            .zip(&samples)
            .map(|(i, s)| (Arc::clone(&s.id), i))
            .collect();
        let policy_ids = header
            .policies
            .iter()
            .enumerate()
            .map(|(i, p)| (p.name.as_str().into(), i))
            .collect();
        let model_ids = (0u16..)
            .zip(&header.fleet)
            .map(|(i, m)| (m.name.clone(), i))
            .collect();
        Self {
            header,
            samples,
            arms,
            sample_ids,
            policy_ids,
            model_ids,
            foreign: 0,
        }
    }

    /// Streams a run directory.
    ///
    /// # Errors
    /// [`LogError`] naming file and line.
    pub fn load(dir: &Path) -> Result<Self, LogError> {
        let mut reader = RunReader::open(dir)?;
        let samples = RunReader::samples(dir)?;
        let mut header = reader.header().clone();
        header.notes.extend(notes(dir));
        let mut table = Self::new(header, samples);
        while let Some(at) = reader.next_trial()? {
            table.push(
                &at.trial,
                Place {
                    offset: at.offset,
                    len: at.len,
                },
            );
        }
        Ok(table)
    }

    /// Adds one trial. The first of a (sample, policy, repeat) counts; trials of unknown samples or
    /// policies are counted as [foreign](Self::foreign).
    pub fn push(&mut self, trial: &Trial, place: Place) {
        let sample = self.sample_ids.get(&trial.sample).copied();
        let arm = self.policy_ids.get(&trial.policy).copied();
        let (Some(sample), Some(arm)) = (sample, arm) else {
            self.foreign += 1;
            return;
        };
        if trial.repeat >= self.header.repeats.max(1) {
            self.foreign += 1;
            return;
        }
        let at = trial.repeat as usize * self.samples.len() + sample as usize;
        let arm = &mut self.arms[arm];
        if arm.state[at] == super::ScoreState::Missing {
            let models = &self.model_ids;
            arm.fill(at, trial, place, |name| models.get(name).copied());
        }
    }

    /// The same run, held against another gate policy.
    #[must_use]
    pub fn with_gate(mut self, gate: GatePolicy) -> Self {
        self.header.gate = gate;
        self
    }

    /// The run's header.
    pub fn header(&self) -> &RunHeader {
        &self.header
    }

    /// The judged samples, in the order of the dataset.
    pub fn samples(&self) -> &[SampleLine] {
        &self.samples
    }

    /// Repeats of each trial, at least 1.
    pub fn repeats(&self) -> usize {
        self.header.repeats.max(1) as usize
    }

    /// The arms, in the order of [`RunHeader::policies`].
    pub fn arms(&self) -> &[Arm] {
        &self.arms
    }

    /// An arm by policy name.
    pub fn arm(&self, policy: &str) -> Option<&Arm> {
        self.policy_ids.get(policy).map(|&i| &self.arms[i])
    }

    /// Trials that belong to no sample or policy of the header.
    pub fn foreign(&self) -> u64 {
        self.foreign
    }

    /// Registered slices.
    pub fn slices(&self) -> SliceSet {
        SliceSet::build(&self.header.slices, &self.samples)
    }

    /// Cluster number of each sample; samples without a cluster have one of their own. `None` when
    /// no two samples share a cluster.
    pub fn clusters(&self) -> Option<Vec<u32>> {
        let mut ids: HashMap<&str, u32> = HashMap::new();
        let mut next = 0u32;
        let mut fresh = || {
            next += 1;
            next - 1
        };
        let clusters: Vec<u32> = self
            .samples
            .iter()
            .map(|s| match s.cluster.as_deref() {
                Some(name) => *ids.entry(name).or_insert_with(&mut fresh),
                None => fresh(),
            })
            .collect();
        (next as usize != self.samples.len()).then_some(clusters)
    }
}

/// Facts about the client, where the run directory has any.
fn notes(dir: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(dir.join(RunTable::NOTES)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}
