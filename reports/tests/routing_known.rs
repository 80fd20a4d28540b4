//! Known answers from recorded data: RouteLLM's answers to GSM8K and MMLU, and the reference hull.
//!
//! Expected values are from an independent implementation over the same files. Without the data
//! folder beside the checkout the tests over recorded data say so and do nothing.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test stops at what it cannot read, and prints measured beside known values"
)]

use std::path::PathBuf;

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use weighbridge_datasets::import::{Imported, routellm};
use weighbridge_reports::routing::{
    DeferralCurve, NoneCorrect, Point, apgr, apgr_binned, hull_area, non_decreasing_hull, oracle,
    recover_over_tie_orders, share_to_recover,
};

const WEAK: &str = "mistralai/Mixtral-8x7B-Instruct-v0.1";
const STRONG: &str = "gpt-4-1106-preview";

struct Pair {
    length: Vec<f64>,
    weak: Vec<f64>,
    strong: Vec<f64>,
}

impl Pair {
    fn load(
        read: impl Fn(&std::path::Path) -> Result<Imported, weighbridge_datasets::DataError>,
    ) -> Option<Self> {
        let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/routellm");
        if !dir.is_dir() {
            println!("skipped: no recorded data at {}", dir.display());
            return None;
        }
        let data = read(&dir).expect("the recorded data can be read");
        let samples = data.dataset.samples().iter();
        let chars = |s: &weighbridge_datasets::Sample| -> usize {
            s.messages.iter().map(|m| m.content.chars().count()).sum()
        };
        let length = samples.clone().map(|s| chars(s) as f64).collect();
        let scores = |model| {
            let outcomes = samples.clone().map(|s| data.outcomes.get(&s.id, model));
            outcomes
                .map(|o| {
                    o.and_then(|o| o.score.value())
                        .expect("every cell is recorded")
                })
                .collect()
        };
        Some(Self {
            length,
            weak: scores(WEAK),
            strong: scores(STRONG),
        })
    }

    fn curve(&self, rank: &[f64]) -> DeferralCurve {
        DeferralCurve::new(rank, &self.weak, &self.strong).unwrap()
    }

    fn by_length(&self) -> DeferralCurve {
        self.curve(&self.length)
    }

    fn perfect(&self) -> DeferralCurve {
        let pairs = self.weak.iter().zip(&self.strong);
        self.curve(&pairs.map(|(w, s)| s - w).collect::<Vec<_>>())
    }

    fn oracle_accuracy(&self) -> f64 {
        let cost = vec![1.0; self.weak.len()];
        let models = [(&self.weak[..], &cost[..]), (&self.strong[..], &cost[..])];
        let best = oracle(&models, NoneCorrect::Cheapest).unwrap();
        100.0 * best.quality.iter().sum::<f64>() / best.quality.len() as f64
    }

    /// Mean APGR of shuffled ranks.
    fn random(&self, rounds: u32) -> f64 {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut rank: Vec<f64> = (0..self.weak.len()).map(|i| i as f64).collect();
        let sum: f64 = (0..rounds)
            .map(|_| {
                rank.shuffle(&mut rng);
                apgr(&self.curve(&rank)).unwrap()
            })
            .sum();
        sum / f64::from(rounds)
    }
}

fn cpt(curve: &DeferralCurve, recovered: f64) -> f64 {
    100.0 * share_to_recover(curve, recovered).unwrap()
}

#[track_caller]
fn near(what: &str, got: f64, expected: f64, tolerance: f64) {
    println!("{what}: {got:.4} (known {expected})");
    assert!(
        (got - expected).abs() <= tolerance,
        "{what}: {got}, known {expected}"
    );
}

/// What is known of the length router on one benchmark.
struct LengthRouter {
    apgr: f64,
    /// 10 bins as the published code makes them: quantiles of the score, requests of equal score
    /// stay together. From a replication of that code in numpy.
    binned: f64,
    /// 10 bins after ties were broken by the order of the file, as the independent implementation
    /// had it. Prompt lengths tie often, so that this is a different number.
    binned_untied: f64,
    /// Call-performance thresholds at 20, 50, 80 and 95 %, expected values within ties; from numpy.
    cpt: [f64; 4],
    /// The same from the independent implementation, which breaks ties in an order of its own.
    cpt_untied: [f64; 4],
}

