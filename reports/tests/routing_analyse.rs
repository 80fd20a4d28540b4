//! The routing analysis of a whole run, on a small made-up run whose answers are known.

#![expect(
    clippy::expect_used,
    reason = "a summary or control that is not there must stop the test"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use weighbridge_record::{
    Attempt, Decision, Mode, ModelEntry, PolicyEntry, PolicyRole, RunHeader, SampleLine, Score,
    Step, Trial,
};
use weighbridge_reports::model::{Plane, PointKind, RoutingSummary};
use weighbridge_reports::routing::analyse;
use weighbridge_reports::table::{Place, RunTable};

/// Samples; every third is hard (only `big` solves it), every tenth is lost by both.
const N: usize = 300;
const COST: [f64; 2] = [0.001, 0.010];

fn right(model: usize, sample: usize) -> bool {
    sample % 10 != 9 && (model == 1 || !sample.is_multiple_of(3))
}

fn entry(name: &str, kind: &str, role: PolicyRole) -> PolicyEntry {
    PolicyEntry {
        name: name.to_owned(),
        kind: kind.to_owned(),
        role,
        hash: String::new(),
        notes: Vec::new(),
    }
}

fn header() -> RunHeader {
    let model = |name: &str| ModelEntry {
        name: name.to_owned(),
        dialect: "recorded".to_owned(),
        price: None,
    };
    let mut oracle = entry("seer", "custom", PolicyRole::Control);
    oracle.notes.push("needs the truth".to_owned());
    RunHeader {
        weighbridge: "0".to_owned(),
        seed: 1,
        fleet: vec![model("small"), model("big")],
        policies: vec![
            entry("prod", "always", PolicyRole::Baseline),
            entry("sharp", "custom", PolicyRole::Candidate),
            entry("blind", "custom", PolicyRole::Candidate),
            entry("by-label", "table", PolicyRole::Control),
            entry("all-small", "always", PolicyRole::Control),
            oracle,
        ],
        ..RunHeader::new("made up", Mode::Replay)
    }
}

/// Model and ranking score of a policy at a sample.
fn route(policy: &str, i: usize) -> (usize, Option<f64>) {
    let hard = i.is_multiple_of(3);
    match policy {
        "prod" => (1, None),
        "all-small" => (0, None),
        "sharp" => (usize::from(hard), Some(f64::from(u8::from(hard)))),
        // Independent of what makes a sample hard.
        "blind" => (
            usize::from((i / 30).is_multiple_of(3)),
            Some((i / 30 % 3) as f64),
        ),
        "by-label" => (usize::from(hard && i.is_multiple_of(2)), None),
        _ => (usize::from(hard && right(1, i)), None),
    }
}

fn trial(policy: &str, i: usize) -> Trial {
    let models: [Arc<str>; 2] = ["small".into(), "big".into()];
    let (to, rank) = route(policy, i);
    let mut decision = Decision::new(Step::Call(Arc::clone(&models[to])), "made up");
    decision.rank_score = rank;
    Trial {
        sample: format!("s{i}").into(),
        policy: policy.into(),
        repeat: 0,
        model: Some(Arc::clone(&models[to])),
        score: Score::Value(f64::from(u8::from(right(to, i)))),
        cost_usd: COST[to],
        ttft_ms: None,
        router_ms: None,
        e2e_ms: None,
        decisions: vec![decision, Decision::new(Step::Accept(0), "answered")],
        attempts: vec![Attempt::new(Arc::clone(&models[to]))],
        answer: None,
        start_ms: None,
        arrival: None,
    }
}

/// The run with its samples in the given order.
fn run(order: impl Iterator<Item = usize> + Clone, skip: Option<(&str, usize)>) -> RunTable {
    let samples = order.clone().map(|i| SampleLine {
        id: format!("s{i}").into(),
        labels: BTreeMap::new(),
        cluster: None,
        chance: None,
        prompt_chars: 10 + (i % 7) as u32,
        prompt: String::new(),
        expected: None,
        fingerprint: None,
    });
    let mut table = RunTable::new(header(), samples.collect());
    let policies = table.header().policies.clone();
    for policy in &policies {
        for i in order.clone() {
            if skip != Some((policy.name.as_str(), i)) {
                table.push(&trial(&policy.name, i), Place::default());
            }
        }
    }
    table
}

fn of<'a>(summaries: &'a [RoutingSummary], name: &str) -> &'a RoutingSummary {
    summaries.iter().find(|s| s.policy == name).expect(name)
}

fn check(summary: &RoutingSummary, control: &str) -> (f64, bool, String) {
    let found = summary.controls.iter().find(|c| c.control == control);
    let found = found.expect(control);
    (found.difference.point, found.beats, found.sentence.clone())
}

