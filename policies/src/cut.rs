//! Turning a need score into a choice between a weak and a strong model.

use crate::PolicyError;

/// Lowest score that goes to the strong model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cut(f64);

impl Cut {
    /// Strong from this score on.
    pub(crate) fn at_least(score: f64) -> Self {
        Self(score)
    }

    /// Whether a score goes to the strong model.
    pub(crate) fn is_strong(self, score: f64) -> bool {
        score >= self.0
    }

    /// The cut that sends a share of these scores to the strong model.
    ///
    /// Equal scores go the same way, so not every share can be had: the nearest one is taken, and
    /// the larger of two that are equally near (the safer side). Candidates are the scores
    /// themselves and infinity (nothing is strong).
    pub(crate) fn for_share(mut scores: Vec<f64>, share: f64) -> Self {
        scores.sort_by(|a, b| b.total_cmp(a));
        let wanted = share * scores.len() as f64;
        let mut best = (wanted, f64::INFINITY);
        for (index, &score) in scores.iter().enumerate() {
            let is_last_of_ties = scores.get(index + 1) != Some(&score);
            let distance = ((index + 1) as f64 - wanted).abs();
            if is_last_of_ties && distance <= best.0 {
                best = (distance, score);
            }
        }
        Self(best.1)
    }
}

/// Checks a share.
pub(crate) fn check_share(key: &'static str, share: f64) -> Result<f64, PolicyError> {
    within(key, share, 0.0, 1.0)
}

/// Checks that a number is inside a closed range (NaN never is).
pub(crate) fn within(
    key: &'static str,
    value: f64,
    low: f64,
    high: f64,
) -> Result<f64, PolicyError> {
    if (low..=high).contains(&value) {
        return Ok(value);
    }
    let range = if high == f64::MAX {
        format!("at least {low}")
    } else {
        format!("between {low} and {high}")
    };
    Err(PolicyError::Value {
        key,
        problem: format!("is {value}; it must be {range}"),
    })
}

/// Checks that a number is finite and at least 0.
pub(crate) fn not_negative(key: &'static str, value: f64) -> Result<f64, PolicyError> {
    within(key, value, 0.0, f64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn share(cut: Cut, scores: &[f64]) -> f64 {
        let strong = scores.iter().filter(|s| cut.is_strong(**s)).count();
        strong as f64 / scores.len() as f64
    }

    #[test]
    fn extremes_are_none_and_all() {
        let scores = vec![1.0, 2.0, 3.0];
        assert_eq!(share(Cut::for_share(scores.clone(), 0.0), &scores), 0.0);
        assert_eq!(share(Cut::for_share(scores.clone(), 1.0), &scores), 1.0);
        assert!(!Cut::for_share(Vec::new(), 0.5).is_strong(1.0));
    }

    #[test]
    fn ties_take_the_nearest_share_and_the_larger_of_two() {
        let scores = vec![1.0, 2.0, 2.0, 3.0];
        // Possible shares are 0, 1/4, 3/4 and 1; one half is as near to 1/4 as to 3/4.
        assert_eq!(share(Cut::for_share(scores.clone(), 0.5), &scores), 0.75);
        assert_eq!(share(Cut::for_share(scores.clone(), 0.45), &scores), 0.25);
    }

    proptest! {
        #[test]
        fn share_is_within_half_a_sample_without_ties(n in 1usize..200, wanted in 0.0f64..=1.0) {
            let scores: Vec<f64> = (0..n).map(|i| ((i * 7919) % 100_003) as f64).collect();
            let got = share(Cut::for_share(scores.clone(), wanted), &scores);
            prop_assert!((got - wanted).abs() <= 0.5 / n as f64 + 1e-12);
        }
    }
}
