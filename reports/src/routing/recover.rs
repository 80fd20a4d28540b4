//! Call-performance threshold, CPT(x) (Ong et al. 2024, RouteLLM).

use super::DeferralCurve;
use super::deferral::falling_order;

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

/// Smallest and largest first passage over all orders in which requests of equal rank could be taken,
/// for each part of the gap in `recovered`, as shares of strong calls.
///
/// Within a tie the running quality is highest at every cut when the requests that gain most come
/// first, and lowest when they come last, so these two orders bound every other. Implementations
/// that break ties by file order or by chance report one number from this range, where
/// [`share_to_recover`] has the expected curve. `None` where either order never gets there, or the
/// strong model is not better.
///
/// `rank`, `weak` and `strong` are parallel and finite, as for [`DeferralCurve::new`].
pub fn recover_over_tie_orders(
    rank: &[f64],
    weak: &[f64],
    strong: &[f64],
    recovered: &[f64],
) -> Vec<Option<(f64, f64)>> {
    let mut gains: Vec<(u64, f64)> = falling_order(rank)
        .into_iter()
        .map(|(key, i)| (key, strong[i] - weak[i]))
        .collect();
    let gap: f64 = gains.iter().map(|(_, gain)| gain).sum();
    if gap <= 0.0 {
        return vec![None; recovered.len()];
    }
    for tie in gains.chunk_by_mut(|a, b| a.0 == b.0) {
        tie.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
    }
    let earliest = passages(gains.iter().map(|g| g.1), gap, recovered);
    for tie in gains.chunk_by_mut(|a, b| a.0 == b.0) {
        tie.reverse();
    }
    let latest = passages(gains.iter().map(|g| g.1), gap, recovered);
    let n = gains.len() as f64;
    let share = |calls: Option<usize>| calls.map(|c| c as f64 / n);
    let both = earliest.into_iter().zip(latest);
    both.map(|(a, b)| share(a).zip(share(b))).collect()
}

/// Calls at which the running sum of the gains first reaches each part of the gap.
fn passages(gains: impl Iterator<Item = f64>, gap: f64, recovered: &[f64]) -> Vec<Option<usize>> {
    let reached = |sum: f64, part: f64| sum >= part * gap - 1e-9;
    let mut found: Vec<Option<usize>> = recovered
        .iter()
        .map(|&part| reached(0.0, part).then_some(0))
        .collect();
    let mut sum = 0.0;
    for (before, gain) in gains.enumerate() {
        sum += gain;
        for (at, &part) in found.iter_mut().zip(recovered) {
            if at.is_none() && reached(sum, part) {
                *at = Some(before + 1);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_of_a_tie_bound_the_passage() {
        // One tie of four: two gains, one loss, one without a difference; the gap is one gain.
        let (weak, strong) = ([0.0, 0.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]);
        let over = recover_over_tie_orders(&[7.0; 4], &weak, &strong, &[0.0, 1.0, 2.0]);
        assert_eq!(over[0], Some((0.0, 0.0)));
        assert_eq!(over[1], Some((0.25, 1.0)));
        // Twice the gap is met in the best order only.
        assert_eq!(over[2], None);
        let untied = recover_over_tie_orders(&[4.0, 3.0, 2.0, 1.0], &weak, &strong, &[1.0]);
        assert_eq!(untied[0], Some((0.25, 0.25)));
        let worse = recover_over_tie_orders(&[1.0; 4], &strong, &weak, &[0.5]);
        assert_eq!(worse, [None]);
    }

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
