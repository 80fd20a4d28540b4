//! Exact type-I error of "declare the candidate not worse than the margin", by enumeration.
//!
//! Every table of gains and losses among n pairs is visited, with its trinomial probability under a
//! true loss equal to the margin, and the flip rate that is worst for the method is reported. Tango's
//! test stays near its level, the exact test and the betting bound hold it; the intervals that vanish without flips must be
//! seen to fail, or these tests could not notice.

use weighbridge_reports::stats::betting::{Horizon, certified_lower};
use weighbridge_reports::stats::bootstrap::{TieRule, bca, percentile};
use weighbridge_reports::stats::clustered::{ClusteredPaired, clustered_mean};
use weighbridge_reports::stats::paired::{
    PairedCounts, exact_non_inferiority_p, tango_non_inferiority_p, wald,
};
use weighbridge_reports::stats::special::{ln_gamma, t_quantile};

const ALPHA: f64 = 0.05;

/// `P(gains = b, losses = c)` among `n` pairs.
fn trinomial(n: u64, b: u64, c: u64, gain: f64, loss: f64) -> f64 {
    let log = |count: u64, p: f64| {
        if count == 0 {
            0.0
        } else {
            count as f64 * p.ln()
        }
    };
    let ways = ln_gamma(n as f64 + 1.0)
        - ln_gamma(b as f64 + 1.0)
        - ln_gamma(c as f64 + 1.0)
        - ln_gamma((n - b - c) as f64 + 1.0);
    (ways + log(b, gain) + log(c, loss) + log(n - b - c, 1.0 - gain - loss)).exp()
}

/// Worst probability of a false pass over flip rates up to `most_flips`, when the loss rate exceeds the
/// gain rate by `margin`.
fn worst_error(n: u64, margin: f64, most_flips: f64, pass: impl Fn(u64, u64) -> bool) -> f64 {
    let mut passing = Vec::new();
    for b in 0..=n {
        passing.extend((0..=n - b).filter(|&c| pass(b, c)).map(|c| (b, c)));
    }
    let error = |gain: f64| -> f64 {
        passing
            .iter()
            .map(|&(b, c)| trinomial(n, b, c, gain, gain + margin))
            .sum()
    };
    let highest = 0.5 * (most_flips - margin);
    (0..=200)
        .map(|i| error(highest * f64::from(i) / 200.0))
        .fold(0.0, f64::max)
}

fn counts(b: u64, c: u64, n: u64) -> PairedCounts {
    PairedCounts {
        gains: b,
        losses: c,
        n,
    }
}

fn differences(b: u64, c: u64, n: u64) -> Vec<f64> {
    let mut d = vec![0.0; n as usize];
    d[..b as usize].fill(1.0);
    d[b as usize..(b + c) as usize].fill(-1.0);
    d
}

#[test]
fn tango_stays_near_its_level() {
    for (margin, bound) in [(0.02, 0.058), (0.05, 0.063), (0.10, 0.072)] {
        for n in 10..=30 {
            let error = worst_error(n, margin, 0.8, |b, c| {
                tango_non_inferiority_p(counts(b, c, n), margin).unwrap() <= ALPHA
            });
            assert!(error <= bound, "margin {margin}, n {n}: {error}");
        }
    }
}

#[test]
fn tango_stays_below_six_per_cent_at_small_margins_and_usual_flip_rates() {
    for n in 10..=30 {
        let error = worst_error(n, 0.02, 0.5, |b, c| {
            tango_non_inferiority_p(counts(b, c, n), 0.02).unwrap() <= ALPHA
        });
        assert!(error <= 0.06, "n {n}: {error}");
    }
}

#[test]
fn the_exact_test_holds_its_level_at_every_flip_rate() {
    for (margin, n) in [(0.02, 14), (0.05, 11), (0.10, 15), (0.10, 25)] {
        let tango = worst_error(n, margin, 1.0, |b, c| {
            tango_non_inferiority_p(counts(b, c, n), margin).unwrap() <= ALPHA
        });
        assert!(
            tango > 0.07,
            "sizes where the score test is at its worst: {tango}"
        );
        let exact = worst_error(n, margin, 1.0, |b, c| {
            exact_non_inferiority_p(counts(b, c, n), margin).unwrap() <= ALPHA
        });
        assert!(exact <= 0.0505, "margin {margin}, n {n}: {exact}");
    }
}

#[test]
fn the_enumeration_reproduces_published_values() {
    // A test without any pass has no error; a test that always passes has error 1.
    assert_eq!(worst_error(12, 0.05, 1.0, |_, _| false), 0.0);
    assert!((worst_error(12, 0.05, 1.0, |_, _| true) - 1.0).abs() < 1e-9);
    // Zero flips pass Wald at any n: at least (1 - margin)^n is given away.
    let error = worst_error(10, 0.02, 1.0, |b, c| {
        wald(counts(b, c, 10), 0.90).unwrap().lo > -0.02
    });
    assert!((error - 0.98_f64.powi(10)).abs() < 0.01, "{error}");
}

