//! All checks over one pass of cells.

use std::collections::BTreeMap;

use super::constant_tokens::ConstantTokens;
use super::duplicates::Duplicates;
use super::grid::{Counter, Grid, Names};
use super::impossible_tokens::ImpossibleTokens;
use super::scores::Scores;
use super::{Cell, Finding, below_chance, saturated};
use crate::{Dataset, OutcomeStore, Score, SliceRule, SliceSet};

/// Checks cells; the findings come with the gravest first, then by kind, p-value, model and slice.
///
/// No cell, no finding. The findings do not depend on the order of the cells.
pub fn check<'a>(cells: impl IntoIterator<Item = Cell<'a>>) -> Vec<Finding> {
    let mut checker = Checker::new();
    for cell in cells {
        checker.observe(cell);
    }
    checker.finish()
}

/// Checks recorded outcomes on the slices of some rules.
///
/// Outcomes of samples that the dataset lacks are passed over, so that a split can be checked
/// alone. Pairs that the store met more than once are counted as duplicates.
pub fn check_outcomes(
    dataset: &Dataset,
    outcomes: &OutcomeStore,
    rules: &[SliceRule],
) -> Vec<Finding> {
    let slices = SliceSet::build(rules, dataset.samples());
    let mut names: Vec<Vec<&str>> = vec![Vec::new(); dataset.samples().len()];
    for (name, members) in slices.iter() {
        for &member in members {
            names[member as usize].push(name);
        }
    }
    let samples = dataset.samples().iter().zip(&names);
    let known: BTreeMap<&str, _> = samples
        .map(|(s, names)| (s.id.as_str(), (s, names)))
        .collect();
    let mut checker = Checker::new();
    // Both are in order of sample id, so that one walk joins them.
    let mut known = known.into_iter().peekable();
    for outcome in outcomes.iter() {
        while known
            .next_if(|(id, _)| *id < outcome.sample.as_str())
            .is_some()
        {}
        if let Some((id, (sample, names))) = known.peek()
            && *id == outcome.sample
        {
            checker.observe(Cell {
                sample: id,
                model: &outcome.model,
                slices: names,
                score: &outcome.score,
                chance: sample.target.chance(),
                usage: outcome.usage.as_ref(),
            });
        }
    }
    for (sample, model) in outcomes.duplicates() {
        if dataset.get(sample).is_some() {
            checker.repeat(sample, model);
        }
    }
    checker.finish()
}

/// Takes cells one by one, for callers that stream a log.
#[derive(Debug, Default)]
pub struct Checker {
    models: Names,
    grid: Grid,
    places: Vec<usize>,
    scores: Scores,
    constant: ConstantTokens,
    impossible: ImpossibleTokens,
    duplicates: Duplicates,
}

impl Checker {
    /// A checker that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one cell into account.
    pub fn observe(&mut self, cell: Cell<'_>) {
        let model = self.models.number(cell.model);
        self.grid.place(cell.slices, &mut self.places);
        for &place in &self.places {
            count(self.grid.counter(place, model), cell.score, cell.chance);
        }
        self.scores.observe(model, cell.score);
        self.duplicates.observe(cell.sample, model);
        if let Some(usage) = cell.usage {
            self.constant.observe(model, usage);
            self.impossible.observe(model, cell.score, usage);
        }
    }

    /// Takes note of a pair that was seen again and put aside.
    fn repeat(&mut self, sample: &str, model: &str) {
        let model = self.models.number(model);
        self.duplicates.observe(sample, model);
    }

    /// All findings, in the order that [`check`] documents.
    pub fn finish(self) -> Vec<Finding> {
        let models = &self.models;
        let mut findings = below_chance::findings(&self.grid, models);
        findings.extend(saturated::findings(&self.grid, models));
        findings.extend(self.scores.findings(models));
        findings.extend(self.duplicates.findings(models));
        findings.extend(self.constant.findings(models));
        findings.extend(self.impossible.findings(models));
        findings.sort_by(|a, b| {
            let p = |f: &Finding| f.p.unwrap_or(f64::INFINITY);
            (b.severity.cmp(&a.severity))
                .then(a.kind.cmp(&b.kind))
                .then(p(a).total_cmp(&p(b)))
                .then_with(|| (&a.model, &a.slice).cmp(&(&b.model, &b.slice)))
                .then_with(|| a.message.cmp(&b.message))
        });
        findings
    }
}

fn count(counter: &mut Counter, score: &Score, chance: Option<f64>) {
    let chance = chance.filter(|c| (0.0..=1.0).contains(c));
    match *score {
        Score::Value(v) if v == 1.0 || v == 0.0 => {
            let right = v == 1.0;
            counter.right += u64::from(right);
            counter.wrong += u64::from(!right);
            if let Some(chance) = chance {
                counter.add_chance(chance, right);
            }
        }
        Score::Value(v) if v > 0.0 && v < 1.0 => {
            counter.partial += 1;
            counter.chance_partial += u64::from(chance.is_some());
        }
        Score::Value(_) | Score::Unscored(_) => counter.unscored += 1,
        Score::Failed(_) => counter.failed += 1,
    }
}
