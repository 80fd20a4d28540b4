//! How often the gate passes, blocks and stays open when the truth is known.
//!
//! Twenty slices of 8 to 400 samples, 1,616 in all, 6 % flips; overall margin 2 points; two critical
//! slices (n = 400 and 250) at 5 points; screen at 5 %.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use weighbridge_record::{GatePolicy, Score};
use weighbridge_reports::compare::{Frame, weigh_all};
use weighbridge_reports::gate::judge;
use weighbridge_reports::model::Outcome;

use crate::build::{Run, gate};

const SIZES: [usize; 20] = [
    400, 250, 160, 140, 100, 93, 80, 70, 60, 50, 40, 35, 30, 25, 20, 18, 15, 12, 10, 8,
];
const FLIPS: f64 = 0.06;

/// True loss of a slice by its size.
type Truth = fn(usize) -> f64;

const ROWS: [(&str, Truth); 8] = [
    ("no change", |_| 0.0),
    ("n=50 slice -15 pt", |n| if n == 50 { 0.15 } else { 0.0 }),
    ("n=50 slice -30 pt", |n| if n == 50 { 0.30 } else { 0.0 }),
    ("n=15 slice -30 pt", |n| if n == 15 { 0.30 } else { 0.0 }),
    ("n=15 slice -60 pt", |n| if n == 15 { 0.60 } else { 0.0 }),
    ("critical n=400 at its margin", |n| {
        if n == 400 { 0.05 } else { 0.0 }
    }),
    ("uniform -2 pt (overall margin)", |_| 0.02),
    ("uniform -1 pt", |_| 0.01),
];

fn policy(flips: u32) -> GatePolicy {
    GatePolicy {
        critical: vec!["task=400".to_owned(), "task=250".to_owned()],
        flips,
        ..gate(0.02)
    }
}

/// How a loss comes about.
#[derive(Clone, Copy)]
enum Losing {
    /// Within the flips there are: their rate stays where it is until the loss itself is larger.
    Within,
    /// On top of as many flips each way as without it.
    OnTop,
}

impl Losing {
    /// Shares of samples that get worse, and better.
    fn shares(self, loss: f64) -> (f64, f64) {
        match self {
            Self::Within => {
                let rate = f64::max(FLIPS, loss);
                (0.5 * (rate + loss), 0.5 * (rate - loss))
            }
            Self::OnTop => (0.5 * FLIPS + loss, 0.5 * FLIPS),
        }
    }
}

fn draw(truth: Truth, losing: Losing, policy: GatePolicy, seed: u64) -> Outcome {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut run = Run::new(policy);
    run.header.seed = seed;
    for n in SIZES {
        let (worse, better) = losing.shares(truth(n));
        for _ in 0..n {
            let u: f64 = random.random();
            let (b, c) = match u {
                u if u < worse => (1.0, 0.0),
                u if u < worse + better => (0.0, 1.0),
                _ => (1.0, 1.0),
            };
            run.pair(&n.to_string(), Score::Value(b), Score::Value(c));
        }
    }
    let table = run.table();
    let frame = Frame::new(&table);
    let weighed = weigh_all(&frame);
    judge(&frame, 1, weighed.first()).outcome
}

/// Shares of PASS, BLOCK and INCONCLUSIVE.
fn shares(truth: Truth, runs: u64, flips: u32, seed: u64) -> [f64; 3] {
    simulated(truth, Losing::Within, &policy(flips), runs, seed)
}

fn simulated(truth: Truth, losing: Losing, policy: &GatePolicy, runs: u64, seed: u64) -> [f64; 3] {
    let outcomes: Vec<Outcome> = (0..runs)
        .into_par_iter()
        .map(|i| draw(truth, losing, policy.clone(), seed + i))
        .collect();
    [Outcome::Pass, Outcome::Block, Outcome::Inconclusive]
        .map(|o| outcomes.iter().filter(|x| **x == o).count() as f64 / runs as f64)
}

/// Nominal 5 % plus three Monte-Carlo errors.
fn allowed(runs: u64) -> f64 {
    0.05 + 3.0 * (0.05 * 0.95 / runs as f64).sqrt()
}

fn check(name: &str, [pass, block, _]: [f64; 3], runs: u64) {
    match name {
        "no change" => assert!(block <= allowed(runs), "false BLOCK {block}"),
        "critical n=400 at its margin" | "uniform -2 pt (overall margin)" => {
            assert!(pass <= allowed(runs), "{name}: false PASS {pass}");
        }
        _ => {}
    }
}

#[test]
fn false_pass_and_false_block_keep_to_their_rates() {
    const RUNS: u64 = 200;
    for (name, truth) in ROWS {
        if name.starts_with("no change") || name.contains("margin") {
            check(name, shares(truth, RUNS, 1000, 1_000), RUNS);
        }
    }
    // A gate that never lets anything through would pass the checks above.
    let [pass, ..] = shares(ROWS[0].1, 100, 1000, 9_000);
    assert!(pass > 0.7, "PASS when nothing changed: {pass}");
    let [_, block, _] = shares(ROWS[2].1, 100, 1000, 9_000);
    assert!(block > 0.8, "BLOCK of a 30-point loss: {block}");
}

#[test]
#[ignore = "minutes: 2,000 runs for each of eight truths"]
fn operating_characteristics() {
    const RUNS: u64 = 2000;
    eprintln!("| truth | PASS | BLOCK | INCONCLUSIVE |\n| --- | --- | --- | --- |");
    for (name, truth) in ROWS {
        let found = shares(truth, RUNS, 10_000, 50_000);
        let [pass, block, open] = found;
        eprintln!("| {name} | {pass:.3} | {block:.3} | {open:.3} |");
        check(name, found, RUNS);
    }
}

/// The design's own table was made without the rule that a loss must be seen beyond the margin, and with
/// losses on top of the flips. A margin of next to nothing takes the rule away from guarded slices.
#[test]
#[ignore = "minutes: 2,000 runs for each of eight truths"]
fn operating_characteristics_as_the_design_drew_them() {
    const RUNS: u64 = 2000;
    let critical = |n: usize| (format!("task={n}"), 0.05);
    let policy = GatePolicy {
        slice_margin: 1e-9,
        margins: [400, 250].map(critical).into(),
        ..policy(1000)
    };
    eprintln!("| truth | PASS | BLOCK | INCONCLUSIVE |\n| --- | --- | --- | --- |");
    for (name, truth) in ROWS {
        let found = simulated(truth, Losing::OnTop, &policy, RUNS, 50_000);
        let [pass, block, open] = found;
        eprintln!("| {name} | {pass:.3} | {block:.3} | {open:.3} |");
        check(name, found, RUNS);
    }
}
