//! Coverage of the intervals by seeded simulation. The small versions run always; the large ones are
//! ignored by default.

#![expect(
    clippy::unwrap_used,
    reason = "a simulated data set that is refused must stop the test"
)]

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use weighbridge_reports::stats::betting::NonInferiorityBet;
use weighbridge_reports::stats::clustered::{ClusteredPaired, clustered_mean};
use weighbridge_reports::stats::paired::{PairedCounts, mcnemar_losses_exceed};
use weighbridge_reports::stats::quantile::{quantile_interval, quantile_ranks};
use weighbridge_reports::stats::special::norm_quantile;
use weighbridge_reports::stats::westfall_young::WestfallYoung;

struct Source(ChaCha8Rng);

impl Source {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Uniform on (0, 1).
    fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 + 1e-17
    }

    fn normal(&mut self) -> f64 {
        norm_quantile(self.uniform())
    }

    /// A paired difference with the given rates.
    fn flip(&mut self, gain: f64, loss: f64) -> f64 {
        let u = self.uniform();
        if u < gain {
            1.0
        } else if u < gain + loss {
            -1.0
        } else {
            0.0
        }
    }
}

/// Share of simulated data sets whose clustered interval contains the truth, and that of the interval
/// ignoring clusters. Intra-cluster correlation .3, sizes 2 to 19.
fn clustered_coverage(clusters: u32, runs: u32, seed: u64) -> (f64, f64) {
    let mut source = Source::new(seed);
    let (mut robust, mut naive) = (0, 0);
    for _ in 0..runs {
        let (mut values, mut ids) = (Vec::new(), Vec::new());
        for cluster in 0..clusters {
            let shared = 0.3_f64.sqrt() * source.normal();
            let size = 2 + (source.uniform() * 18.0) as u32;
            for _ in 0..size {
                values.push(shared + 0.7_f64.sqrt() * source.normal());
                ids.push(cluster);
            }
        }
        let m = clustered_mean(&values, &ids).unwrap();
        robust += u32::from(m.interval(0.95).unwrap().unwrap().contains(0.0));
        naive += u32::from(m.mean.abs() <= 1.96 * m.se_iid.unwrap());
    }
    (
        f64::from(robust) / f64::from(runs),
        f64::from(naive) / f64::from(runs),
    )
}

#[test]
fn clustered_intervals_cover() {
    for clusters in [5, 10, 20] {
        let (robust, naive) = clustered_coverage(clusters, 1500, 11);
        assert!(
            (0.93..=0.975).contains(&robust),
            "{clusters} clusters: {robust}"
        );
        assert!(
            naive < 0.75,
            "ignoring clusters must be seen to fail: {naive}"
        );
    }
}

#[test]
#[ignore = "two minutes; run before changing the clustered interval"]
fn clustered_intervals_cover_in_a_large_simulation() {
    for clusters in [5, 10, 20, 40] {
        let (robust, _) = clustered_coverage(clusters, 100_000, 12);
        assert!(
            (0.94..=0.965).contains(&robust),
            "{clusters} clusters: {robust}"
        );
    }
}

#[test]
fn order_statistics_cover_at_least_their_level() {
    let mut source = Source::new(21);
    for (n, p) in [(20_usize, 0.5), (100, 0.95), (300, 0.99), (400, 0.99)] {
        let truth = norm_quantile(p);
        let runs = 2000;
        let mut hits = 0;
        for _ in 0..runs {
            let mut x: Vec<f64> = (0..n).map(|_| source.normal()).collect();
            x.sort_by(f64::total_cmp);
            hits += u32::from(quantile_interval(&x, p, 0.95).unwrap().contains(truth));
        }
        let exact = quantile_ranks(n as u64, p, 0.95).unwrap().coverage;
        let share = f64::from(hits) / f64::from(runs);
        assert!(
            exact >= 0.95 && (share - exact).abs() < 0.02,
            "n {n}, p {p}: {share}, {exact}"
        );
    }
}

