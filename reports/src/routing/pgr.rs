//! Performance gap recovered (Ong et al. 2024, RouteLLM), with its uncertainty.

use super::checks::same_len;
use super::difference::paired_difference;
use crate::model::Estimate;
use crate::stats::ratio::ratio_of_sums;
use crate::stats::{Interval, StatsError};

/// `(q_router - q_weak) / (q_strong - q_weak)` with Fieller's interval, paired by request and summed
/// by cluster where `clusters` is given.
///
/// `None` where the gap itself is within noise: when its interval at the same level does not lie
/// above 0, the ratio has no stable sign and any value could be shown.
///
/// # Errors
/// Empty data, values that are not finite, or lengths that differ.
pub fn performance_gap_recovered(
    router: &[f64],
    weak: &[f64],
    strong: &[f64],
    clusters: Option<&[u32]>,
    level: f64,
) -> Result<Option<Estimate>, StatsError> {
    same_len("router and weak", router.len(), weak.len())?;
    same_len("strong and weak", strong.len(), weak.len())?;
    let over = |x: &[f64]| -> Vec<f64> { x.iter().zip(weak).map(|(x, w)| x - w).collect() };
    let (gain, gap) = (over(router), over(strong));
    let gap_interval = paired_difference(&gap, clusters, level)?;
    if gap_interval.lower.is_none_or(|lower| lower <= 0.0) {
        return Ok(None);
    }
    let ratio = ratio_of_sums(&gain, &gap, clusters)?;
    let fieller = ratio.fieller(level)?;
    let bounds = fieller.map(|f| f.bounds);
    // A router that is one of the two models has no spread; its value is certain by construction.
    let certain = gain.iter().all(|g| *g == 0.0) || gain == gap;
    let exact = certain.then(|| Interval::new(ratio.ratio, ratio.ratio));
    Ok(Some(Estimate {
        point: ratio.ratio,
        lower: exact.map(|i| i.lo).or(bounds.and_then(|b| b.lo)),
        upper: exact.map(|i| i.hi).or(bounds.and_then(|b| b.hi)),
        level,
        n: weak.len() as u64,
        method: if certain {
            "identity".to_owned()
        } else {
            "Fieller".to_owned()
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(n: usize) -> (Vec<f64>, Vec<f64>) {
        let weak = (0..n).map(|i| f64_of(i % 10 < 6)).collect();
        let strong = (0..n).map(|i| f64_of(i % 10 >= 1)).collect();
        (weak, strong)
    }

    fn f64_of(b: bool) -> f64 {
        f64::from(u8::from(b))
    }

    #[test]
    fn the_two_models_recover_all_and_nothing() {
        let (weak, strong) = pair(200);
        let all = performance_gap_recovered(&strong, &weak, &strong, None, 0.95)
            .unwrap()
            .unwrap();
        assert_eq!((all.point, all.lower), (1.0, Some(1.0)));
        let none = performance_gap_recovered(&weak, &weak, &strong, None, 0.95)
            .unwrap()
            .unwrap();
        assert_eq!((none.point, none.upper), (0.0, Some(0.0)));
    }

    #[test]
    fn half_the_requests_recover_about_half_with_an_interval_around_it() {
        let (weak, strong) = pair(400);
        let router: Vec<f64> = (0..400)
            .map(|i| if i % 20 < 10 { weak[i] } else { strong[i] })
            .collect();
        let e = performance_gap_recovered(&router, &weak, &strong, None, 0.95)
            .unwrap()
            .unwrap();
        assert!((e.point - 0.5).abs() < 1e-12);
        assert!(e.lower.unwrap() < 0.5 && e.upper.unwrap() > 0.5);
        assert!(e.lower.unwrap() > 0.2 && e.upper.unwrap() < 0.8);
    }

    #[test]
    fn a_gap_within_noise_is_refused() {
        let weak: Vec<f64> = (0..40).map(|i| f64_of(i % 2 == 0)).collect();
        let strong: Vec<f64> = (0..40).map(|i| f64_of(i % 2 == 1 || i == 0)).collect();
        let refused = performance_gap_recovered(&strong, &weak, &strong, None, 0.95).unwrap();
        assert_eq!(refused, None);
    }
}
