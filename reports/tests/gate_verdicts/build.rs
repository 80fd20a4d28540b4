//! Small runs, built trial by trial.

use std::sync::Arc;

use weighbridge_datasets::SliceRule;
use weighbridge_record::{
    Attempt, Cost, Decision, GatePolicy, Mode, ModelEntry, PolicyEntry, PolicyRole, RunHeader,
    SampleLine, Score, Step, Trial,
};
use weighbridge_reports::assemble::assemble;
use weighbridge_reports::model::{Report, Verdict};
use weighbridge_reports::table::{Place, RunTable};

/// A run in the making: `prod` (baseline, model `big`) against `cand` (model `small`).
pub(crate) struct Run {
    pub(crate) header: RunHeader,
    pub(crate) samples: Vec<SampleLine>,
    pub(crate) trials: Vec<Trial>,
}

fn entry(name: &str, role: PolicyRole) -> PolicyEntry {
    PolicyEntry {
        name: name.to_owned(),
        kind: "single".to_owned(),
        role,
        hash: String::new(),
        notes: Vec::new(),
    }
}

/// A trial of one call.
pub(crate) fn trial(sample: &str, policy: &str, model: &str, score: Score) -> Trial {
    let model: Arc<str> = model.into();
    let mut attempt = Attempt::new(Arc::clone(&model));
    let cost_usd = if &*model == "big" { 0.004 } else { 0.001 };
    attempt.cost = Cost::lump(cost_usd);
    Trial {
        sample: sample.into(),
        policy: policy.into(),
        repeat: 0,
        model: Some(Arc::clone(&model)),
        score,
        cost_usd,
        ttft_ms: None,
        router_ms: None,
        e2e_ms: None,
        decisions: vec![
            Decision::new(Step::Call(model), "only model"),
            Decision::new(Step::Accept(0), "first answer"),
        ],
        attempts: vec![attempt],
        answer: None,
        start_ms: None,
        arrival: None,
    }
}

impl Run {
    pub(crate) fn new(gate: GatePolicy) -> Self {
        let model = |name: &str| ModelEntry {
            name: name.to_owned(),
            dialect: "recorded".to_owned(),
            price: None,
        };
        Self {
            header: RunHeader {
                weighbridge: "test".to_owned(),
                seed: 11,
                fleet: vec![model("small"), model("big")],
                policies: vec![
                    entry("prod", PolicyRole::Baseline),
                    entry("cand", PolicyRole::Candidate),
                ],
                slices: vec![SliceRule::By("task".to_owned())],
                gate,
                ..RunHeader::new("made", Mode::Replay)
            },
            samples: Vec::new(),
            trials: Vec::new(),
        }
    }

    /// Adds one sample of a task with both scores.
    pub(crate) fn pair(
        &mut self,
        task: &str,
        baseline: Score,
        candidate: Score,
    ) -> &mut SampleLine {
        let id = format!("s{:05}", self.samples.len());
        self.trials.push(trial(&id, "prod", "big", baseline));
        self.trials.push(trial(&id, "cand", "small", candidate));
        self.samples.push(SampleLine {
            id: id.as_str().into(),
            labels: [("task".to_owned(), task.to_owned())].into(),
            cluster: None,
            chance: None,
            prompt_chars: 10,
            prompt: "q".to_owned(),
            expected: None,
            fingerprint: None,
        });
        self.samples.last_mut().unwrap()
    }

    /// Adds samples of a task by counts: gains, losses, and the rest right under both.
    pub(crate) fn counts(&mut self, task: &str, n: usize, losses: usize, gains: usize) {
        for i in 0..n {
            let right = |x: bool| Score::Value(f64::from(u8::from(x)));
            // Spread over the slice, so that no order matters by accident.
            let turn = i * 7919 % n;
            let (loss, gain) = (turn < losses, turn >= losses && turn < losses + gains);
            self.pair(task, right(!gain), right(!loss));
        }
    }

    pub(crate) fn table(&self) -> RunTable {
        let mut table = RunTable::new(self.header.clone(), self.samples.clone());
        for trial in &self.trials {
            table.push(trial, Place::default());
        }
        table
    }

    pub(crate) fn report(&self) -> Report {
        assemble(&self.table(), None)
    }

    pub(crate) fn verdict(&self) -> Verdict {
        self.report().verdicts.remove(0)
    }
}

/// The default policy with an overall margin.
pub(crate) fn gate(overall_margin: f64) -> GatePolicy {
    GatePolicy {
        overall_margin,
        ..GatePolicy::default()
    }
}
