//! One policy against the baseline, with the evidence its verdict needs.

use rayon::prelude::*;
use weighbridge_record::SliceTier;

use super::cost::Money;
use super::errors::Errors;
use super::latency::Latency;
use super::pairs::Pairs;
use super::routed::routed;
use super::screen::screen;
use super::shrink::shrunken;
use super::slice::Slice;
use super::{Evidence, Frame, LEVEL, per_sample};
use crate::model::{Comparison, SliceKind, SliceResult};
use crate::stats::special::norm_quantile;
use crate::table::{Arm, ScoreState};

/// A comparison with the evidence behind it.
#[derive(Debug, Clone)]
pub struct Weighed {
    /// The comparison as the report has it.
    pub comparison: Comparison,
    pub(crate) evidence: GateEvidence,
}

/// What a verdict needs beyond the report.
#[derive(Debug, Clone)]
pub(crate) struct GateEvidence {
    /// Evidence of the overall claim, then of each critical slice in the order of the comparison,
    /// with unjudged and missing trials at their worst; empty where every trial is judged.
    pub(crate) worst: Vec<(String, f64, Evidence)>,
    pub(crate) errors: Evidence,
    pub(crate) latency: Option<Latency>,
    pub(crate) money: Money,
}

/// Every policy but the baseline, in the order of the run; empty without a baseline.
pub fn weigh_all(frame: &Frame<'_>) -> Vec<Weighed> {
    let Some(baseline) = frame.baseline() else {
        return Vec::new();
    };
    let others: Vec<usize> = (0..frame.table.arms().len())
        .filter(|&policy| policy != baseline)
        .collect();
    others
        .into_par_iter()
        .map(|policy| weigh(frame, baseline, policy))
        .collect()
}

/// One policy against another, by their positions in the run.
pub fn weigh(frame: &Frame<'_>, baseline: usize, candidate: usize) -> Weighed {
    let arms = frame.table.arms();
    let (base, cand) = (&arms[baseline], &arms[candidate]);
    let pairs = Pairs::new(frame, &frame.scores[baseline], &frame.scores[candidate]);
    let slices = slices(frame, &pairs, base, cand);
    let (mut results, screen) = measure(frame, &pairs, &slices, frame.table.header().seed);
    let overall = results.remove(0);
    let elsewhere = routed_pairs(&slices);
    let errors = Errors::of(frame, base, cand);
    let latency = Latency::of(frame, base, cand);
    let money = Money::of(frame, base, cand);
    let policies = &frame.table.header().policies;
    let comparison = Comparison {
        candidate: policies[candidate].name.clone(),
        baseline: policies[baseline].name.clone(),
        pairs: pairs.len() as u64,
        unpaired: (frame.table.samples().len() - pairs.len()) as u64,
        overall,
        slices: results,
        routed_loss: (!elsewhere.is_empty()).then(|| Evidence::of(&pairs, &elsewhere).mirrored()),
        cost: money.change.clone(),
        latency: latency.as_ref().map(|l| l.change.clone()),
        errors: errors.change.clone(),
        screen,
    };
    let evidence = GateEvidence {
        worst: worst_case(frame, base, cand, &slices),
        errors: errors.evidence,
        latency,
        money,
    };
    Weighed {
        comparison,
        evidence,
    }
}

/// The overall slice, the registered ones by name, then the routed ones in fleet order.
pub(super) fn slices(frame: &Frame<'_>, pairs: &Pairs, base: &Arm, cand: &Arm) -> Vec<Slice> {
    let gate = &frame.table.header().gate;
    let mut slices = known_slices(frame, pairs);
    for (to, members) in routed(frame, base, cand) {
        let name = format!("routed to {}", to.name(frame));
        // Made by the change under test, so shown only, unless the policy names it.
        let tier = if gate.critical.contains(&name) {
            SliceTier::Critical
        } else if gate.margins.contains_key(&name) {
            SliceTier::Guarded
        } else {
            SliceTier::Exploratory
        };
        slices.push(Slice {
            margin: gate.margin(&name),
            kind: SliceKind::Routed,
            at: pairs.of(&members),
            members,
            tier,
            name,
        });
    }
    slices
}

