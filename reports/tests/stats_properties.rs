//! Properties that must hold for every input, checked on random ones.

#![expect(
    clippy::expect_used,
    reason = "a thread pool or a valid problem that fails must stop the test"
)]

use proptest::prelude::*;
use weighbridge_reports::stats::StatsError;
use weighbridge_reports::stats::betting::{Horizon, Looks, hedged_capital};
use weighbridge_reports::stats::bootstrap::monte_carlo;
use weighbridge_reports::stats::clustered::{ClusteredPaired, clustered_mean};
use weighbridge_reports::stats::multiplicity::{
    benjamini_hochberg, benjamini_yekutieli, bonferroni, hochberg, holm, sidak,
};
use weighbridge_reports::stats::paired::{
    PairedCounts, bonett_price, tango_interval, tango_lower, tango_non_inferiority_p,
};
use weighbridge_reports::stats::permutation::sign_flip;
use weighbridge_reports::stats::proportion::{clopper_pearson, jeffreys, wilson};
use weighbridge_reports::stats::quantile::quantile_interval;
use weighbridge_reports::stats::westfall_young::{WestfallYoung, WestfallYoungResult};

type Adjust = fn(&[f64]) -> Result<Vec<f64>, StatsError>;

fn tables() -> impl Strategy<Value = PairedCounts> {
    (0_u64..40, 0_u64..40, 0_u64..200)
        .prop_filter("at least one pair", |(b, c, rest)| b + c + rest > 0)
        .prop_map(|(gains, losses, rest)| PairedCounts {
            gains,
            losses,
            n: gains + losses + rest,
        })
}

/// Differences, cluster ids and overlapping slices of the same items.
fn problems(graded: bool) -> impl Strategy<Value = (Vec<f64>, Vec<u32>, Vec<Vec<u32>>)> {
    (1_usize..60).prop_flat_map(move |n| {
        let value = (-2_i32..=2).prop_map(move |v| {
            if graded {
                f64::from(v) * 0.3
            } else {
                f64::from(v.signum())
            }
        });
        (
            prop::collection::vec(value, n),
            prop::collection::vec(0_u32..20, n),
            prop::collection::vec(
                prop::sample::subsequence((0..n as u32).collect::<Vec<_>>(), 0..=n),
                1..6,
            ),
        )
    })
}

