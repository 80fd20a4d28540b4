//! The plan as a table for people; the same structure is its JSON form.

use std::fmt::Write as _;

use serde::Serialize;
use weighbridge_record::SliceTier;
use weighbridge_reports::power::{Assessment, SlicePower};

use super::effort::Effort;
use super::history::Source;

/// Version of the JSON form.
const SCHEMA: u32 = 1;

/// A whole plan.
#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    schema: u32,
    name: String,
    seed: u64,
    gate_version: u32,
    gate_hash: String,
    pub(crate) candidates: Vec<Candidate>,
    effort: Effort,
    /// What keeps the gate from ever passing.
    pub(crate) errors: Vec<String>,
    /// Claims of the gate policy that the chances leave out.
    left_out: Vec<&'static str>,
}

/// One candidate.
#[derive(Debug, Serialize)]
pub(crate) struct Candidate {
    pub(crate) candidate: String,
    pub(crate) baseline: String,
    pub(crate) flip_rates: Source,
    #[serde(flatten)]
    pub(crate) power: Assessment,
}

impl Plan {
    pub(crate) fn new(
        experiment: &crate::config::Experiment,
        candidates: Vec<Candidate>,
        effort: Effort,
    ) -> Self {
        let gate = &experiment.gate;
        let claims = [
            (gate.ttft_slo_ms.is_some(), "time to first token"),
            (gate.error_margin.is_some(), "errors"),
            (gate.min_saving.is_some(), "saving"),
        ];
        Self {
            schema: SCHEMA,
            name: experiment.name.clone(),
            seed: experiment.seed,
            gate_version: gate.version,
            gate_hash: gate.hash(),
            candidates,
            effort,
            errors: Vec::new(),
            left_out: claims
                .iter()
                .filter(|(set, _)| *set)
                .map(|(_, name)| *name)
                .collect(),
        }
    }
}

/// The plan in words and numbers. Margins and losses are in points.
pub(crate) fn table(plan: &Plan) -> String {
    let mut out = format!(
        "{}: gate policy version {} ({}), seed {}\n",
        plan.name, plan.gate_version, plan.gate_hash, plan.seed
    );
    for candidate in &plan.candidates {
        one(&mut out, candidate);
    }
    if !plan.left_out.is_empty() {
        let _ = writeln!(
            out,
            "\nNot in these chances: the claims on {}.",
            plan.left_out.join(", ")
        );
    }
    effort(&mut out, &plan.effort);
    out
}

fn one(out: &mut String, candidate: &Candidate) {
    let power = &candidate.power;
    let _ = writeln!(
        out,
        "\n{} against {}; flip rates {}\n",
        candidate.candidate,
        candidate.baseline,
        candidate.flip_rates.words()
    );
    let width = power
        .slices
        .iter()
        .map(|s| s.name.chars().count())
        .max()
        .unwrap_or(0)
        .max(5);
    let _ = writeln!(
        out,
        "{:width$}  {:11} {:>6} {:>8} {:>6} {:>7} {:>6} {:>7} {:>6}  {:>13} {:>13} {:>13}",
        "slice",
        "tier",
        "n",
        "clusters",
        "margin",
        "flips",
        "least",
        "needs n",
        "proven",
        "-5: block/not",
        "-10",
        "-20"
    );
    for slice in &power.slices {
        row(out, slice, width);
    }
    let all = power.unchanged;
    let _ = writeln!(
        out,
        "\nwhole gate if nothing changed: PASS {}, BLOCK {}, INCONCLUSIVE {}",
        percent(all.pass),
        percent(all.block),
        percent(all.inconclusive)
    );
    let _ = writeln!(
        out,
        "from {} simulated runs (Monte-Carlo error at most {:.1} points) and {} for each loss (at most \
         {:.1} points), {} sign flips each",
        power.runs,
        100.0 * power.runs_error,
        power.loss_runs,
        100.0 * power.loss_runs_error,
        power.screen_flips
    );
    if let Some(correlation) = power.cluster_correlation {
        let _ = writeln!(
            out,
            "samples of one cluster flip together with correlation {correlation:.2}"
        );
    }
}

fn row(out: &mut String, slice: &SlicePower, width: usize) {
    let tier = match slice.tier {
        SliceTier::Critical => "critical",
        SliceTier::Guarded => "guarded",
        SliceTier::Exploratory => "exploratory",
    };
    let needs = match slice.least_n {
        Some(n) if !slice.provable => n.to_string(),
        _ => "-".to_owned(),
    };
    let _ = write!(
        out,
        "{:width$}  {tier:11} {:>6} {:>8} {:>6} {:>7.1} {:>6} {needs:>7} {:>6} ",
        slice.name,
        slice.n,
        slice.clusters,
        points(slice.margin),
        slice.expected_flips,
        points(slice.least_margin),
        percent(slice.proven),
    );
    for catch in &slice.catches {
        let both = format!("{} / {}", percent(catch.block), percent(catch.not_pass));
        let _ = write!(out, " {both:>13}");
    }
    let _ = writeln!(out);
}

fn effort(out: &mut String, effort: &Effort) {
    if effort.replay {
        let _ = writeln!(
            out,
            "\nreplay of {} trials: no calls, no money, seconds",
            effort.trials
        );
        return;
    }
    let minutes = |m: Option<f64>| m.map_or("unknown".to_owned(), |m| format!("{m:.1}"));
    let rows = effort.policies.iter();
    let width = rows
        .clone()
        .map(|p| p.policy.chars().count())
        .max()
        .unwrap_or(0)
        .max(6);
    let _ = writeln!(
        out,
        "\n{:width$}  {:>10} {:>10} {:>10} {:>10} {:>8}  expected from",
        "policy", "calls", "at most", "US$", "at most", "minutes"
    );
    for p in rows {
        let _ = writeln!(
            out,
            "{:width$}  {:>10.0} {:>10} {:>10.4} {:>10.4} {:>8}  {}",
            p.policy,
            p.calls,
            p.most_calls,
            p.usd,
            p.most_usd,
            minutes(p.minutes),
            p.basis
        );
    }
    let _ = writeln!(
        out,
        "{:width$}  {:>10.0} {:>10} {:>10.4} {:>10.4} {:>8}  {}",
        "total",
        effort.calls,
        effort.most_calls,
        effort.usd,
        effort.most_usd,
        minutes(effort.minutes),
        match effort.scheduled {
            true => "on the schedule of [run.arrivals]".to_owned(),
            false => format!("{} in flight", effort.concurrency),
        }
    );
    for budget in &effort.budgets {
        let _ = writeln!(out, "budget: {budget}");
    }
}

/// A share as points with one decimal, `100` for "excludes nothing".
fn points(share: f64) -> String {
    let text = format!("{:.1}", 100.0 * share);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

fn percent(share: f64) -> String {
    format!("{:.0}%", 100.0 * share)
}
