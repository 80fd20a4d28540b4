//! All policies of a run over all samples.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use weighbridge_datasets::SliceSet;
use weighbridge_record::{GatePolicy, LogError, RunHeader, RunReader, SampleLine, Trial};

use super::{Arm, Money};

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
    /// Judged samples of the run that this table leaves out.
    elsewhere: Vec<SampleLine>,
    /// Trials in the log that this table leaves out, and what they cost.
    unused: (u64, Money),
    arms: Vec<Arm>,
    // Only looked up, never iterated: its order cannot reach an output.
    sample_ids: HashMap<Arc<str>, u32>,
    policy_ids: HashMap<Arc<str>, usize>,
    foreign: u64,
    // Where the next trial probably belongs: logs are in order of sample, then policy.
    next_sample: usize,
    next_arm: usize,
}

impl RunTable {
    /// File of facts about the client, beside the log of a live run: a JSON object of texts.
    pub const NOTES: &'static str = "client.json";

    /// Note in the header that holds the hash of the gate policy the run was made under.
    pub const GATE_HASH: &'static str = "gate_hash";
    /// Note in which the measuring client says [`VALID`](Self::VALID), or why it was not.
    pub const VALIDITY: &'static str = "client.validity";
    /// Note in which a live run says that servers knew its prompts before, where they did.
    pub const PREFIX_PROBLEM: &'static str = "client.prefix_problem";
    /// Note of a change of the times to first token while the load stayed the same.
    pub const DRIFT: &'static str = "client.drift";
    /// Note of prefix caches that found less than they could.
    pub const PREFIX_WARNING: &'static str = "client.prefix_warning";
    /// Beginning of the notes that hold what explicit caches cost, by model: a JSON object with
    /// `tokens`, `write_usd` and `storage_usd`. All policies share them.
    pub const EXPLICIT_CACHE: &'static str = "explicit_cache.";
    /// What a client says that kept up.
    pub const VALID: &'static str = "valid";

    /// An empty table for a run.
    pub fn new(header: RunHeader, samples: Vec<SampleLine>) -> Self {
        let len = samples.len() * header.repeats.max(1) as usize;
        let arms = header.policies.iter();
        let arms = arms.map(|_| Arm::new(len, header.fleet.len())).collect();
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
        Self {
            header,
            samples,
            elsewhere: Vec::new(),
            unused: (0, Money::default()),
            arms,
            sample_ids,
            policy_ids,
            foreign: 0,
            next_sample: 0,
            next_arm: 0,
        }
    }

    /// Streams a run directory.
    ///
    /// # Errors
    /// [`LogError`] naming file and line.
    pub fn load(dir: &Path) -> Result<Self, LogError> {
        Self::load_where(dir, |_| true)
    }

