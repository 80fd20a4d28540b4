//! Service level objectives as binary outcomes: `exceed_i = 1[latency_i > SLO]`.

use super::error::{StatsError, open_unit};
use super::proportion::clopper_pearson_upper;
use super::special::binom_cdf;

/// Outcome of an exact test that an objective is met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SloTest {
    /// Share of requests over the objective.
    pub share: f64,
    /// One-sided p-value of `H0: P(exceed) > allowed`, that is `P(Bin(n, allowed) <= exceeded)`. Small
    /// proves that the objective is met.
    pub p_met: f64,
    /// Exact one-sided upper limit of the share at confidence `1 - alpha`.
    pub upper: f64,
}

/// Exact binomial test that at most the share `allowed` of requests exceeds the objective: "p95 at or
/// below the SLO" is `allowed = 0.05`. Timeouts and errors count as exceeding. Assumes independent
/// requests; for bursts use one value per window or [`super::clustered`].
///
/// # Errors
/// `n = 0`, more exceedances than requests, or `allowed` or `alpha` outside (0, 1).
pub fn slo_test(exceeded: u64, n: u64, allowed: f64, alpha: f64) -> Result<SloTest, StatsError> {
    open_unit("allowed share", allowed)?;
    let upper = clopper_pearson_upper(exceeded, n, alpha)?;
    let share = exceeded as f64 / n as f64;
    Ok(SloTest {
        share,
        p_met: binom_cdf(exceeded, n, allowed),
        upper,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_nine_clean_requests_prove_a_p95() {
        assert!(slo_test(0, 59, 0.05, 0.05).unwrap().p_met <= 0.05);
        assert!(slo_test(0, 58, 0.05, 0.05).unwrap().p_met > 0.05);
        assert!(slo_test(0, 0, 0.05, 0.05).is_err());
    }

    #[test]
    fn test_and_limit_agree() {
        for exceeded in 0..30 {
            let test = slo_test(exceeded, 300, 0.05, 0.05).unwrap();
            assert_eq!(test.p_met <= 0.05, test.upper <= 0.05, "{exceeded}");
        }
    }
}