#[test]
fn clustered_tango_holds_its_level_on_singletons() {
    let n = 20;
    let ids: Vec<u32> = (0..20).collect();
    let error = worst_error(n, 0.05, 0.8, |b, c| {
        let paired = ClusteredPaired::new(&differences(b, c, n), &ids).unwrap();
        paired.non_inferiority_p(0.05).unwrap() <= ALPHA
    });
    assert!(error <= 0.06, "{error}");
}

#[test]
fn the_betting_bound_holds_its_level_over_all_sequences() {
    // The order matters to the bound, so whole sequences are enumerated: 3^9 of them.
    let (n, margin) = (9_u32, 0.40);
    let mut passing = std::collections::BTreeMap::new();
    for code in 0..3_u32.pow(n) {
        let digit = |i: u32| f64::from(code / 3_u32.pow(i) % 3) - 1.0;
        let d: Vec<f64> = (0..n).map(digit).collect();
        if certified_lower(&d, ALPHA, Horizon::FixedN).unwrap() > -margin {
            let gains = d.iter().filter(|x| **x > 0.0).count();
            let losses = d.iter().filter(|x| **x < 0.0).count();
            *passing.entry((gains, losses)).or_insert(0_u32) += 1;
        }
    }
    assert!(
        !passing.is_empty(),
        "some sequences must pass, or the test shows nothing"
    );
    for step in 0..=50 {
        let gain = 0.5 * (1.0 - margin) * f64::from(step) / 50.0;
        let (loss, same) = (gain + margin, 1.0 - margin - 2.0 * gain);
        let error: f64 = passing
            .iter()
            .map(|(&(b, c), &ways)| {
                let rest = n as usize - b - c;
                f64::from(ways) * gain.powi(b as i32) * loss.powi(c as i32) * same.powi(rest as i32)
            })
            .sum();
        assert!(error <= ALPHA, "gain rate {gain}: {error}");
    }
}

#[test]
fn wald_and_t_fail_as_negative_controls() {
    for n in [10, 20, 30] {
        let wald = worst_error(n, 0.02, 1.0, |b, c| {
            wald(counts(b, c, n), 0.90).unwrap().lo > -0.02
        });
        assert!(wald > 0.3, "Wald, n {n}: {wald}");
        let ids: Vec<u32> = (0..n as u32).collect();
        let t = worst_error(n, 0.02, 1.0, |b, c| {
            let m = clustered_mean(&differences(b, c, n), &ids).unwrap();
            // What a plain t interval does; our own refuses to answer without spread.
            m.mean - m.se_iid.unwrap() * t_quantile(0.95, n as f64 - 1.0) > -0.02
        });
        assert!(t > 0.3, "t, n {n}: {t}");
    }
}

#[test]
fn our_own_t_interval_refuses_the_case_that_breaks_it() {
    let ids: Vec<u32> = (0..30).collect();
    let flat = clustered_mean(&[0.0; 30], &ids).unwrap();
    assert_eq!(flat.non_inferiority_p(0.02).unwrap(), None);
    assert_eq!(flat.lower(ALPHA).unwrap(), None);
}

/// Bootstrap distribution of the mean of a table, as the exact trinomial of its resamples on a grid of
/// 2,000 quantiles: no random numbers.
fn replicates(b: u64, c: u64, n: u64) -> Vec<f64> {
    let (gain, loss) = (b as f64 / n as f64, c as f64 / n as f64);
    let mut mass = vec![0.0; 2 * n as usize + 1];
    for gains in 0..=n {
        for losses in 0..=n - gains {
            let impossible = (gains > 0 && b == 0)
                || (losses > 0 && c == 0)
                || (gains + losses < n && b + c == n);
            if !impossible {
                let p = trinomial(n, gains, losses, gain, loss);
                mass[(n + gains - losses) as usize] += p;
            }
        }
    }
    let (mut sorted, mut total) = (Vec::new(), 0.0);
    for (step, p) in mass.iter().enumerate() {
        total += p;
        let value = (step as f64 - n as f64) / n as f64;
        let upto = ((total * 2000.0).round() as usize).min(2000);
        sorted.resize(upto.max(sorted.len()), value);
    }
    sorted
}

#[test]
fn bootstrap_intervals_fail_as_negative_controls() {
    for n in [10_u64, 20, 30] {
        let percentile_error = worst_error(n, 0.02, 1.0, |b, c| {
            percentile(&replicates(b, c, n), 0.90).unwrap().lo > -0.02
        });
        assert!(
            percentile_error > 0.3,
            "percentile, n {n}: {percentile_error}"
        );
        let bca_error = worst_error(n, 0.02, 1.0, |b, c| {
            let theta = (b as f64 - c as f64) / n as f64;
            let d = differences(b, c, n);
            let total: f64 = d.iter().sum();
            let left_out: Vec<f64> = d.iter().map(|x| (total - x) / (n as f64 - 1.0)).collect();
            match bca(theta, &replicates(b, c, n), &left_out, 0.90, TieRule::Half) {
                Ok(b) => b.interval.lo > -0.02,
                Err(_) => theta > -0.02,
            }
        });
        assert!(bca_error > 0.3, "BCa, n {n}: {bca_error}");
    }
}