impl LengthRouter {
    fn check(&self, pair: &Pair) {
        let curve = pair.by_length();
        near("length APGR", apgr(&curve).unwrap(), self.apgr, 6e-4);
        let binned = apgr_binned(&curve, 10).unwrap();
        near("length APGR, 10 bins", binned, self.binned, 1e-6);
        let untied = apgr_binned(&pair.curve(&positions(&pair.length)), 10).unwrap();
        near(
            "length APGR, 10 bins, ties by file order",
            untied,
            self.binned_untied,
            6e-5,
        );
        let parts = [0.2, 0.5, 0.8, 0.95];
        let ranges = recover_over_tie_orders(&pair.length, &pair.weak, &pair.strong, &parts);
        // The known values are printed to a tenth.
        let slack = 0.05 + 1e-9;
        for (i, part) in parts.into_iter().enumerate() {
            near(
                &format!("length CPT {part}"),
                cpt(&curve, part),
                self.cpt[i],
                1e-4,
            );
            let (low, high) = ranges[i].expect("both orders reach it");
            let (low, high) = (100.0 * low, 100.0 * high);
            let known = self.cpt_untied[i];
            println!(
                "length CPT {part} over orders of ties: {low:.2} to {high:.2} (known {known})"
            );
            assert!(
                low - slack <= known && known <= high + slack,
                "{low} to {high}, known {known}"
            );
        }
    }
}

/// Position of each value in ascending order, equal values by position in the file.
fn positions(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut at = vec![0.0; values.len()];
    for (position, i) in order.into_iter().enumerate() {
        at[i] = position as f64;
    }
    at
}

#[test]
fn gsm8k() {
    let Some(pair) = Pair::load(routellm::gsm8k) else {
        return;
    };
    assert_eq!(pair.weak.len(), 1307);
    let known = LengthRouter {
        apgr: 0.598,
        binned: 0.598_655_5,
        binned_untied: 0.5978,
        cpt: [11.0176, 36.6488, 66.7942, 89.9770],
        cpt_untied: [11.1, 36.6, 66.9, 90.0],
    };
    known.check(&pair);
    let perfect = pair.perfect();
    near("perfect APGR", apgr(&perfect).unwrap(), 1.121, 6e-4);
    near("perfect CPT 0.5", cpt(&perfect, 0.5), 11.0, 0.051);
    near("perfect CPT 0.95", cpt(&perfect, 0.95), 21.0, 0.051);
    near("oracle accuracy", pair.oracle_accuracy(), 92.96, 0.005);
    near("random APGR", pair.random(200), 0.5, 0.006);
}

#[test]
fn mmlu() {
    let Some(pair) = Pair::load(routellm::mmlu) else {
        return;
    };
    assert_eq!(pair.weak.len(), 14_037);
    let known = LengthRouter {
        apgr: 0.586,
        binned: 0.583_698_2,
        binned_untied: 0.5833,
        cpt: [14.2623, 35.9051, 69.0888, 91.9498],
        cpt_untied: [14.2, 35.9, 69.1, 91.7],
    };
    known.check(&pair);
    let perfect = pair.perfect();
    near("perfect APGR", apgr(&perfect).unwrap(), 1.285, 6e-4);
    near("perfect CPT 0.5", cpt(&perfect, 0.5), 6.2, 0.051);
    near("perfect CPT 0.95", cpt(&perfect, 0.95), 11.9, 0.051);
    near("oracle accuracy", pair.oracle_accuracy(), 85.87, 0.005);
    near("random APGR", pair.random(50), 0.5, 0.006);
}

#[test]
fn the_reference_hull() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/golden_stats.json");
    let text = std::fs::read_to_string(path).expect("reference values are checked in");
    let all: serde_json::Value = serde_json::from_str(&text).expect("reference values are JSON");
    let golden = &all["cost_quality_hull"];
    let points = |key: &str| -> Vec<Point> {
        let pairs: Vec<(f64, f64)> = serde_json::from_value(golden[key].clone()).unwrap();
        pairs.into_iter().map(|(c, q)| Point::new(c, q)).collect()
    };
    let hull = non_decreasing_hull(&points("points_cost_quality"));
    assert_eq!(hull, points("nondecreasing_upper_hull"));
    let (first, last) = (hull[0].cost, hull[hull.len() - 1].cost);
    let area = hull_area(&hull, last);
    assert!((area - golden["area"].as_f64().unwrap()).abs() < 1e-12);
    let normalised = area / (last - first);
    assert!((normalised - golden["normalised_area"].as_f64().unwrap()).abs() < 1e-12);
}
