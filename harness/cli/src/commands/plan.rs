//! `weighbridge plan`: what a gate will be able to say, and what the run costs, before a cent is spent.

use std::io::Write;

use weighbridge_record::{Exit, PolicyRole, SliceTier};
use weighbridge_reports::compare::Frame;
use weighbridge_reports::power::{self, Assessment, FlipRates, SlicePower};
use weighbridge_reports::table::RunTable;

use crate::args::PlanArgs;
use crate::config::{self, Experiment, Overrides};
use crate::failure::Failure;
use crate::forecast::{Candidate, Effort, History, Plan, table};
use crate::plan::{self, Planned};

/// Plans an experiment: no network, no run directory.
pub(crate) fn plan(args: &PlanArgs) -> Result<Exit, Failure> {
    check(args)?;
    let overrides = Overrides {
        data: args.data.as_deref(),
        seed: args.seed,
        limit: args.limit,
    };
    let experiment = config::load(&args.experiment, &overrides)?;
    let planned = plan::plan(&experiment)?;
    let header = plan::header(&experiment, &planned);
    let history = History::gather(&experiment, &planned, header.clone(), args.from.as_deref())?;
    let empty = RunTable::new(header, experiment.sample_lines());
    let candidates = candidates(args, &experiment, &planned, &history, &Frame::new(&empty));
    let effort = Effort::of(&experiment, &planned, &history);
    let mut plan = Plan::new(&experiment, candidates, effort);
    // Sizes do not depend on the candidate.
    plan.errors = plan
        .candidates
        .first()
        .map(|c| hopeless(&c.power))
        .unwrap_or_default();
    print(&plan, args.json)?;
    if plan.errors.is_empty() {
        return Ok(Exit::Pass);
    }
    Err(Failure::config(plan.errors.join("\n")).with_hint(
        "give the slice more samples or a larger margin, or do not make it critical; nothing was spent",
    ))
}

fn check(args: &PlanArgs) -> Result<(), Failure> {
    match args.flip_rate {
        Some(rate) if !(0.0..=1.0).contains(&rate) => Err(Failure::config(format!(
            "--flip-rate is {rate}; it must lie in [0, 1]"
        ))
        .with_hint("a share of the samples: 0.06 is six per cent")),
        _ => Ok(()),
    }
}

fn candidates(
    args: &PlanArgs,
    experiment: &Experiment,
    planned: &[Planned],
    history: &History,
    frame: &Frame<'_>,
) -> Vec<Candidate> {
    let of_role = |role| planned.iter().filter(move |p| p.entry.role == role);
    let baseline = of_role(PolicyRole::Baseline)
        .next()
        .map(|p| p.entry.name.clone());
    let effort = power::Effort::of(frame, of_role(PolicyRole::Candidate).count());
    // Candidates whose samples flip alike have the same chances.
    let mut known: Vec<(FlipRates, Assessment)> = Vec::new();
    of_role(PolicyRole::Candidate)
        .map(|p| {
            let (rates, source) = history.rates(&p.entry.name, args.flip_rate);
            let power = match known.iter().find(|(r, _)| *r == rates) {
                Some((_, power)) => power.clone(),
                None => {
                    let power = power::assess(frame, &rates, experiment.seed, effort);
                    known.push((rates, power.clone()));
                    power
                }
            };
            Candidate {
                candidate: p.entry.name.clone(),
                baseline: baseline.clone().unwrap_or_default(),
                flip_rates: source,
                power,
            }
        })
        .collect()
}

/// A sentence for each claim that must be proven and never can be.
fn hopeless(power: &Assessment) -> Vec<String> {
    let critical = |s: &&SlicePower| s.tier == SliceTier::Critical && !s.provable;
    power.slices.iter().filter(critical).map(sentence).collect()
}

fn sentence(slice: &SlicePower) -> String {
    let points = |share: f64| format!("{:.1}", 100.0 * share);
    let kind = if slice.name == "overall" {
        "the overall score"
    } else {
        "critical slice"
    };
    let named = if slice.name == "overall" {
        String::new()
    } else {
        format!(" `{}`", slice.name)
    };
    let samples = if slice.n == 1 { "sample" } else { "samples" };
    let mut text = format!(
        "{kind}{named} can never pass: {} {samples} without a single flip exclude a loss of {} points, \
         and its margin is {}",
        slice.n,
        points(slice.least_margin),
        points(slice.margin)
    );
    if let Some(n) = slice.least_n {
        text += &format!("; {n} samples are needed");
        if let Some(margin) = slice.least_n_margin {
            text += &format!(", which could prove {} points", points(margin));
        }
    }
    text
}

fn print(plan: &Plan, json: bool) -> Result<(), Failure> {
    let text = if json {
        serde_json::to_string_pretty(plan).map_err(|e| Failure::invalid(e.to_string()))? + "\n"
    } else {
        table(plan)
    };
    let mut out = std::io::stdout().lock();
    // A closed pipe is the reader's choice and no error.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    Ok(())
}