#[test]
fn peeking_at_the_betting_test_stays_below_alpha_and_peeking_at_mcnemar_does_not() {
    let (mut source, runs) = (Source::new(31), 2000);
    let (mut betting, mut mcnemar) = (0, 0);
    for _ in 0..runs {
        let mut bet = NonInferiorityBet::new(0.05, 0.05).unwrap();
        let (mut gains, mut losses, mut alarmed) = (0, 0, false);
        for item in 1..=400 {
            // The true loss equals the margin.
            bet.push(source.flip(0.02, 0.07)).unwrap();
            // No difference at all for the other test.
            let d = source.flip(0.05, 0.05);
            gains += u64::from(d > 0.0);
            losses += u64::from(d < 0.0);
            if item % 5 == 0 {
                let counts = PairedCounts::new(gains, losses, item).unwrap();
                alarmed |= mcnemar_losses_exceed(counts) <= 0.05;
            }
        }
        betting += u32::from(bet.proven());
        mcnemar += u32::from(alarmed);
    }
    let (betting, mcnemar) = (
        f64::from(betting) / f64::from(runs),
        f64::from(mcnemar) / f64::from(runs),
    );
    assert!(betting <= 0.05, "{betting}");
    assert!(mcnemar > 0.10, "the negative control must fail: {mcnemar}");
}

#[test]
fn clustered_non_inferiority_holds_its_level() {
    // Whole clusters of 4 lose together: the truth is a loss of 10 points, equal to the margin.
    let (mut source, runs) = (Source::new(41), 2000);
    let (mut clustered, mut plain) = (0, 0);
    for _ in 0..runs {
        let (mut d, mut ids) = (Vec::new(), Vec::new());
        for cluster in 0..60 {
            let value = source.flip(0.03, 0.13);
            d.extend([value; 4]);
            ids.extend([cluster; 4]);
        }
        let test = ClusteredPaired::new(&d, &ids).unwrap();
        clustered += u32::from(test.non_inferiority_p(0.10).unwrap() <= 0.05);
        let singles: Vec<u32> = (0..240).collect();
        let naive = ClusteredPaired::new(&d, &singles).unwrap();
        plain += u32::from(naive.non_inferiority_p(0.10).unwrap() <= 0.05);
    }
    let share = |count: u32| f64::from(count) / f64::from(runs);
    assert!(share(clustered) <= 0.075, "{}", share(clustered));
    assert!(
        share(plain) > 0.15,
        "ignoring clusters must be seen to fail: {}",
        share(plain)
    );
}

#[test]
fn westfall_young_controls_the_family_and_finds_a_bad_slice() {
    let sizes = [8_u32, 15, 30, 50, 80, 120];
    let mut slices: Vec<Vec<u32>> = Vec::new();
    let mut start = 0;
    for size in sizes {
        slices.push((start..start + size).collect());
        start += size;
    }
    slices.push((0..start).collect());
    let (mut source, runs) = (Source::new(51), 400);
    let (mut false_alarms, mut found) = (0, 0);
    for run in 0..runs {
        let none: Vec<f64> = (0..start).map(|_| source.flip(0.03, 0.03)).collect();
        let result = WestfallYoung::new(&slices, &none, None)
            .unwrap()
            .run(1000, run)
            .unwrap();
        false_alarms += u32::from(result.slices.iter().any(|s| s.p_step_down <= 0.05));
        let mut bad = none;
        for &item in &slices[3] {
            bad[item as usize] = source.flip(0.03, 0.28);
        }
        let result = WestfallYoung::new(&slices, &bad, None)
            .unwrap()
            .run(1000, run)
            .unwrap();
        found += u32::from(result.slices[3].p_step_down <= 0.05);
    }
    let share = |count: u32| f64::from(count) / runs as f64;
    assert!(share(false_alarms) <= 0.075, "{}", share(false_alarms));
    assert!(share(found) > 0.7, "{}", share(found));
}
