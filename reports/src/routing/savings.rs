//! TwinRouterBench's cost savings score.

use super::checks::same_len;
use crate::stats::StatsError;

/// `100 * sum(base - test) / sum(base - optimal)` over the cases that passed: how much of the
/// saving that was possible was made, in per cent; negative if the router spends more than the base.
/// `None` where nothing passed or nothing could be saved.
///
/// # Errors
/// Lists of different lengths.
pub fn cost_savings_score(
    base: &[f64],
    test: &[f64],
    optimal: &[f64],
    passed: &[bool],
) -> Result<Option<f64>, StatsError> {
    for other in [test.len(), optimal.len(), passed.len()] {
        same_len("costs of the cases", base.len(), other)?;
    }
    let (mut made, mut possible) = (0.0, 0.0);
    for i in (0..base.len()).filter(|&i| passed[i]) {
        made += base[i] - test[i];
        possible += base[i] - optimal[i];
    }
    Ok((possible > 0.0).then(|| 100.0 * made / possible))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_passed_cases_count() {
        let score = cost_savings_score(
            &[10.0, 10.0, 10.0],
            &[4.0, 1.0, 8.0],
            &[2.0, 1.0, 2.0],
            &[true, false, true],
        );
        assert_eq!(score, Ok(Some(50.0)));
        assert_eq!(
            cost_savings_score(&[1.0], &[1.0], &[1.0], &[true]),
            Ok(None)
        );
        assert!(cost_savings_score(&[1.0], &[], &[1.0], &[true]).is_err());
    }
}
