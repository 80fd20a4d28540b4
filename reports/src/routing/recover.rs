//! Call-performance threshold, CPT(x) (Ong et al. 2024, RouteLLM).

use super::DeferralCurve;

/// Smallest share of strong calls at which the part `recovered` (for example 0.5) of the gap between
/// the weak and the strong model is met: first passage on the exact curve, in whole calls. Within a
/// tie the expected value counts, along its straight segment.
///
/// Published code interpolates over a quality sequence that must rise and need not; first passage
/// has no such condition. `None` if the strong model is not better, or the curve never gets there.
pub fn share_to_recover(curve: &DeferralCurve, recovered: f64) -> Option<f64> {
    let (weak, strong) = (curve.weak_quality(), curve.strong_quality());
    if strong <= weak {
        return None;
    }
    let target = weak + recovered * (strong - weak);
    // Rounding of the running sum must not push the full gap out of reach.
    let reached = |quality: f64| quality >= target - 1e-12;
    let at = curve.vertices().iter().position(|v| reached(v.quality))?;
    let here = &curve.vertices()[at];
    let Some(before) = at.checked_sub(1).map(|i| &curve.vertices()[i]) else {
        return Some(0.0);
    };
    let part = (target - before.quality) / (here.quality - before.quality);
    let calls = (here.strong - before.strong) as f64 * part.clamp(0.0, 1.0);
    // Half a call cannot be made; rounding errors must not make one.
    let whole = (calls - 1e-9).ceil().max(1.0);
    Some((before.strong as f64 + whole) / curve.n() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_passage_ignores_later_dips() {
        // Quality over share: 1/4, 2/4, 3/4, 2/4, 3/4.
        let curve = DeferralCurve::new(
            &[4.0, 3.0, 2.0, 1.0],
            &[0.0, 0.0, 1.0, 0.0],
            &[1.0, 1.0, 0.0, 1.0],
        )
        .unwrap();
        assert_eq!(share_to_recover(&curve, 1.0), Some(0.5));
        assert_eq!(share_to_recover(&curve, 0.0), Some(0.0));
        assert_eq!(share_to_recover(&curve, 1.5), None);
    }

    #[test]
    fn a_tie_is_crossed_on_its_straight_line() {
        let curve = DeferralCurve::new(&[0.0; 10], &[0.0; 10], &[1.0; 10]).unwrap();
        assert_eq!(share_to_recover(&curve, 0.3), Some(0.3));
        assert_eq!(share_to_recover(&curve, 0.31), Some(0.4));
    }

    #[test]
    fn a_strong_model_that_is_not_better_has_no_threshold() {
        let curve = DeferralCurve::new(&[1.0, 2.0], &[1.0, 1.0], &[1.0, 0.0]).unwrap();
        assert_eq!(share_to_recover(&curve, 0.5), None);
    }
}
