//! Sequential runs, built sample by sample.

use std::collections::BTreeMap;
use std::sync::Arc;

use weighbridge_datasets::SliceRule;
use weighbridge_record::{
    ChangeInfo, GatePolicy, JudgedBy, Mode, PolicyEntry, PolicyRole, RunHeader, SampleLine, Score,
    SequentialStart, Trial,
};
use weighbridge_reports::table::{Place, RunTable};

/// A run in the making: `prod` against `cand`.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) header: RunHeader,
    pub(crate) samples: Vec<SampleLine>,
    pub(crate) trials: Vec<Trial>,
}

/// What is known of a score.
pub(crate) fn right(is: bool) -> Score {
    Score::Value(f64::from(u8::from(is)))
}

impl Run {
    pub(crate) fn new(gate: GatePolicy) -> Self {
        let entry = |name: &str, role| PolicyEntry {
            name: name.to_owned(),
            kind: "single".to_owned(),
            role,
            hash: String::new(),
            notes: Vec::new(),
        };
        Self {
            header: RunHeader {
                weighbridge: "test".to_owned(),
                seed: 11,
                policies: vec![
                    entry("prod", PolicyRole::Baseline),
                    entry("cand", PolicyRole::Candidate),
                ],
                slices: vec![SliceRule::By("task".to_owned())],
                gate,
                change: Some(change(1, 0)),
                ..RunHeader::new("made", Mode::Replay)
            },
            samples: Vec::new(),
            trials: Vec::new(),
        }
    }

    /// Adds one sample with both scores.
    pub(crate) fn pair(
        &mut self,
        task: &str,
        baseline: Score,
        candidate: Score,
    ) -> &mut SampleLine {
        let id = format!("s{:05}", self.samples.len());
        self.trials.push(trial(&id, "prod", baseline, 0.004));
        self.trials.push(trial(&id, "cand", candidate, 0.001));
        self.samples.push(SampleLine {
            id: id.as_str().into(),
            labels: if task.is_empty() {
                BTreeMap::new()
            } else {
                [("task".to_owned(), task.to_owned())].into()
            },
            cluster: None,
            chance: None,
            fingerprint: None,
            prompt_chars: 10,
            prompt: "q".to_owned(),
            expected: None,
        });
        self.samples.last_mut().unwrap()
    }

    /// Adds one sample by its difference, -1, 0 or 1.
    pub(crate) fn difference(&mut self, task: &str, d: i8) -> &mut SampleLine {
        self.pair(task, right(d <= 0), right(d >= 0))
    }

    pub(crate) fn table(&self) -> RunTable {
        let mut table = RunTable::new(self.header.clone(), self.samples.clone());
        for trial in &self.trials {
            table.push(trial, Place::default());
        }
        table
    }

    pub(crate) fn change(&mut self) -> &mut ChangeInfo {
        self.header.change.as_mut().unwrap()
    }
}

pub(crate) fn change(round: u32, from_block: u64) -> ChangeInfo {
    ChangeInfo {
        key: "k".to_owned(),
        attempt: 1,
        evidence: "e1".to_owned(),
        method: JudgedBy::Sequential,
        start: Some(SequentialStart {
            order: "order".to_owned(),
            round,
            from_block,
        }),
        earlier: Vec::new(),
    }
}

fn trial(sample: &str, policy: &str, score: Score, cost_usd: f64) -> Trial {
    Trial {
        sample: sample.into(),
        policy: Arc::from(policy),
        repeat: 0,
        model: None,
        score,
        cost_usd,
        ttft_ms: None,
        router_ms: None,
        e2e_ms: None,
        decisions: Vec::new(),
        attempts: Vec::new(),
        answer: None,
        start_ms: None,
        arrival: None,
    }
}

/// A gate with these margins overall and on slices.
pub(crate) fn gate(overall_margin: f64, slice_margin: f64) -> GatePolicy {
    GatePolicy {
        overall_margin,
        slice_margin,
        ..GatePolicy::default()
    }
}
