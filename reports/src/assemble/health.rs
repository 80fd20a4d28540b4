//! Data-health findings: those kept in the header, and those of the cells in the log.

use std::collections::BTreeMap;

use weighbridge_datasets::health::{Cell, Checker, Finding};
use weighbridge_record::Score;

use super::client;
use crate::compare::Frame;
use crate::table::{Arm, ScoreState};

/// Findings, gravest first; each said once.
pub(super) fn findings(frame: &Frame<'_>) -> Vec<Finding> {
    let mut findings = frame.table.header().findings.clone();
    findings.extend(client::findings(frame.table.header()));
    for finding in of_cells(frame) {
        let known = findings.iter().any(|f| {
            (f.kind, &f.model, &f.slice) == (finding.kind, &finding.model, &finding.slice)
        });
        if !known {
            findings.push(finding);
        }
    }
    findings.sort_by(|a, b| {
        let p = |f: &Finding| f.p.unwrap_or(f64::INFINITY);
        (b.severity.cmp(&a.severity))
            .then(a.kind.cmp(&b.kind))
            .then(p(a).total_cmp(&p(b)))
            .then_with(|| (&a.model, &a.slice, &a.message).cmp(&(&b.model, &b.slice, &b.message)))
    });
    findings
}

/// Checks one answer per (model, sample): the first trial, in the order of the policies, that one
/// call of one model answered. Only the first repeat is looked at, as the checks ask.
fn of_cells(frame: &Frame<'_>) -> Vec<Finding> {
    let (header, samples) = (frame.table.header(), frame.table.samples());
    let mut names: Vec<Vec<&str>> = vec![Vec::new(); samples.len()];
    for slice in &frame.slices {
        for &member in &slice.members {
            names[member as usize].push(&slice.name);
        }
    }
    let mut checker = Checker::new();
    let mut scores = Scores::default();
    for (sample, line) in samples.iter().enumerate() {
        let mut seen: BTreeMap<usize, &Arm> = BTreeMap::new();
        for arm in frame.table.arms() {
            if let Some(model) = only_model(arm, sample) {
                seen.entry(model).or_insert(arm);
            }
        }
        for (model, arm) in seen {
            let usage = arm.call_usage(sample);
            checker.observe(Cell {
                sample: &line.id,
                model: &header.fleet[model].name,
                slices: &names[sample],
                score: scores.of(arm, sample),
                chance: line.chance,
                usage: usage.as_ref(),
            });
        }
    }
    checker.finish()
}

/// The model of a trial that was one call and nothing else.
fn only_model(arm: &Arm, at: usize) -> Option<usize> {
    if arm.state[at] == ScoreState::Missing || arm.calls[at] != 1 || arm.served[at] {
        return None;
    }
    arm.final_model(at).or_else(|| arm.first_model(at))
}

/// Scores as the checks take them; reasons are not in the table.
struct Scores {
    value: Score,
    unscored: Score,
    failed: Score,
}

impl Default for Scores {
    fn default() -> Self {
        Self {
            value: Score::Value(0.0),
            unscored: Score::Unscored("not judged".to_owned()),
            failed: Score::Failed("no usable answer".to_owned()),
        }
    }
}

impl Scores {
    fn of(&mut self, arm: &Arm, at: usize) -> &Score {
        match arm.state[at] {
            ScoreState::Value => {
                self.value = Score::Value(arm.score[at]);
                &self.value
            }
            ScoreState::Failed => &self.failed,
            ScoreState::Unscored | ScoreState::Missing => &self.unscored,
        }
    }
}
