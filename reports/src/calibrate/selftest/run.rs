//! The self-test of a run.

use serde::Serialize;
use weighbridge_record::{PolicyRole, SliceTier};

use super::FLIPS;
use super::base::Base;
use super::candidate::{CandidateTest, Target, test};
use crate::assemble::gate_hash;
use crate::compare::{Bench, Frame};
use crate::model::Outcome;
use crate::stats::clustered::clustered_mean;
use crate::table::RunTable;

/// What to inject.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Losses in score units, `[0, 1)`; 0, the margin, .02, .05, .10 and .20 where empty.
    pub losses: Vec<f64>,
    /// Slice to inject into; overall and each critical slice where absent.
    pub slice: Option<String>,
    /// Verdicts for each loss, at least 1.
    pub trials: u32,
    /// Seed of all draws.
    pub seed: u64,
}

/// The self-test of a run's gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SelfTest {
    /// Version of this form.
    pub schema: u32,
    /// Name of the experiment.
    pub name: String,
    /// Verdicts for each loss.
    pub trials: u32,
    /// Joint sign flips of the screen in each trial, and in a run.
    pub flips: u32,
    /// Joint sign flips of the screen when the run itself is judged.
    pub flips_of_the_gate: u32,
    /// Seed of all draws.
    pub seed: u64,
    /// Hash of the gate policy.
    pub gate_hash: String,
    /// False PASS allowed per claim.
    pub alpha_pass: f64,
    /// False BLOCK allowed on scores: the policy's rate over the families that can block.
    pub alpha_block: f64,
    /// Each candidate, in the order of the run.
    pub candidates: Vec<CandidateTest>,
}

impl SelfTest {
    /// Whether the gate behaves for every candidate.
    pub fn behaves(&self) -> bool {
        self.candidates.iter().all(|c| c.behaves)
    }
}

/// Why a run's gate cannot be tested.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelfTestError {
    /// Nothing to weigh.
    #[error("the run has no {0} policy, so its gate has nothing to judge")]
    NoPolicy(&'static str),
    /// The run has no such slice.
    #[error("the run has no slice `{name}`; it has {known}")]
    UnknownSlice {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The slice never gates.
    #[error("the slice `{0}` is exploratory: it never gates, so a loss in it cannot be blocked")]
    Exploratory(String),
    /// The gate calls the run itself invalid.
    #[error("the run is not valid, so its gate says nothing about losses: {0}")]
    Invalid(String),
}

/// Injects losses into the scores of every candidate. The same run, options and seed give the same
/// result at any number of threads.
///
/// # Errors
/// [`SelfTestError`].
pub fn selftest(table: &RunTable, options: &Options) -> Result<SelfTest, SelfTestError> {
    let gate = table.header().gate.clone();
    let mut lighter = gate.clone();
    lighter.flips = lighter.flips.min(FLIPS);
    let table = table.clone().with_gate(lighter.clone());
    let frame = Frame::new(&table);
    let baseline = frame
        .baseline()
        .ok_or(SelfTestError::NoPolicy("baseline"))?;
    let mut candidates = Vec::new();
    let policies = &table.header().policies;
    for (candidate, entry) in policies.iter().enumerate() {
        if entry.role != PolicyRole::Candidate {
            continue;
        }
        let bench = Bench::new(&frame, baseline, candidate);
        let own = bench.as_run();
        if own.outcome == Outcome::Invalid {
            return Err(SelfTestError::Invalid(own.sentence));
        }
        let base = Base::new(&frame, baseline, candidate);
        let targets = targets(&frame, (baseline, candidate), options)?;
        let names = (policies[baseline].name.as_str(), entry.name.as_str());
        candidates.push(test(&frame, &bench, &base, names, &targets, options));
    }
    if candidates.is_empty() {
        return Err(SelfTestError::NoPolicy("candidate"));
    }
    Ok(SelfTest {
        schema: 1,
        name: table.header().name.clone(),
        trials: options.trials,
        flips: lighter.flips,
        flips_of_the_gate: gate.flips,
        seed: options.seed,
        gate_hash: gate_hash(&gate),
        alpha_pass: frame.levels.pass,
        alpha_block: frame.levels.family,
        candidates,
    })
}

/// Overall and every critical slice, or the slice asked for.
fn targets(
    frame: &Frame<'_>,
    pair: (usize, usize),
    options: &Options,
) -> Result<Vec<Target>, SelfTestError> {
    let gate = &frame.table.header().gate;
    let all: Vec<u32> = (0..frame.table.samples().len() as u32).collect();
    let overall = Target {
        slice: "overall".to_owned(),
        tier: SliceTier::Critical,
        margin: gate.overall_margin,
        design_effect: design_effect(frame, pair, &all),
        members: all,
    };
    let slices = frame.slices.iter().map(|s| Target {
        slice: s.name.clone(),
        tier: s.tier,
        margin: s.margin,
        design_effect: design_effect(frame, pair, &s.members),
        members: s.members.clone(),
    });
    let Some(name) = &options.slice else {
        let critical = slices.filter(|s| s.tier == SliceTier::Critical);
        return Ok(std::iter::once(overall).chain(critical).collect());
    };
    let found = std::iter::once(overall)
        .chain(slices)
        .find(|s| &s.slice == name);
    match found {
        Some(target) if target.tier == SliceTier::Exploratory => {
            Err(SelfTestError::Exploratory(name.clone()))
        }
        Some(target) => Ok(vec![target]),
        None => {
            let names = frame.slices.iter().map(|s| format!("`{}`", s.name));
            let known: Vec<String> = std::iter::once("`overall`".to_owned())
                .chain(names)
                .collect();
            Err(SelfTestError::UnknownSlice {
                name: name.clone(),
                known: known.join(", "),
            })
        }
    }
}

/// Variance inflation by clusters, at least 1, as the run's own differences show it.
fn design_effect(frame: &Frame<'_>, (base, cand): (usize, usize), members: &[u32]) -> f64 {
    let Some(clusters) = &frame.clusters else {
        return 1.0;
    };
    let difference = |i: u32| frame.scores[cand][i as usize] - frame.scores[base][i as usize];
    let paired = members.iter().filter(|&&i| !difference(i).is_nan());
    let (d, ids): (Vec<f64>, Vec<u32>) = paired
        .map(|&i| (difference(i), clusters[i as usize]))
        .unzip();
    let mean = clustered_mean(&d, &ids).ok();
    mean.and_then(|m| m.design_effect()).unwrap_or(1.0).max(1.0)
}
