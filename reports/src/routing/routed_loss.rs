//! What the requests lose that a router takes away from the baseline model.

use super::checks::same_len;
use super::difference::paired_difference;
use crate::model::Estimate;
use crate::stats::StatsError;

/// Mean of `q_baseline - q_router` over the requests that the router sends elsewhere (`moved`), with
/// a paired interval; positive is a loss. `None` where nothing is moved.
///
/// An average over all requests hides it: 10 points lost on a tenth of the traffic is 1 point.
///
/// # Errors
/// Lists of different lengths, or values that are not finite.
pub fn routed_loss(
    baseline: &[f64],
    router: &[f64],
    moved: &[bool],
    clusters: Option<&[u32]>,
    level: f64,
) -> Result<Option<Estimate>, StatsError> {
    same_len("baseline and router", baseline.len(), router.len())?;
    same_len("baseline and moved", baseline.len(), moved.len())?;
    let members: Vec<usize> = (0..moved.len()).filter(|&i| moved[i]).collect();
    if members.is_empty() {
        return Ok(None);
    }
    if let Some(ids) = clusters {
        same_len("baseline and clusters", baseline.len(), ids.len())?;
    }
    let loss: Vec<f64> = members.iter().map(|&i| baseline[i] - router[i]).collect();
    let ids = clusters.map(|ids| members.iter().map(|&i| ids[i]).collect::<Vec<_>>());
    paired_difference(&loss, ids.as_deref(), level).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_moved_requests_count() {
        let baseline = [1.0, 1.0, 1.0, 0.0];
        let router = [0.0, 1.0, 0.0, 0.0];
        let loss = routed_loss(&baseline, &router, &[true, false, true, true], None, 0.95);
        let loss = loss.unwrap().unwrap();
        assert!((loss.point - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(loss.n, 3);
        let none = routed_loss(&baseline, &router, &[false; 4], None, 0.95);
        assert_eq!(none, Ok(None));
    }
}
