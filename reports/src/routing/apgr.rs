//! Average performance gap recovered (Ong et al. 2024, RouteLLM).

use super::DeferralCurve;

/// Mean of the gap recovered over all shares of strong calls, `(area - q_weak) / (q_strong - q_weak)`
/// on the exact curve. Random is 0.5 in expectation, a perfect order can exceed 1. `None` without a
/// gap.
pub fn apgr(curve: &DeferralCurve) -> Option<f64> {
    let (weak, gap) = (curve.weak_quality(), gap(curve)?);
    Some((curve.area() - weak) / gap)
}

/// The same on `bins` quantile bins, as RouteLLM's `evaluate.py` does it (10 in published tables):
/// thresholds are the `bins + 1` linearly interpolated quantiles of the ranking score, a request is
/// strong from the threshold on (above it at the last), and the area is by trapezoids between the
/// smallest and the largest share met. `None` without a gap or with a single share.
pub fn apgr_binned(curve: &DeferralCurve, bins: usize) -> Option<f64> {
    let (weak, gap) = (curve.weak_quality(), gap(curve)?);
    let mut points: Vec<(f64, f64)> = (0..=bins)
        .map(|k| {
            let threshold = quantile(curve, k as f64 / bins.max(1) as f64);
            let cut = if k == bins {
                curve.above(threshold)
            } else {
                curve.at_least(threshold)
            };
            (curve.share(cut), cut.quality)
        })
        .collect();
    points.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let span = points[bins].0 - points[0].0;
    let area: f64 = points
        .windows(2)
        .map(|w| 0.5 * (w[0].1 + w[1].1) * (w[1].0 - w[0].0))
        .sum();
    (span > 0.0).then(|| (area - weak * span) / (gap * span))
}

fn gap(curve: &DeferralCurve) -> Option<f64> {
    let gap = curve.strong_quality() - curve.weak_quality();
    (gap != 0.0).then_some(gap)
}

/// Linearly interpolated quantile of the ranking score (Hyndman and Fan 1996, type 7).
fn quantile(curve: &DeferralCurve, p: f64) -> f64 {
    let at = p * (curve.n() - 1) as f64;
    let (low, t) = (at.floor(), at.fract());
    let a = ascending(curve, low as usize);
    if t == 0.0 {
        return a;
    }
    let b = ascending(curve, low as usize + 1);
    // The two forms agree but for rounding; each is exact at its own end.
    if t < 0.5 {
        a + (b - a) * t
    } else {
        b - (b - a) * (1.0 - t)
    }
}

/// The ranking score at a 0-based position in ascending order.
fn ascending(curve: &DeferralCurve, position: usize) -> f64 {
    let strong_needed = curve.n() - position.min(curve.n() - 1);
    let vertices = curve.vertices();
    vertices[vertices.partition_point(|v| v.strong < strong_needed)].rank
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_rank_recovers_half() {
        let curve = DeferralCurve::new(&[3.0; 5], &[0.0; 5], &[1.0, 1.0, 0.0, 1.0, 0.0]).unwrap();
        assert!((apgr(&curve).unwrap() - 0.5).abs() < 1e-15);
        assert!((apgr_binned(&curve, 10).unwrap() - 0.5).abs() < 1e-15);
    }

    #[test]
    fn without_a_gap_there_is_nothing_to_recover() {
        let curve = DeferralCurve::new(&[1.0, 2.0], &[1.0, 0.0], &[0.0, 1.0]).unwrap();
        assert_eq!((apgr(&curve), apgr_binned(&curve, 10)), (None, None));
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_scores() {
        let curve = DeferralCurve::new(&[4.0, 1.0, 2.0, 2.0], &[0.0; 4], &[1.0; 4]).unwrap();
        let at = [0.0, 1.0 / 3.0, 0.5, 0.75, 1.0].map(|p| quantile(&curve, p));
        let expected = [1.0, 2.0, 2.0, 2.5, 4.0];
        assert!(
            at.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12),
            "{at:?}"
        );
    }

    #[test]
    fn the_perfect_order_of_a_mixed_table_exceeds_one() {
        // One request only the strong model solves, one only the weak model, two nobody.
        let curve = DeferralCurve::new(
            &[1.0, -1.0, 0.0, 0.5],
            &[0.0, 1.0, 0.0, 0.0],
            &[1.0, 0.0, 0.0, 1.0],
        )
        .unwrap();
        assert!(apgr(&curve).unwrap() > 1.0);
    }
}