/// The slices that exist before any trial: the overall one, then the registered ones by name.
pub(crate) fn known_slices(frame: &Frame<'_>, pairs: &Pairs) -> Vec<Slice> {
    let mut slices = vec![Slice {
        name: "overall".to_owned(),
        kind: SliceKind::Overall,
        tier: SliceTier::Critical,
        margin: frame.table.header().gate.overall_margin,
        members: (0..frame.table.samples().len() as u32).collect(),
        at: pairs.all(),
    }];
    slices.extend(frame.slices.iter().map(|slice| Slice {
        name: slice.name.clone(),
        kind: SliceKind::Label,
        tier: slice.tier,
        margin: slice.margin,
        members: slice.members.clone(),
        at: pairs.of(&slice.members),
    }));
    slices
}

/// Every slice measured and judged, with the screen's sentence. `seed` draws the sign flips.
pub(super) fn measure(
    frame: &Frame<'_>,
    pairs: &Pairs,
    slices: &[Slice],
    seed: u64,
) -> (Vec<SliceResult>, String) {
    let gate = &frame.table.header().gate;
    let evidence: Vec<Evidence> = slices.iter().map(|s| Evidence::on(pairs, s)).collect();
    let filled = evidence.iter().filter(|e| e.n > 0).count().max(1);
    let simultaneous = frame.levels.pass / filled as f64;
    let family: Vec<&Slice> = slices.iter().filter(|s| s.gates()).collect();
    let rows: Vec<&[u32]> = family.iter().map(|s| s.at.as_slice()).collect();
    let screen = screen(pairs, &rows, gate.flips, seed);
    let mut screened = screen.rows.into_iter();
    let shrunken = shrunken(&spreads(slices, &evidence));
    let results = slices
        .iter()
        .zip(&evidence)
        .zip(shrunken)
        .map(|((slice, evidence), shrunken)| {
            let mut result = slice.measure(pairs, evidence, &frame.levels, simultaneous);
            let p = slice.gates().then(|| screened.next().flatten()).flatten();
            slice.conclude(&mut result, evidence, p, &frame.levels);
            result.shrunken = shrunken;
            result
        })
        .collect();
    (results, screen.sentence)
}

/// Difference and standard error of the registered slices, the error read off the interval.
fn spreads(slices: &[Slice], evidence: &[Evidence]) -> Vec<Option<(f64, f64)>> {
    let z = norm_quantile(0.5 + 0.5 * LEVEL);
    let spread = |(slice, evidence): (&Slice, &Evidence)| {
        let estimate = evidence.estimate();
        let width = estimate.upper? - estimate.lower?;
        (slice.kind == SliceKind::Label).then(|| (evidence.mean, 0.5 * width / z))
    };
    slices.iter().zip(evidence).map(spread).collect()
}

fn routed_pairs(slices: &[Slice]) -> Vec<u32> {
    let mut at: Vec<u32> = slices
        .iter()
        .filter(|s| s.kind == SliceKind::Routed)
        .flat_map(|s| s.at.iter().copied())
        .collect();
    at.sort_unstable();
    at
}

/// Unjudged and missing trials at 0 for the candidate and at 1 for the baseline.
fn worst_case(
    frame: &Frame<'_>,
    base: &Arm,
    cand: &Arm,
    slices: &[Slice],
) -> Vec<(String, f64, Evidence)> {
    let unknown = |arm: &Arm| {
        arm.state
            .iter()
            .any(|s| matches!(s, ScoreState::Missing | ScoreState::Unscored))
    };
    if !unknown(base) && !unknown(cand) {
        return Vec::new();
    }
    let filled = |arm: &Arm, value: f64| {
        per_sample(frame.table, |at| Some(arm.counted(at).unwrap_or(value)))
    };
    let pairs = Pairs::new(frame, &filled(base, 1.0), &filled(cand, 0.0));
    let claims = slices.iter().filter(|s| s.tier == SliceTier::Critical);
    claims
        .map(|slice| {
            let evidence = Evidence::of(&pairs, &pairs.of(&slice.members));
            (slice.name.clone(), slice.margin, evidence)
        })
        .collect()
}