#[test]
fn a_router_that_sees_the_difficulty_beats_chance() {
    let (summaries, _) = analyse(&run(0..N, None));
    let names: Vec<_> = summaries.iter().map(|s| s.policy.as_str()).collect();
    assert_eq!(names, ["sharp", "blind", "by-label", "seer"]);
    let sharp = of(&summaries, "sharp");
    assert_eq!(
        (sharp.weak.as_str(), sharp.strong.as_str()),
        ("small", "big")
    );
    assert!((sharp.strong_share - 1.0 / 3.0).abs() < 1e-12);
    assert!((sharp.pgr.as_ref().unwrap().point - 1.0).abs() < 1e-12);
    // Straight up to the full gap at a third of the calls, flat after it: 1/6 + 2/3.
    assert!((sharp.apgr.unwrap() - 5.0 / 6.0).abs() < 1e-12);
    assert!((sharp.cpt[1].share.unwrap() - 1.0 / 6.0).abs() < 1e-12);
    let (difference, beats, sentence) = check(sharp, "cost-matched random");
    // A third of the calls at random recovers a third of the gap of 0.3.
    assert!((difference - 0.2).abs() < 1e-9);
    assert!(beats && sentence.starts_with("beats mixing"), "{sentence}");
    let (difference, beats, _) = check(sharp, "best single");
    assert_eq!((difference, beats), (0.0, false));
    assert!(check(sharp, "length threshold").1);
    assert!(check(sharp, "per-label table").1);
}

#[test]
fn a_blind_router_is_told_so() {
    let (summaries, _) = analyse(&run(0..N, None));
    let blind = of(&summaries, "blind");
    assert!((blind.apgr.unwrap() - 0.5).abs() < 0.02);
    let (difference, beats, sentence) = check(blind, "cost-matched random");
    assert!(difference.abs() < 0.02 && !beats);
    assert!(sentence.starts_with("does not beat mixing"), "{sentence}");
    let (_, beats, sentence) = check(blind, "oracle");
    assert!(
        !beats && sentence.starts_with("is worse than the oracle"),
        "{sentence}"
    );
}

#[test]
fn ratios_over_solvable_samples() {
    let (summaries, _) = analyse(&run(0..N, None));
    let seer = of(&summaries, "seer");
    assert_eq!(seer.opt_selection, Some(1.0));
    assert_eq!(seer.opt_accuracy, Some(1.0));
    assert!((seer.opt_cost.unwrap() - 1.0).abs() < 1e-12);
    assert!(seer.apgr.is_none() && seer.curve.is_empty() && seer.aiq.is_none());
    let sharp = of(&summaries, "sharp");
    assert_eq!(sharp.opt_selection, Some(1.0));
}

fn kinds(plane: &Plane) -> Vec<(&str, PointKind)> {
    let points = plane.points.iter();
    points.map(|p| (p.name.as_str(), p.kind)).collect()
}

#[test]
fn the_plane_shows_each_thing_once() {
    let (_, plane) = analyse(&run(0..N, None));
    assert_eq!(
        kinds(&plane),
        [
            ("prod", PointKind::Baseline),
            ("sharp", PointKind::Candidate),
            ("blind", PointKind::Candidate),
            ("by-label", PointKind::Control),
            ("seer", PointKind::Control),
            ("small", PointKind::Single),
            ("big", PointKind::Single),
            ("oracle", PointKind::Oracle),
        ]
    );
    assert_eq!(plane.zero_router.len(), 2);
    // Small; the table, whose upgrades all pay; sharp, as good as big for less. The policy that
    // needs the truth would be a corner at 3.7 dollars and is none.
    let expected = [(1.0, 0.6), (2.5, 0.6 + 50.0 / 300.0), (4.0, 0.9)];
    assert_eq!(plane.policy_hull.len(), expected.len());
    for (got, expected) in plane.policy_hull.iter().zip(expected) {
        assert!((got.0 - expected.0).abs() < 1e-9, "{got:?}");
        assert!((got.1 - expected.1).abs() < 1e-12, "{got:?}");
    }
}

#[test]
fn neither_order_nor_a_missing_trial_moves_the_rest() {
    let (forward, plane) = analyse(&run(0..N, None));
    let (backward, mirrored) = analyse(&run((0..N).rev(), None));
    for (a, b) in forward.iter().zip(&backward) {
        assert_eq!(a.apgr.map(f64::to_bits), b.apgr.map(f64::to_bits));
        for (x, y) in a.controls.iter().zip(&b.controls) {
            assert_eq!(x.sentence, y.sentence);
        }
    }
    assert_eq!(kinds(&plane), kinds(&mirrored));
    let (missing, _) = analyse(&run(0..N, Some(("sharp", 5))));
    assert_eq!(missing[1..], forward[1..]);
    assert_eq!(missing[0].pgr.as_ref().unwrap().n, N as u64 - 1);
}

#[test]
fn without_two_single_models_there_are_points_but_no_metrics() {
    let (summaries, plane) = analyse(&run(0..N, Some(("all-small", 0))));
    assert!(summaries.is_empty());
    assert_eq!(plane.zero_router.len(), 1);
    for name in ["sharp", "all-small"] {
        assert!(plane.points.iter().any(|p| p.name == name), "{name}");
    }
}
