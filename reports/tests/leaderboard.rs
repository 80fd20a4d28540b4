//! Do the rank sets hold what they promise? Simulated runs with known true ranks: how often does any
//! true rank lie outside its set, or a shown difference point the wrong way.

#![expect(clippy::unwrap_used, reason = "a test stops at what it cannot do")]

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use weighbridge_reports::stats::ranking::{Scale, compare_all};

/// How runs are made.
struct Truth {
    items: usize,
    /// Mean score of each policy.
    means: &'static [f64],
    /// Share of items on which a policy repeats what a shared base policy answers.
    shared: f64,
    /// Items to a cluster; all items of a cluster get the same draw.
    cluster: usize,
    /// Whether scores are graded (mean of four draws) instead of 0 or 1.
    graded: bool,
}

fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

impl Truth {
    fn run(&self, rng: &mut ChaCha8Rng) -> (Vec<Vec<f64>>, Vec<u32>) {
        let mut columns = vec![vec![0.0; self.items]; self.means.len()];
        let mut clusters = vec![0u32; self.items];
        let draws = if self.graded { 4 } else { 1 };
        for first in (0..self.items).step_by(self.cluster) {
            let mut base = [0.0; 4];
            base.fill_with(|| uniform(rng));
            for (column, mean) in columns.iter_mut().zip(self.means) {
                // One uniform under every policy's own mean: answers agree as far as means allow.
                let mut own = [0.0; 4];
                own.fill_with(|| uniform(rng));
                let repeats = uniform(rng) < self.shared;
                let right = |k: usize| {
                    let u = if repeats { base[k] } else { own[k] };
                    f64::from(u8::from(u < *mean))
                };
                let score = (0..draws).map(right).sum::<f64>() / draws as f64;
                for item in first..self.items.min(first + self.cluster) {
                    column[item] = score;
                    clusters[item] = first as u32;
                }
            }
        }
        (columns, clusters)
    }

    /// Share of runs with a true rank outside its set.
    fn error_rate(&self, runs: usize, seed: u64) -> f64 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let k = self.means.len();
        let wrong = |run: usize, rng: &mut ChaCha8Rng| {
            let (columns, clusters) = self.run(rng);
            let clusters = (self.cluster > 1).then_some(clusters.as_slice());
            let all = compare_all(&columns, clusters, Scale::Unit, 0.95, run as u64).unwrap();
            let sets = all.rank_sets();
            (0..k).any(|i| {
                let above = self.means.iter().filter(|m| **m > self.means[i]).count();
                let level = self.means.iter().filter(|m| **m == self.means[i]).count();
                // Tied policies share every rank of their group.
                sets[i].best > above + 1 || sets[i].worst < above + level
            })
        };
        (0..runs).filter(|&run| wrong(run, &mut rng)).count() as f64 / runs as f64
    }
}

/// The promised rate with three Monte-Carlo errors.
fn allowed(runs: usize) -> f64 {
    0.05 + 3.0 * (0.05f64 * 0.95 / runs as f64).sqrt()
}

const EQUAL: &[f64] = &[0.8; 6];
const TIERS: &[f64] = &[0.9, 0.82, 0.82, 0.82, 0.74, 0.74, 0.6];
const STEPS: &[f64] = &[0.84, 0.83, 0.82, 0.81, 0.80];

fn truth(items: usize, means: &'static [f64], shared: f64) -> Truth {
    Truth {
        items,
        means,
        shared,
        cluster: 1,
        graded: false,
    }
}

fn holds(truth: &Truth, runs: usize) {
    let rate = truth.error_rate(runs, 17);
    assert!(
        rate <= allowed(runs),
        "{rate} with {} items, means {:?}, {} shared, clusters of {}, graded {}",
        truth.items,
        truth.means,
        truth.shared,
        truth.cluster,
        truth.graded
    );
}

#[test]
fn true_ranks_lie_inside_their_sets() {
    for truth in [
        truth(400, EQUAL, 0.0),
        truth(400, EQUAL, 0.7),
        truth(60, EQUAL, 0.5),
        truth(400, TIERS, 0.5),
        truth(12, STEPS, 0.0),
        Truth {
            cluster: 8,
            ..truth(480, EQUAL, 0.3)
        },
        Truth {
            graded: true,
            ..truth(300, TIERS, 0.4)
        },
    ] {
        holds(&truth, 250);
    }
}

#[test]
#[ignore = "thousands of runs; minutes"]
fn true_ranks_lie_inside_their_sets_at_length() {
    for items in [8, 25, 60, 200, 1000] {
        for means in [EQUAL, TIERS, STEPS, &[0.97; 12], &[0.5, 0.5, 0.5]] {
            for shared in [0.0, 0.5, 0.9] {
                holds(&truth(items, means, shared), 2000);
                let graded = Truth {
                    graded: true,
                    ..truth(items, means, shared)
                };
                holds(&graded, 2000);
                let clustered = Truth {
                    cluster: 5,
                    ..truth(5 * items, means, shared)
                };
                holds(&clustered, 2000);
            }
        }
    }
}

#[test]
fn the_calibration_is_not_idle() {
    // The rate must come near the promise where many independent policies are equal: a board that
    // never decides would pass every test above.
    let rate = truth(1000, &[0.7; 8], 0.0).error_rate(400, 5);
    assert!(rate > 0.02, "{rate}");
    let (columns, _) = truth(1000, TIERS, 0.5).run(&mut ChaCha8Rng::seed_from_u64(3));
    let sets = compare_all(&columns, None, Scale::Unit, 0.95, 1)
        .unwrap()
        .rank_sets();
    assert_eq!((sets[0].best, sets[0].worst), (1, 1));
    assert_eq!((sets[6].best, sets[6].worst), (7, 7));
    assert_eq!((sets[1].best, sets[1].worst), (2, 4));
}

/// Prints how long a large board takes: `cargo test --release -p weighbridge-reports --test
/// leaderboard -- --ignored --nocapture large`.
#[test]
#[ignore = "prints a duration; asserts nothing about it"]
fn large_board() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let (columns, _) = truth(14_037, &[0.8; 25], 0.6).run(&mut rng);
    let start = std::time::Instant::now();
    let all = compare_all(&columns, None, Scale::Unit, 0.95, 1).unwrap();
    let score = start.elapsed();
    let start = std::time::Instant::now();
    let free = compare_all(&columns, None, Scale::Free, 0.95, 1).unwrap();
    assert_eq!((all.pairs.len(), free.pairs.len()), (300, 300));
    eprintln!(
        "25 policies x 14,037 samples: scores {score:?}, costs {:?}",
        start.elapsed()
    );
}
