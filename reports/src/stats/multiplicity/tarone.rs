//! Tarone's correction with Holm's steps, for discrete tests.

use super::adjust::ascending;
use crate::stats::error::{StatsError, open_unit, p_values, same_len};

/// One step of [`tarone_holm`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TaroneStep {
    /// Number of tests that alpha is shared among.
    pub k: usize,
    /// `alpha / k`.
    pub threshold: f64,
    /// The test with the smallest p-value still in play.
    pub candidate: usize,
}

/// Outcome of [`tarone_holm`].
#[derive(Debug, Clone, PartialEq)]
pub struct TaroneHolm {
    /// Rejected tests in ascending order.
    pub rejected: Vec<usize>,
    /// All steps; the last one is the one that did not reject, if any.
    pub steps: Vec<TaroneStep>,
}

/// Smallest one-sided sign-test p-value that `discordant` pairs can give: `2^-k`.
pub fn min_attainable_p(discordant: u64) -> f64 {
    (-(discordant as f64)).exp2()
}

/// Tarone (1990) with step-down: alpha is shared only among tests that could reach it at all.
///
/// `k` is the smallest integer with at most `k` tests whose attainable p is `<= alpha / k`; the
/// smallest p is rejected when it is `<= alpha / k`, and the rest is looked at again. Family-wise
/// control under any dependence. The attainable values must not depend on the direction of the data,
/// for example [`min_attainable_p`] of the discordant count.
///
/// # Errors
/// Values outside `[0, 1]`, lengths that differ, or `alpha` outside (0, 1).
pub fn tarone_holm(p: &[f64], attainable: &[f64], alpha: f64) -> Result<TaroneHolm, StatsError> {
    p_values(p)?;
    p_values(attainable)?;
    same_len(
        "p-values and attainable p-values",
        p.len(),
        attainable.len(),
    )?;
    open_unit("alpha", alpha)?;
    let order = ascending(p);
    let mut outcome = TaroneHolm {
        rejected: Vec::new(),
        steps: Vec::new(),
    };
    for (done, &candidate) in order.iter().enumerate() {
        let k = shared_among(order[done..].iter().map(|&i| attainable[i]), alpha);
        let threshold = alpha / k as f64;
        outcome.steps.push(TaroneStep {
            k,
            threshold,
            candidate,
        });
        if p[candidate] > threshold {
            break;
        }
        outcome.rejected.push(candidate);
    }
    outcome.rejected.sort_unstable();
    Ok(outcome)
}

fn shared_among(attainable: impl Iterator<Item = f64> + Clone, alpha: f64) -> usize {
    let mut k = 1;
    while attainable
        .clone()
        .filter(|&a| a <= alpha / k as f64)
        .count()
        > k
    {
        k += 1;
    }
    k
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_cannot_reject_cost_nothing() {
        let p = [0.04, 0.5, 0.5, 0.5, 0.5];
        let attainable = [0.01, 0.5, 0.5, 0.5, 0.5];
        assert_eq!(tarone_holm(&p, &attainable, 0.05).unwrap().rejected, [0]);
    }

    #[test]
    fn with_continuous_tests_it_is_holm() {
        let p = [0.012, 0.02, 0.06];
        let outcome = tarone_holm(&p, &[0.0; 3], 0.05).unwrap();
        assert_eq!(outcome.rejected, [0, 1]);
        assert_eq!(
            outcome.steps.iter().map(|s| s.k).collect::<Vec<_>>(),
            [3, 2, 1]
        );
    }
}
