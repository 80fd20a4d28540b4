//! The test of the chosen slices on the half that the search never saw.

use super::atoms::Atom;
use super::bitset::Bitset;
use super::find::{Condition, Find, HalfResult};
use super::search::Conjunction;
use super::settings::Settings;
use crate::compare::{Evidence, Frame, Pairs};
use crate::stats::westfall_young::WestfallYoung;

/// One-sided error rate of the certified bounds.
const BOUND_ALPHA: f64 = 0.05;

/// The two halves, as positions of pairs.
pub(super) struct Halves {
    pub(super) searched: Bitset,
    pub(super) tested: Bitset,
}

/// Tests all chosen slices together; sorted by adjusted p-value, then in the order of the choice.
pub(super) fn confirm(
    frame: &Frame<'_>,
    pairs: &Pairs,
    halves: &Halves,
    atoms: &[Atom],
    chosen: &[Conjunction],
    settings: &Settings,
) -> Vec<Find> {
    if chosen.is_empty() {
        return Vec::new();
    }
    let members: Vec<Bitset> = chosen
        .iter()
        .map(|c| {
            let mut parts = c.atoms.iter().map(|&at| &atoms[at].members);
            let first = parts.next().cloned();
            first.map_or_else(
                || halves.tested.clone(),
                |first| parts.fold(first, |all, part| all.and(part)),
            )
        })
        .collect();
    let rows: Vec<Vec<u32>> = members
        .iter()
        .map(|m| positions(&m.and(&halves.tested)))
        .collect();
    let flips = u64::from(frame.table.header().gate.flips);
    let screen = WestfallYoung::new(&rows, &pairs.difference, pairs.clusters.as_deref())
        .and_then(|problem| problem.run(flips, settings.seed));
    // Without a test nothing is confirmed.
    let p = screen.map_or_else(
        |_| vec![(1.0, 1.0); rows.len()],
        |result| {
            let both = result.slices.iter().map(|s| (s.p_raw, s.p_step_down));
            both.collect()
        },
    );
    let mut finds: Vec<Find> = chosen
        .iter()
        .zip(&members)
        .zip(p)
        .map(|((conjunction, members), (p, p_adjusted))| {
            let conditions: Vec<Condition> = conjunction
                .atoms
                .iter()
                .map(|&at| atoms[at].condition.clone())
                .collect();
            let tested = half(pairs, &members.and(&halves.tested));
            Find {
                name: name(&conditions),
                searched: half(pairs, &members.and(&halves.searched)),
                confirmed: p_adjusted <= settings.alpha && tested.difference.point < 0.0,
                tested,
                conditions,
                p,
                p_adjusted,
            }
        })
        .collect();
    finds.sort_by(|a, b| a.p_adjusted.total_cmp(&b.p_adjusted));
    finds
}

fn name(conditions: &[Condition]) -> String {
    let names: Vec<String> = conditions.iter().map(Condition::name).collect();
    names.join(", ")
}

fn positions(members: &Bitset) -> Vec<u32> {
    members.iter().map(|at| at as u32).collect()
}

fn half(pairs: &Pairs, members: &Bitset) -> HalfResult {
    let evidence = Evidence::of(pairs, &positions(members));
    HalfResult {
        n: evidence.n,
        clusters: evidence.clusters,
        gains: evidence.gains,
        losses: evidence.losses,
        difference: evidence.estimate(),
        certified_loss: 0.0 - evidence.lower(BOUND_ALPHA),
    }
}
