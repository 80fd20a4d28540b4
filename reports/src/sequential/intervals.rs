//! Intervals that stay valid under early stopping, in place of the fixed-n ones of a comparison.

use std::collections::BTreeMap;

use super::layout::Layout;
use super::values::Arms;
use crate::compare::{Frame, LEVEL, routed};
use crate::model::{Comparison, Estimate, SliceKind, SliceResult, SliceState};
use crate::stats::betting::{Horizon, certified_lower};

use super::candidate::{Candidate, Watched};

/// Name of the interval, for the reader.
const SEQUENCE: &str = "betting confidence sequence, anytime-valid";
/// What is appended to the names of intervals that were not made for stopping early.
const FIXED: &str = "; fixed n, not valid under early stopping, not gating";

/// Mean differences of the blocks of one slice in visiting order, with unknowns against and for the
/// candidate.
#[derive(Default)]
struct Units {
    against: Vec<f64>,
    favour: Vec<f64>,
}

/// Rewrites a comparison. `candidate` is the process of the same policy.
pub(super) fn rewrite(
    frame: &Frame<'_>,
    layout: &Layout,
    candidate: &Candidate,
    baseline: usize,
    visited: &[Vec<u32>],
    comparison: &mut Comparison,
) {
    let arms = Arms {
        fleet: &frame.table.header().fleet,
        base: &frame.table.arms()[baseline],
        cand: &frame.table.arms()[candidate.policy],
        samples: frame.table.samples().len(),
        repeats: frame.table.repeats(),
    };
    let members = members(frame, &arms, comparison);
    let slices = std::iter::once(&mut comparison.overall).chain(&mut comparison.slices);
    let filled = members
        .values()
        .filter(|m| m.contains(&true))
        .count()
        .max(1);
    let blank = Vec::new();
    for slice in slices {
        let inside = members.get(slice.name.as_str()).unwrap_or(&blank);
        let guard = layout.guards.iter().position(|g| g.name == slice.name);
        let units = units(&arms, visited, inside);
        let simultaneous = layout.levels.pass / filled as f64;
        bound(slice, &units, layout.levels.pass, simultaneous);
        let watched = guard.map(|g| &candidate.slices[g]);
        conclude(slice, watched);
    }
    for estimate in [&mut comparison.routed_loss, &mut comparison.cost.saving]
        .into_iter()
        .flatten()
    {
        estimate.method += FIXED;
    }
    if let Some(ratio) = comparison
        .latency
        .as_mut()
        .and_then(|l| l.ttft_ratio.as_mut())
    {
        ratio.method += FIXED;
    }
    comparison.screen = format!(
        "E-values of {} bets that the candidate is worse, decided together by closed testing at {}: \
         valid at every look",
        layout.guards.len(),
        layout.alpha_screen()
    );
}

/// Members of every slice of the comparison, as flags by sample.
fn members(
    frame: &Frame<'_>,
    arms: &Arms<'_>,
    comparison: &Comparison,
) -> BTreeMap<String, Vec<bool>> {
    let flags = |members: &[u32]| {
        let mut flags = vec![false; frame.table.samples().len()];
        members.iter().for_each(|&m| flags[m as usize] = true);
        flags
    };
    let mut all: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    all.insert(comparison.overall.name.clone(), vec![true; arms.samples]);
    for slice in &frame.slices {
        all.insert(slice.name.clone(), flags(&slice.members));
    }
    for (to, members) in routed(frame, arms.base, arms.cand) {
        all.insert(format!("routed to {}", to.name(frame)), flags(&members));
    }
    all
}

fn units(arms: &Arms<'_>, visited: &[Vec<u32>], inside: &[bool]) -> Units {
    let mut units = Units::default();
    for block in visited {
        let (mut against, mut favour, mut count) = (0.0, 0.0, 0u32);
        for &sample in block {
            if inside.get(sample as usize).copied().unwrap_or(false) {
                let d = arms.score(sample);
                against += d.against;
                favour += d.favour;
                count += 1;
            }
        }
        if count > 0 {
            let count = f64::from(count);
            units.against.push((against / count).clamp(-1.0, 1.0));
            units.favour.push((favour / count).clamp(-1.0, 1.0));
        }
    }
    units
}

fn bound(slice: &mut SliceResult, units: &Units, alpha: f64, simultaneous: f64) {
    let mirrored: Vec<f64> = units.favour.iter().map(|d| 0.0 - d).collect();
    let limit = |d: &[f64], alpha: f64| certified_lower(d, alpha, Horizon::Anytime).unwrap_or(-1.0);
    let lower = |alpha: f64| limit(&units.against, alpha);
    let upper = |alpha: f64| 0.0 - limit(&mirrored, alpha);
    let tail = 0.5 * (1.0 - LEVEL);
    let some = !units.against.is_empty();
    slice.difference = Estimate {
        lower: some.then(|| lower(tail)),
        upper: some.then(|| upper(tail)),
        level: LEVEL,
        method: SEQUENCE.to_owned(),
        ..slice.difference.clone()
    };
    let loss = |alpha: f64| some.then(|| (0.0 - lower(alpha)).max(0.0));
    slice.certified_loss = loss(alpha);
    slice.simultaneous_loss = loss(simultaneous);
}

/// What the e-processes say about a slice.
fn conclude(slice: &mut SliceResult, watched: Option<&Watched>) {
    let p = |bet: &super::bet::Bet| (-bet.log_peak).exp().min(1.0);
    slice.noninferiority_p = watched.and_then(|w| w.within.as_ref()).map(p);
    slice.worse_p = watched.and_then(|w| w.worse.as_ref()).map(p);
    slice.worse_p_adjusted = None;
    slice.shrunken = None;
    if matches!(slice.verdict, SliceState::Exploratory | SliceState::Empty) {
        return;
    }
    let Some(watched) = watched else { return };
    let proven = match &watched.within {
        Some(bet) => bet.decided,
        None => slice.certified_loss.is_some_and(|loss| loss < slice.margin),
    };
    slice.verdict = if watched.blocks() {
        SliceState::Blocked
    } else if proven {
        SliceState::Proven
    } else {
        SliceState::Undecided {
            needs_n: needed(slice, watched),
        }
    };
}

/// Samples at which a critical slice would be proven if nothing differed from here on.
fn needed(slice: &SliceResult, watched: &Watched) -> Option<u64> {
    if slice.kind == SliceKind::Routed {
        return None;
    }
    let within = watched.within.as_ref()?;
    Some(slice.n + within.quiet_blocks_needed(20_000)?)
}
