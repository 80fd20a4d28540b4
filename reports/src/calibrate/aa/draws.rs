//! Which trials of a run are draws of the same thing.

use std::collections::BTreeMap;

use weighbridge_record::PolicyRole;

use super::Answers;
use crate::table::{Arm, RunTable};

/// Exchangeable draws of every sample.
#[derive(Debug)]
pub(super) struct Draws<'a> {
    table: &'a RunTable,
    /// The policies, by position.
    pub(super) policies: Vec<usize>,
    /// Policy and repeat of each draw.
    columns: Vec<(usize, usize)>,
}

impl<'a> Draws<'a> {
    /// Policies of a run with at least two draws, in the order of the run; those with the same
    /// configuration together. Controls are left out unless they are twins of a policy.
    pub(super) fn of(table: &'a RunTable) -> Vec<Self> {
        let policies = &table.header().policies;
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (i, policy) in policies.iter().enumerate() {
            let first = policies.iter().position(|p| {
                !p.hash.is_empty() && (&p.hash, &p.kind) == (&policy.hash, &policy.kind)
            });
            groups.entry(first.unwrap_or(i)).or_default().push(i);
        }
        let repeats = table.repeats();
        let draws = groups.into_values().filter_map(|group| {
            let only_controls = |&p: &usize| policies[p].role == PolicyRole::Control;
            if group.iter().all(only_controls) || group.len() * repeats < 2 {
                return None;
            }
            let columns = group
                .iter()
                .flat_map(|&p| (0..repeats).map(move |r| (p, r)))
                .collect();
            Some(Self {
                table,
                policies: group,
                columns,
            })
        });
        draws.collect()
    }

    /// Draws of a sample.
    pub(super) fn len(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn arm(&self) -> &'a Arm {
        &self.table.arms()[self.policies[0]]
    }

    fn place(&self, draw: usize, sample: usize) -> (usize, usize) {
        let (policy, repeat) = self.columns[draw];
        (policy, repeat * self.table.samples().len() + sample)
    }

    /// Score of a draw; NaN where it has none.
    pub(super) fn score(&self, draw: usize, sample: usize) -> f64 {
        let (policy, at) = self.place(draw, sample);
        self.table.arms()[policy].counted(at).unwrap_or(f64::NAN)
    }

    /// Hash of the answer of a draw.
    pub(super) fn answer(&self, answers: &Answers, draw: usize, sample: usize) -> Option<u64> {
        let (policy, at) = self.place(draw, sample);
        answers.at(policy, at)
    }

    /// A time of every draw of a sample that has one, in milliseconds.
    pub(super) fn times(&self, column: fn(&Arm) -> &[f32], sample: usize) -> Vec<f64> {
        let time = |draw| {
            let (policy, at) = self.place(draw, sample);
            f64::from(column(&self.table.arms()[policy])[at])
        };
        let times = (0..self.len()).map(time);
        times.filter(|ms| ms.is_finite()).collect()
    }

    /// Pairs of draws, each once.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.len()).flat_map(|x| (x + 1..self.len()).map(move |y| (x, y)))
    }

    /// Whether all draws are the same in score, answer and model.
    pub(super) fn identical(&self, answers: &Answers) -> bool {
        let samples = self.table.samples().len();
        (0..samples).all(|sample| {
            let of = |draw| {
                let (policy, at) = self.place(draw, sample);
                let arm = &self.table.arms()[policy];
                let score = self.score(draw, sample).to_bits();
                (
                    arm.state[at],
                    score,
                    arm.final_model(at),
                    answers.at(policy, at),
                )
            };
            (1..self.len()).all(|draw| of(draw) == of(0))
        })
    }
}