    /// Streams a run directory and leaves out the trials of samples that `keep` refuses; they are
    /// counted as [unused](Self::unused).
    ///
    /// # Errors
    /// [`LogError`] naming file and line.
    pub fn load_where(dir: &Path, keep: impl Fn(&str) -> bool) -> Result<Self, LogError> {
        let mut reader = RunReader::open(dir)?;
        let samples = RunReader::samples(dir)?;
        let mut header = reader.header().clone();
        header.notes.extend(notes(dir));
        let mut table = Self::new(header, samples);
        while let Some(at) = reader.next_trial()? {
            if !keep(&at.trial.sample) {
                table.unused.0 += 1;
                table.unused.1 += Money::of_usd(at.trial.cost_usd);
                continue;
            }
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
        let (Some(sample), Some(arm)) = (self.sample_at(&trial.sample), self.arm_at(&trial.policy))
        else {
            self.foreign += 1;
            return;
        };
        if trial.repeat >= self.header.repeats.max(1) {
            self.foreign += 1;
            return;
        }
        let at = trial.repeat as usize * self.samples.len() + sample;
        let arm = &mut self.arms[arm];
        if arm.state[at] == super::ScoreState::Missing {
            // A scan beats hashing in a fleet.
            let fleet = &self.header.fleet;
            let model = |name: &str| {
                let position = fleet.iter().position(|m| m.name == name)?;
                u16::try_from(position).ok()
            };
            arm.fill(at, trial, place, model);
            arm.reliability.add(trial, sample, model);
        }
    }

    /// Position of a sample; the guess is the sample of the trial before, or the one after it.
    fn sample_at(&mut self, id: &Arc<str>) -> Option<usize> {
        let at = self.next_sample;
        let guess = [at, at + 1].into_iter().find(|&i| {
            let known = self.samples.get(i);
            known.is_some_and(|s| s.id == *id)
        });
        let found = guess.or_else(|| self.sample_ids.get(id).map(|&i| i as usize))?;
        self.next_sample = found;
        Some(found)
    }

    /// Position of an arm; the guess is the one after that of the trial before, or the same.
    fn arm_at(&mut self, name: &Arc<str>) -> Option<usize> {
        let policies = &self.header.policies;
        let after = if self.next_arm + 1 < policies.len() {
            self.next_arm + 1
        } else {
            0
        };
        let guess = [after, self.next_arm]
            .into_iter()
            .find(|&i| policies.get(i).is_some_and(|p| p.name == **name));
        let found = guess.or_else(|| self.policy_ids.get(name).copied())?;
        self.next_arm = found;
        Some(found)
    }

    /// Adds the facts about the client that lie beside a log, as [`Self::load`] does.
    pub(crate) fn note_clients(&mut self, dir: &Path) {
        self.header.notes.extend(notes(dir));
    }

    /// The same run, held against another gate policy.
    #[must_use]
    pub fn with_gate(mut self, gate: GatePolicy) -> Self {
        self.header.gate = gate;
        self
    }

    /// Hash of the gate policy that the run was made under.
    pub fn made_under(&self) -> String {
        let kept = self.header.notes.get(Self::GATE_HASH).cloned();
        kept.unwrap_or_else(|| self.header.gate.hash())
    }

    /// The run's header.
    pub fn header(&self) -> &RunHeader {
        &self.header
    }

    /// The judged samples, in the order of the dataset.
    pub fn samples(&self) -> &[SampleLine] {
        &self.samples
    }

    /// The judged samples, then those of the run that this table [leaves out](Self::only).
    pub fn all_samples(&self) -> impl Iterator<Item = &SampleLine> {
        self.samples.iter().chain(&self.elsewhere)
    }

    /// Trials in the log that this table leaves out, and what they cost in US dollars.
    pub fn unused(&self) -> (u64, f64) {
        (self.unused.0, self.unused.1.usd())
    }

    /// The same run over some of its samples, by position; the others must have no trial here.
    #[must_use]
    pub fn only(&self, samples: &[u32]) -> Self {
        let mut kept = vec![false; self.samples.len()];
        for &sample in samples {
            kept[sample as usize] = true;
        }
        let (mut inside, mut elsewhere) = (Vec::new(), self.elsewhere.clone());
        for (sample, kept) in self.samples.iter().zip(&kept) {
            let to = if *kept { &mut inside } else { &mut elsewhere };
            to.push(sample.clone());
        }
        let at: Vec<usize> = (0..self.repeats())
            .flat_map(|repeat| (0..kept.len()).map(move |sample| (repeat, sample)))
            .filter(|(_, sample)| kept[*sample])
            .map(|(repeat, sample)| repeat * kept.len() + sample)
            .collect();
        let mut table = Self::new(self.header.clone(), inside);
        table.arms = self.arms.iter().map(|arm| arm.pick(&at)).collect();
        table.elsewhere = elsewhere;
        table.unused = self.unused;
        table.foreign = self.foreign;
        table
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
pub(crate) fn notes(dir: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(dir.join(RunTable::NOTES)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}
