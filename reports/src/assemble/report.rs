//! The whole report, each part from its own place.

use rayon::prelude::*;
use weighbridge_record::{PolicyRole, RunReader};

use super::{attempts, flips, health, methods, provenance, reliability};
use crate::compare::{Frame, Weighed, weigh_all};
use crate::gate::judge;
use crate::join;
use crate::leaderboard;
use crate::model::{Outcome, REPORT_SCHEMA, Report, Verdict};
use crate::routing;
use crate::sequential;
use crate::summary;
use crate::table::RunTable;

/// Everything a report says about a run.
///
/// `reader` is used for the texts of the few samples shown as flips; without one they have no
/// texts. The same run gives the same report at any thread count and any order of its trials.
/// A run without candidates has no verdict and passes: there was nothing to weigh.
pub fn assemble(table: &RunTable, reader: Option<&mut RunReader>) -> Report {
    let frame = Frame::new(table);
    let header = table.header();
    let (weighed, ((routing, plane), leaderboard)) = rayon::join(
        || weigh_all(&frame),
        || rayon::join(|| routing::analyse(table), || leaderboard::of(&frame)),
    );
    let policies = (0..header.policies.len())
        .into_par_iter()
        .map(|policy| summary::policy(&frame, policy))
        .collect();
    let arms = || header.policies.iter().zip(table.arms());
    let flips = flips::collect(&frame, reader);
    let methods = methods::describe(&frame, &weighed, flips.unread);
    let mut comparisons: Vec<_> = weighed.iter().map(|w| w.comparison.clone()).collect();
    let judged = sequential::judge(&frame, &mut comparisons);
    let verdicts = match &judged {
        Some(judged) => judged.verdicts.clone(),
        None => verdicts(&frame, &weighed),
    };
    let worst = verdicts.iter().map(|v| v.outcome).max();
    let outcome = worst.unwrap_or(Outcome::Pass);
    let mut report = Report {
        schema: REPORT_SCHEMA,
        name: header.name.clone(),
        outcome,
        attempts: attempts::attempts(table, outcome, &verdicts, judged.as_ref()),
        verdicts,
        sequential: judged.map(|judged| judged.summary),
        gate: header.gate.clone(),
        health: health::findings(&frame),
        coverage: arms()
            .map(|(p, arm)| summary::coverage(&p.name, arm))
            .collect(),
        policies,
        comparisons,
        leaderboard,
        plane,
        routing,
        latency: summary::latencies(&frame),
        ledger: arms()
            .map(|(p, arm)| summary::ledger(&p.name, arm))
            .chain(summary::shared(&header.notes))
            .collect(),
        reliability: reliability::reliability(table),
        flips: flips.flips,
        flip_counts: flips.counts,
        methods,
        run_diff: join::diff(&frame),
        provenance: provenance::of(header),
    };
    if let Some(summary) = &report.sequential {
        report.methods = sequential::notes(summary, &report);
    }
    report
}

fn verdicts(frame: &Frame<'_>, weighed: &[Weighed]) -> Vec<Verdict> {
    let policies = frame.table.header().policies.iter().enumerate();
    let candidates = policies.filter(|(_, p)| p.role == PolicyRole::Candidate);
    candidates
        .map(|(position, policy)| {
            let comparison = weighed
                .iter()
                .find(|w| w.comparison.candidate == policy.name);
            judge(frame, position, comparison)
        })
        .collect()
}
