//! All claims on one candidate, and what they come to.

use super::claims::Judged;
use super::words::{confidence, count, points};
use super::{client, coverage, quality, rates, saving};
use crate::compare::{Frame, Weighed};
use crate::model::{ClaimKind, ClaimState, Outcome, Verdict};

/// The verdict on a candidate. `None` in place of a comparison means that the run has no baseline.
pub fn judge(frame: &Frame<'_>, candidate: usize, weighed: Option<&Weighed>) -> Verdict {
    judge_claims(frame, candidate, weighed, |_| true)
}

/// The verdict on some kinds of claims only; error rates stay split as for all of them.
pub(crate) fn judge_claims(
    frame: &Frame<'_>,
    candidate: usize,
    weighed: Option<&Weighed>,
    keep: impl Fn(ClaimKind) -> bool,
) -> Verdict {
    let policies = &frame.table.header().policies;
    let name = policies[candidate].name.clone();
    let (Some(baseline), Some(weighed)) = (frame.baseline(), weighed) else {
        return Verdict {
            candidate: name,
            baseline: String::new(),
            outcome: Outcome::Invalid,
            sentence: "the run has no baseline policy to weigh against".to_owned(),
            claims: Vec::new(),
            next_steps: vec!["give one policy the role `baseline`".to_owned()],
        };
    };
    let mut judged = collect(frame, baseline, candidate, weighed);
    judged.retain(|j| keep(j.claim.kind));
    let outcome = outcome(&judged);
    Verdict {
        candidate: name,
        baseline: policies[baseline].name.clone(),
        outcome,
        sentence: sentence(frame, outcome, &judged),
        next_steps: next_steps(frame, weighed, &judged),
        claims: judged.into_iter().map(|j| j.claim).collect(),
    }
}

/// Required claims first, then guarded slices that block.
fn collect(frame: &Frame<'_>, baseline: usize, candidate: usize, weighed: &Weighed) -> Vec<Judged> {
    let gate = &frame.table.header().gate;
    let comparison = &weighed.comparison;
    let mut judged = vec![
        coverage::claim(frame, baseline, false),
        coverage::claim(frame, candidate, true),
    ];
    judged.extend(client::claim(frame.table.header()));
    judged.extend(quality::claim(frame, &comparison.overall));
    // The overall score is critical whether or not the policy says so.
    for name in gate.critical.iter().filter(|name| *name != "overall") {
        match comparison.slices.iter().find(|s| &s.name == name) {
            Some(slice) => judged.extend(quality::claim(frame, slice)),
            None => judged.push(quality::absent(frame, name, gate.margin(name))),
        }
    }
    let worst = weighed.evidence.worst.iter();
    judged.extend(worst.map(|claim| quality::worst_case(frame, claim)));
    judged.extend(rates::slo(frame, weighed));
    judged.extend(rates::errors(frame, weighed));
    judged.extend(saving::claim(frame, weighed));
    let guarded = comparison
        .slices
        .iter()
        .filter(|s| !gate.critical.contains(&s.name));
    judged.extend(guarded.filter_map(|slice| quality::claim(frame, slice)));
    judged
}

/// What would decide the open claims, then slice names of the policy that nothing answers to.
fn next_steps(frame: &Frame<'_>, weighed: &Weighed, judged: &[Judged]) -> Vec<String> {
    let gate = &frame.table.header().gate;
    let known = |name: &str| {
        let slices = &weighed.comparison.slices;
        name.starts_with("routed to ") || slices.iter().any(|s| s.name == name)
    };
    let mut steps: Vec<String> = judged.iter().filter_map(|j| j.next_step.clone()).collect();
    for name in gate.margins.keys().chain(&gate.exploratory) {
        if !known(name) {
            steps.push(format!(
                "the gate policy names the slice `{name}`, and the run has none of that name"
            ));
        }
    }
    steps
}

fn outcome(judged: &[Judged]) -> Outcome {
    let any = |state: ClaimState| judged.iter().any(|j| j.claim.state == state);
    if judged.iter().any(|j| j.invalid) {
        Outcome::Invalid
    } else if any(ClaimState::Fails) {
        Outcome::Block
    } else if judged
        .iter()
        .any(|j| j.claim.required && j.claim.state == ClaimState::Open)
    {
        Outcome::Inconclusive
    } else {
        Outcome::Pass
    }
}

fn sentence(frame: &Frame<'_>, outcome: Outcome, judged: &[Judged]) -> String {
    let decisive: Vec<&Judged> = judged
        .iter()
        .filter(|j| match outcome {
            Outcome::Invalid => j.invalid,
            Outcome::Block => j.claim.state == ClaimState::Fails,
            Outcome::Inconclusive => j.claim.required && j.claim.state == ClaimState::Open,
            Outcome::Pass => false,
        })
        .collect();
    match decisive.as_slice() {
        [] => passed(frame, judged),
        [only] => only.claim.sentence.clone(),
        [first, rest @ ..] => {
            let more = count(rest.len() as u64, "more claim");
            let verb = match outcome {
                Outcome::Block => "also fail",
                Outcome::Invalid => "also cannot be answered",
                Outcome::Inconclusive | Outcome::Pass => "also open",
            };
            let verb = if rest.len() == 1 {
                verb.replace("fail", "fails")
            } else {
                verb.to_owned()
            };
            format!("{}; {more} {verb}", first.claim.sentence)
        }
    }
}

fn passed(frame: &Frame<'_>, judged: &[Judged]) -> String {
    let gate = &frame.table.header().gate;
    let quality = judged
        .iter()
        .filter(|j| j.claim.kind == ClaimKind::Quality && j.claim.required)
        .count();
    let critical = match quality - quality.min(1) {
        0 => String::new(),
        1 => "; the critical slice within its margin".to_owned(),
        n => format!("; all {n} critical slices within their margins"),
    };
    format!(
        "loss above {} points excluded at {}{critical}; no guarded slice is shown to be worse \
         beyond its margin",
        points(gate.overall_margin),
        confidence(gate.alpha_pass)
    )
}