fn at_threads(
    threads: usize,
    work: impl FnOnce() -> WestfallYoungResult + Send,
) -> WestfallYoungResult {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("a small thread pool")
        .install(work)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn swapping_arms_mirrors_the_interval(counts in tables(), level in 0.5..0.99) {
        for interval in [tango_interval, bonett_price] {
            let (one, two) = (interval(counts, level)?, interval(counts.swapped(), level)?.mirrored());
            prop_assert!((one.lo - two.lo).abs() < 1e-12 && (one.hi - two.hi).abs() < 1e-12);
            prop_assert!(-1.0 <= one.lo && one.lo <= one.hi && one.hi <= 1.0);
        }
        prop_assert!(tango_interval(counts, level)?.contains(counts.difference()));
    }

    #[test]
    fn concordant_items_never_turn_a_pass_into_a_block(counts in tables(), extra in 1_u64..200) {
        // A non-inferiority pass stays one, whatever the margin.
        let more = PairedCounts { n: counts.n + extra, ..counts };
        for margin in [0.02, 0.05, 0.1, 0.3] {
            let (before, after) =
                (tango_non_inferiority_p(counts, margin)?, tango_non_inferiority_p(more, margin)?);
            prop_assert!(before > 0.05 || after <= before + 1e-12, "{counts:?} {before} {after}");
        }
    }

    #[test]
    fn a_wider_margin_is_easier_to_prove(counts in tables(), margin in 0.01..0.4) {
        let (narrow, wide) = (
            tango_non_inferiority_p(counts, margin)?,
            tango_non_inferiority_p(counts, margin + 0.1)?,
        );
        prop_assert!(wide <= narrow + 1e-12);
        let none = PairedCounts { gains: 0, losses: 0, n: counts.n };
        let longer = PairedCounts { n: counts.n + 1, ..none };
        prop_assert!(tango_lower(longer, 0.05)? >= tango_lower(none, 0.05)?);
    }

    #[test]
    fn adjusted_p_values_are_at_least_raw_and_keep_their_order(
        mut p in prop::collection::vec(prop_oneof![Just(0.0), Just(1.0), Just(0.05), 0.0..1.0_f64], 0..12)
    ) {
        p.sort_by(f64::total_cmp);
        let methods: [Adjust; 6] =
            [bonferroni, sidak, holm, hochberg, benjamini_hochberg, benjamini_yekutieli];
        for method in methods {
            let adjusted = method(&p)?;
            prop_assert!(adjusted.iter().zip(&p).all(|(a, p)| *a >= p - 1e-12 && *a <= 1.0));
            prop_assert!(adjusted.windows(2).all(|w| w[0] <= w[1]));
        }
        let (holm, hochberg, bonferroni) = (holm(&p)?, hochberg(&p)?, bonferroni(&p)?);
        prop_assert!(holm.iter().zip(&bonferroni).all(|(a, b)| a <= b));
        prop_assert!(hochberg.iter().zip(&holm).all(|(a, b)| a <= b));
    }

    #[test]
    fn proportions_stay_inside_and_mirror(n in 1_u64..300, share in 0.0..=1.0_f64, level in 0.5..0.99) {
        let x = (share * n as f64) as u64;
        for interval in [wilson, clopper_pearson, jeffreys] {
            let (one, other) = (interval(x, n, level)?, interval(n - x, n, level)?);
            prop_assert!(0.0 <= one.lo && one.lo < one.hi && one.hi <= 1.0);
            prop_assert!(one.contains(x as f64 / n as f64));
            prop_assert!((one.lo - (1.0 - other.hi)).abs() < 1e-10);
        }
    }

    #[test]
    fn the_order_of_items_does_not_matter((d, ids, _) in problems(true)) {
        let reversed = |x: &[f64]| x.iter().rev().copied().collect::<Vec<_>>();
        let back: Vec<u32> = ids.iter().rev().copied().collect();
        let (one, two) = (clustered_mean(&d, &ids)?, clustered_mean(&reversed(&d), &back)?);
        prop_assert!((one.mean - two.mean).abs() < 1e-12);
        prop_assert_eq!(one.clusters, two.clusters);
        if let (Some(a), Some(b)) = (one.se_cr2, two.se_cr2) {
            prop_assert!((a - b).abs() < 1e-9);
        }
    }

    #[test]
    fn clusters_never_make_a_proof_easier_than_independence((d, ids, _) in problems(false), margin in 0.05..0.5) {
        let singles: Vec<u32> = (0..d.len() as u32).collect();
        let (clustered, single) = (ClusteredPaired::new(&d, &ids)?, ClusteredPaired::new(&d, &singles)?);
        let (a, b) = (clustered.non_inferiority_p(margin)?, single.non_inferiority_p(margin)?);
        prop_assert!(b >= 0.5 || a >= b - 1e-12, "{a} {b}");
    }

    #[test]
    fn westfall_young_is_the_same_at_any_thread_count(
        (d, ids, slices) in problems(true), seed: u64, clustered: bool, graded: bool
    ) {
        let d: Vec<f64> = if graded { d } else { d.iter().map(|x| if *x == 0.0 { 0.0 } else { x.signum() }).collect() };
        let problem = WestfallYoung::new(&slices, &d, clustered.then_some(&ids[..]))?;
        let run = || problem.run(700, seed).expect("a valid problem");
        let one = at_threads(1, run);
        prop_assert_eq!(&one, &at_threads(2, run));
        prop_assert_eq!(&one, &at_threads(3, run));
        for s in &one.slices {
            prop_assert!(s.p_raw <= s.p_step_down && s.p_step_down <= s.p_adjusted && s.p_adjusted <= 1.0);
            prop_assert!(s.p_raw > 0.0);
        }
    }

    #[test]
    fn concordant_items_do_not_change_westfall_young((d, _, slices) in problems(false), seed: u64) {
        let before = WestfallYoung::new(&slices, &d, None)?.run(300, seed)?;
        let mut longer = d.clone();
        longer.extend([0.0; 50]);
        let mut wider = slices.clone();
        wider[0].extend(d.len() as u32..longer.len() as u32);
        prop_assert_eq!(before, WestfallYoung::new(&wider, &longer, None)?.run(300, seed)?);
    }

    #[test]
    fn the_betting_interval_mirrors(x in prop::collection::vec(0.0..=1.0_f64, 1..40)) {
        let mirrored: Vec<f64> = x.iter().map(|v| 1.0 - v).collect();
        let run = |x: &[f64]| hedged_capital(x, 0.05, 0.5, Horizon::Anytime, Looks::Running);
        let (one, two) = (run(&x)?, run(&mirrored)?);
        prop_assert!((one.lo - (1.0 - two.hi)).abs() < 1e-9 && (one.hi - (1.0 - two.lo)).abs() < 1e-9);
    }

    #[test]
    fn wider_levels_give_wider_quantile_intervals(mut x in prop::collection::vec(-5.0..5.0_f64, 1..80), p in 0.05..0.95) {
        x.sort_by(f64::total_cmp);
        let (narrow, wide) = (quantile_interval(&x, p, 0.8)?, quantile_interval(&x, p, 0.99)?);
        prop_assert!(wide.lo.is_none_or(|w| narrow.lo.is_some_and(|n| w <= n)));
        prop_assert!(wide.hi.is_none_or(|w| narrow.hi.is_some_and(|n| w >= n)));
    }
}

#[test]
fn nan_is_an_error_everywhere() {
    let nan = [f64::NAN, 1.0];
    assert!(clustered_mean(&nan, &[0, 1]).is_err());
    assert!(PairedCounts::from_differences(&nan).is_err());
    assert!(holm(&nan).is_err());
    assert!(sign_flip(&nan, None, 10, 0).is_err());
    assert!(hedged_capital(&nan, 0.05, 0.5, Horizon::Anytime, Looks::Last).is_err());
    assert!(WestfallYoung::new(&[vec![0]], &nan, None).is_err());
    assert!(monte_carlo(2, 10, 0, |_| f64::NAN).is_err());
    assert!(quantile_interval(&nan, 0.5, 0.9).is_err());
}
