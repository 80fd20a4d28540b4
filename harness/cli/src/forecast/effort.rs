//! Calls, money and minutes of a run.

use std::sync::Arc;

use serde::Serialize;
use weighbridge_datasets::Sample;
use weighbridge_engine::PriceBook;
use weighbridge_policies::{Policy, Request};
use weighbridge_record::Usage;

use super::history::History;
use super::walk::{Answers, calls};
use crate::config::Experiment;
use crate::plan::Planned;
use crate::replay::price_book;

/// What one policy needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Needs {
    pub(crate) policy: String,
    /// Calls expected, retries aside.
    pub(crate) calls: f64,
    /// Calls at most, every retry included.
    pub(crate) most_calls: u64,
    /// US dollars expected.
    pub(crate) usd: f64,
    /// US dollars at most: two characters a token in, every output token allowed, every retry billed.
    pub(crate) most_usd: f64,
    /// Minutes at the declared concurrency; `None` where no run or recording shows the pace.
    pub(crate) minutes: Option<f64>,
    /// Where calls and dollars expected come from.
    pub(crate) basis: &'static str,
}

/// What the whole run needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Effort {
    /// Whether recorded outcomes answer, so that nothing is called.
    pub(crate) replay: bool,
    pub(crate) concurrency: usize,
    /// Whether requests come on a schedule, so that the concurrency is without effect.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) scheduled: bool,
    pub(crate) trials: u64,
    pub(crate) calls: f64,
    pub(crate) most_calls: u64,
    pub(crate) usd: f64,
    pub(crate) most_usd: f64,
    /// `None` where the pace of a policy is unknown; on a schedule, the minutes until its last arrival.
    pub(crate) minutes: Option<f64>,
    /// Budgets of the experiment that the most could reach.
    pub(crate) budgets: Vec<String>,
    pub(crate) policies: Vec<Needs>,
}

impl Effort {
    /// Of an experiment with its policies.
    pub(crate) fn of(experiment: &Experiment, planned: &[Planned], history: &History) -> Self {
        let trials = experiment.judged.samples().len() as u64
            * planned.len() as u64
            * u64::from(experiment.repeats);
        let policies: Vec<Needs> = if experiment.is_replay() {
            Vec::new()
        } else {
            let prices = price_book(experiment);
            let one = |p: &Planned| needs(experiment, &prices, p, history);
            planned.iter().map(one).collect()
        };
        let minutes = match scheduled_minutes(experiment, trials) {
            None => policies.iter().map(|p| p.minutes).sum(),
            known => known,
        };
        let mut effort = Self {
            replay: experiment.is_replay(),
            concurrency: experiment.run.concurrency,
            scheduled: experiment.load.open_loop.is_some(),
            trials,
            calls: policies.iter().map(|p| p.calls).sum(),
            most_calls: policies.iter().map(|p| p.most_calls).sum(),
            usd: policies.iter().map(|p| p.usd).sum(),
            most_usd: policies.iter().map(|p| p.most_usd).sum(),
            minutes: minutes.filter(|_| !experiment.is_replay()),
            budgets: Vec::new(),
            policies,
        };
        effort.budgets = effort.over(experiment);
        effort
    }

    fn over(&self, experiment: &Experiment) -> Vec<String> {
        let run = &experiment.run;
        let mut budgets = Vec::new();
        if let Some(most) = run.max_cost_usd.filter(|most| self.most_usd > *most) {
            budgets.push(format!("max_cost_usd = {most} can be reached"));
        }
        if let Some(most) = run.max_calls.filter(|most| self.most_calls > *most) {
            budgets.push(format!("max_calls = {most} can be reached"));
        }
        if let Some(most) = run.max_minutes
            && self.minutes.is_some_and(|minutes| minutes > most)
        {
            budgets.push(format!("max_minutes = {most} is expected to be reached"));
        }
        budgets
    }
}

/// Minutes until the last arrival of an open loop; `None` in a closed one, and where conversations take
/// as long as their answers do.
fn scheduled_minutes(experiment: &Experiment, trials: u64) -> Option<f64> {
    let load = &experiment.load;
    let open = load.open_loop.as_ref().filter(|_| load.think.is_none())?;
    let trials = usize::try_from(trials).ok()?;
    let schedule = open.arrivals.schedule(trials, experiment.seed);
    schedule.at_ms().last().map(|ms| ms / 60_000.0)
}

fn needs(experiment: &Experiment, prices: &PriceBook, p: &Planned, history: &History) -> Needs {
    let samples = experiment.judged.samples();
    let trials = samples.len() as f64 * f64::from(experiment.repeats);
    let tries = u64::from(experiment.run.retries) + 1;
    let policy = p.policy.fresh().unwrap_or_else(|| Arc::clone(&p.policy));
    let mut sums = (0u64, 0.0, 0u64, 0.0);
    for (position, sample) in samples.iter().enumerate() {
        let one = of_sample(experiment, prices, &*policy, sample, position);
        sums = (
            sums.0 + one.0,
            sums.1 + one.1,
            sums.2 + one.2,
            sums.3 + one.3,
        );
    }
    let repeats = u64::from(experiment.repeats);
    let seen = history.policy(&p.entry.name);
    let concurrency = experiment.run.concurrency.max(1) as f64;
    Needs {
        policy: p.entry.name.clone(),
        calls: seen.map_or((sums.0 * repeats) as f64, |s| s.calls * trials),
        most_calls: sums.2 * repeats * tries,
        usd: seen.map_or(sums.1 * f64::from(experiment.repeats), |s| s.usd * trials),
        most_usd: sums.3 * f64::from(experiment.repeats) * tries as f64,
        minutes: seen.and_then(|s| Some(s.e2e_ms? * trials / concurrency / 60_000.0)),
        basis: match seen {
            Some(_) => history.name(),
            None => "first answers accepted, half of the allowed output tokens",
        },
    }
}

/// Calls and dollars of one sample: as expected, and at most (without retries).
fn of_sample(
    experiment: &Experiment,
    prices: &PriceBook,
    policy: &dyn Policy,
    sample: &Sample,
    position: usize,
) -> (u64, f64, u64, f64) {
    let walk = |answers| calls(policy, Request::of(sample, position, 0), answers);
    let cost = |called: &[Arc<str>], usage: Usage| -> f64 {
        let one = |model: &Arc<str>| prices.cost(model, &usage).map_or(0.0, |c| c.total_usd);
        called.iter().map(one).sum()
    };
    let output = u64::from(
        sample
            .max_output_tokens
            .unwrap_or(experiment.run.max_output_tokens),
    );
    let chars: u64 = sample
        .messages
        .iter()
        .map(|m| m.content.chars().count() as u64)
        .sum();
    let tokens = |input: u64, output: u64| Usage {
        input_tokens: Some(input),
        output_tokens: Some(output),
        ..Usage::default()
    };
    let good = walk(Answers::Good);
    let expected = cost(&good, tokens(chars.div_ceil(4), output / 2));
    // The rule by which the executor reserves money before a call.
    let most = tokens(
        chars.div_ceil(2) + 16 * sample.messages.len() as u64,
        output,
    );
    let ends = [good.clone(), walk(Answers::Doubtful), walk(Answers::Failed)];
    let most_calls = ends.iter().map(Vec::len).max().unwrap_or(0);
    let most_usd = ends
        .iter()
        .map(|called| cost(called, most))
        .fold(0.0, f64::max);
    (good.len() as u64, expected, most_calls as u64, most_usd)
}
