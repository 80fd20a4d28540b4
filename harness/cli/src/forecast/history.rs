//! What an earlier run, or the recording, tells about the run to come.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use weighbridge_engine::Replay;
use weighbridge_record::{PolicyRole, RunHeader};
use weighbridge_reports::compare::Frame;
use weighbridge_reports::power::{DEFAULT_FLIP_RATE, FlipRates};
use weighbridge_reports::table::{Arm, Place, RunTable, ScoreState};

use crate::config::Experiment;
use crate::failure::Failure;
use crate::plan::{self, Planned};
use crate::replay::price_book;

/// Where flip rates come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// The same two policies in an earlier run.
    EarlierRun,
    /// The only other policy of an earlier run: one policy against itself, as a rule.
    OtherPair,
    /// The recorded outcomes of the experiment.
    Recorded,
    /// `--flip-rate`.
    Given,
    /// [`DEFAULT_FLIP_RATE`].
    Default,
}

impl Source {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::EarlierRun => "of the earlier run",
            Self::OtherPair => "of the only pair in the earlier run",
            Self::Recorded => "of the recorded outcomes",
            Self::Given => "given by --flip-rate",
            Self::Default => "by default; an earlier run (--from) would tell",
        }
    }
}

/// Means of one policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    pub(crate) calls: f64,
    pub(crate) usd: f64,
    pub(crate) e2e_ms: Option<f64>,
}

/// Runs that tell: an earlier one, and the recording replayed.
pub(crate) struct History {
    earlier: Option<RunTable>,
    recorded: Option<RunTable>,
    means: BTreeMap<String, Seen>,
}

impl History {
    /// Reads the earlier run and replays what is recorded, in memory.
    pub(crate) fn gather(
        experiment: &Experiment,
        planned: &[Planned],
        header: RunHeader,
        from: Option<&Path>,
    ) -> Result<Self, Failure> {
        let earlier = from.map(RunTable::load).transpose()?;
        let recorded =
            (!experiment.outcomes.is_empty()).then(|| replayed(experiment, planned, header));
        let means = means(earlier.as_ref().or(recorded.as_ref()));
        Ok(Self {
            earlier,
            recorded,
            means,
        })
    }

    /// Means of a policy; `None` where no run shows it.
    pub(super) fn policy(&self, name: &str) -> Option<Seen> {
        self.means.get(name).copied()
    }

    pub(super) fn name(&self) -> &'static str {
        if self.earlier.is_some() {
            "the earlier run"
        } else {
            "the recorded outcomes"
        }
    }

    /// Flip rates of a candidate, by the best source there is.
    pub(crate) fn rates(&self, candidate: &str, given: Option<f64>) -> (FlipRates, Source) {
        if let Some(table) = &self.earlier {
            if let Some(rates) = rates(table, candidate) {
                return (rates, Source::EarlierRun);
            }
            if let Some(rates) = only_other(table).and_then(|name| rates(table, name)) {
                return (rates, Source::OtherPair);
            }
        }
        let whole = |table: &&RunTable| {
            let baseline = table.header().baseline();
            baseline.is_some_and(|b| is_whole(table, &b.name)) && is_whole(table, candidate)
        };
        let recorded = self.recorded.as_ref().filter(whole);
        if let Some(rates) = recorded.and_then(|table| rates(table, candidate)) {
            return (rates, Source::Recorded);
        }
        match given {
            Some(rate) => (FlipRates::constant(rate), Source::Given),
            None => (FlipRates::constant(DEFAULT_FLIP_RATE), Source::Default),
        }
    }
}

fn replayed(experiment: &Experiment, planned: &[Planned], header: RunHeader) -> RunTable {
    let mut table = RunTable::new(header, experiment.sample_lines());
    let prices = price_book(experiment);
    let faults = experiment.fault_schedule();
    Replay::new(experiment.judged.samples(), &experiment.outcomes, &prices)
        .faults(&faults)
        .run(&plan::named(planned), |trial| {
            table.push(&trial, Place::default())
        });
    table
}

fn rates(table: &RunTable, candidate: &str) -> Option<FlipRates> {
    let header = table.header();
    let position = |name: &str| header.policies.iter().position(|p| p.name == name);
    let baseline = position(&header.baseline()?.name)?;
    let candidate = position(candidate).filter(|c| *c != baseline)?;
    FlipRates::seen(&Frame::new(table), baseline, candidate)
}

/// Whether a policy has an answer to every sample. Failures of a replay are gaps in the recording, and two
/// gaps look like agreement.
fn is_whole(table: &RunTable, policy: &str) -> bool {
    table
        .arm(policy)
        .is_some_and(|arm| !arm.state.contains(&ScoreState::Failed))
}

/// The one policy beside the baseline, controls aside.
fn only_other(table: &RunTable) -> Option<&str> {
    let mut others = table
        .header()
        .policies
        .iter()
        .filter(|p| !matches!(p.role, PolicyRole::Baseline | PolicyRole::Control));
    match (others.next(), others.next()) {
        (Some(only), None) => Some(&only.name),
        _ => None,
    }
}

fn means(table: Option<&RunTable>) -> BTreeMap<String, Seen> {
    let Some(table) = table else {
        return BTreeMap::new();
    };
    let policies = table.header().policies.iter().zip(table.arms());
    policies
        .filter(|(_, arm)| arm.trials > 0 && !arm.state.contains(&ScoreState::Failed))
        .map(|(policy, arm)| (policy.name.clone(), seen(arm)))
        .collect()
}

fn seen(arm: &Arm) -> Seen {
    let trials = arm.trials as f64;
    let paced: Vec<f64> = arm
        .e2e_ms
        .iter()
        .filter(|ms| !ms.is_nan())
        .map(|ms| f64::from(*ms))
        .collect();
    Seen {
        calls: arm.calls.iter().map(|c| f64::from(*c)).sum::<f64>() / trials,
        usd: arm.cost_usd.iter().sum::<f64>() / trials,
        e2e_ms: (!paced.is_empty()).then(|| paced.iter().sum::<f64>() / paced.len() as f64),
    }
}
