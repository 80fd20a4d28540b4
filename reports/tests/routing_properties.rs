//! Properties that must hold for every ranking and every set of points.

#![expect(
    clippy::unwrap_used,
    reason = "generated inputs are valid; a refusal must stop the test"
)]

use proptest::prelude::*;
use weighbridge_reports::routing::{
    DeferralCurve, Point, apgr, apgr_binned, hull_quality, non_decreasing_hull,
    performance_gap_recovered, prefix_expectation, share_to_recover,
};

/// Rank with ties, weak and strong score of one request.
type Row = (u8, f64, f64);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let score = prop_oneof![
        Just(0.0),
        Just(1.0),
        (0u8..=10).prop_map(|x| f64::from(x) / 10.0)
    ];
    prop::collection::vec((0u8..12, score.clone(), score), 1..80)
}

fn curve(rows: &[Row], rank: impl Fn(u8) -> f64) -> DeferralCurve {
    let ranks: Vec<f64> = rows.iter().map(|r| rank(r.0)).collect();
    let weak: Vec<f64> = rows.iter().map(|r| r.1).collect();
    let strong: Vec<f64> = rows.iter().map(|r| r.2).collect();
    DeferralCurve::new(&ranks, &weak, &strong).unwrap()
}

fn gap(curve: &DeferralCurve) -> f64 {
    curve.strong_quality() - curve.weak_quality()
}

fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        (a, b) => a == b,
    }
}

proptest! {
    #[test]
    fn the_order_of_samples_is_nothing(rows in rows(), seed in any::<u64>()) {
        let before = curve(&rows, f64::from);
        prop_assume!(gap(&before).abs() > 1e-6);
        let mut shuffled = rows;
        let n = shuffled.len();
        for i in 0..n {
            let mixed = seed.wrapping_mul(6_364_136_223_846_793_005).rotate_left(i as u32 % 64);
            shuffled.swap(i, (mixed % n as u64) as usize);
        }
        let after = curve(&shuffled, f64::from);
        prop_assert!(close(apgr(&before), apgr(&after)));
        prop_assert!(close(apgr_binned(&before, 10), apgr_binned(&after, 10)));
        prop_assert!(close(share_to_recover(&before, 0.5), share_to_recover(&after, 0.5)));
    }

    #[test]
    fn a_monotone_scale_of_the_ranks_is_nothing(rows in rows()) {
        let plain = curve(&rows, f64::from);
        let scaled = curve(&rows, |r| (f64::from(r) / 3.0).exp() - 7.0);
        prop_assert_eq!(apgr(&plain), apgr(&scaled));
        prop_assert_eq!(share_to_recover(&plain, 0.8), share_to_recover(&scaled, 0.8));
        for share in [0.0, 0.21, 0.5, 1.0] {
            prop_assert_eq!(plain.quality_at(share), scaled.quality_at(share));
        }
    }

    #[test]
    fn a_constant_rank_recovers_half(rows in rows()) {
        let flat = curve(&rows, |_| 4.0);
        prop_assume!(gap(&flat).abs() > 1e-6);
        prop_assert!(close(apgr(&flat), Some(0.5)));
        prop_assert!(close(apgr_binned(&flat, 10), Some(0.5)));
    }

    #[test]
    fn reversing_the_order_mirrors_the_area(rows in rows()) {
        let (up, down) = (curve(&rows, f64::from), curve(&rows, |r| -f64::from(r)));
        let both = up.weak_quality() + up.strong_quality();
        prop_assert!((up.area() + down.area() - both).abs() < 1e-9);
    }

    #[test]
    fn always_strong_recovers_all(rows in rows()) {
        let weak: Vec<f64> = rows.iter().map(|r| r.1).collect();
        let strong: Vec<f64> = rows.iter().map(|r| r.2).collect();
        if let Some(e) = performance_gap_recovered(&strong, &weak, &strong, None, 0.95).unwrap() {
            prop_assert_eq!((e.point, e.lower, e.upper), (1.0, Some(1.0), Some(1.0)));
        }
    }

    #[test]
    fn a_hull_is_concave_rises_and_covers(points in prop::collection::vec((0.0f64..10.0, 0.0f64..1.0), 0..40)) {
        let points: Vec<Point> = points.into_iter().map(|(c, q)| Point::new(c, q)).collect();
        let hull = non_decreasing_hull(&points);
        for w in hull.windows(2) {
            prop_assert!(w[1].cost > w[0].cost && w[1].quality > w[0].quality);
        }
        for w in hull.windows(3) {
            let slope = |a: Point, b: Point| (b.quality - a.quality) / (b.cost - a.cost);
            prop_assert!(slope(w[0], w[1]) >= slope(w[1], w[2]) - 1e-9);
        }
        for p in &points {
            prop_assert!(hull_quality(&hull, p.cost).unwrap() >= p.quality - 1e-9);
        }
    }

    #[test]
    fn a_prefix_holds_what_was_wanted(rows in rows(), part in 0.0f64..=1.0) {
        let rank: Vec<f64> = rows.iter().map(|r| f64::from(r.0)).collect();
        let wanted = part * rank.len() as f64;
        let chance = prefix_expectation(&rank, wanted).unwrap();
        prop_assert!((chance.iter().sum::<f64>() - wanted).abs() < 1e-9);
        // The expected quality of a prefix lies on the curve.
        let along = curve(&rows, f64::from);
        let mixed: f64 = rows.iter().zip(&chance).map(|(r, c)| r.1 + c * (r.2 - r.1)).sum();
        prop_assert!((mixed / rows.len() as f64 - along.quality_at(part)).abs() < 1e-9);
    }
}
