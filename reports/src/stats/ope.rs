//! Off-policy evaluation: the value of a new router from logs of a randomising one.
//!
//! Assumptions: the logged propensities are the true ones and positive wherever the new policy acts
//! (overlap), and nothing unlogged drives both the choice and the reward. With one recorded answer per
//! sample and model use exact replay instead.

use super::error::{StatsError, finite, within};

/// Effective sample size below which the estimate is refused.
pub const MIN_ESS: f64 = 50.0;
/// Share of the total weight that one request may carry.
pub const MAX_WEIGHT_SHARE: f64 = 0.10;

/// One logged request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Logged {
    /// Probability with which the logging policy chose the logged action, in (0, 1].
    pub logging: f64,
    /// Probability with which the new policy would choose it, in [0, 1].
    pub target: f64,
    /// Observed reward.
    pub reward: f64,
    /// Reward model's value of the logged action; any number when no model is used.
    pub model: f64,
    /// Reward model's value of the new policy on this request.
    pub value: f64,
}

/// A point estimate with its standard error in reward units; `None` for a single request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    /// Estimated mean reward of the new policy.
    pub mean: f64,
    /// Standard error.
    pub se: Option<f64>,
}

/// Checked logs with their importance weights `target / logging`.
#[derive(Debug, Clone, PartialEq)]
pub struct OffPolicy {
    rows: Vec<Logged>,
    weights: Vec<f64>,
}

impl OffPolicy {
    /// Checks the log.
    ///
    /// # Errors
    /// No rows, probabilities outside their domain, rewards or model values that are not finite.
    pub fn new(rows: Vec<Logged>) -> Result<Self, StatsError> {
        if rows.is_empty() {
            return Err(StatsError::TooFew {
                what: "logged requests",
                got: 0,
                needed: 1,
            });
        }
        for row in &rows {
            within(
                "logging propensity",
                row.logging,
                f64::MIN_POSITIVE,
                1.0,
                "in (0, 1]",
            )?;
            within("target probability", row.target, 0.0, 1.0, "in [0, 1]")?;
            finite(
                "reward, model and value",
                &[row.reward, row.model, row.value],
                3,
            )?;
        }
        let weights = rows.iter().map(|row| row.target / row.logging).collect();
        Ok(Self { rows, weights })
    }

    /// Importance weights in the order of the log.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Kish's effective sample size, `(sum w)^2 / sum w^2`; 0 without overlap.
    pub fn effective_size(&self) -> f64 {
        let (sum, squares) = self
            .weights
            .iter()
            .fold((0.0, 0.0), |(s, q), w| (s + w, q + w * w));
        if squares > 0.0 {
            sum * sum / squares
        } else {
            0.0
        }
    }

    /// Largest weight as a share of all weight; 1 without overlap.
    pub fn max_weight_share(&self) -> f64 {
        let sum = self.total();
        if sum > 0.0 {
            self.weights.iter().copied().fold(0.0, f64::max) / sum
        } else {
            1.0
        }
    }

    /// Refuses logs on which no estimator can be trusted: an effective size below 50, or one request
    /// with more than 10 % of the weight. Deterministic loggers always fail; log with at least 2 to
    /// 5 % exploration.
    ///
    /// # Errors
    /// The first condition that fails.
    pub fn require_overlap(&self) -> Result<(), StatsError> {
        let size = self.effective_size();
        within(
            "effective sample size",
            size,
            MIN_ESS,
            f64::MAX,
            "at least 50: log more exploration",
        )?;
        let domain = "at most 0.10: a single request decides the estimate";
        within(
            "largest weight share",
            self.max_weight_share(),
            0.0,
            MAX_WEIGHT_SHARE,
            domain,
        )
    }

    /// Inverse propensity scoring: mean of `w r`. Unbiased, high variance.
    pub fn ips(&self) -> Value {
        self.mean_of(|row, w| w * row.reward)
    }

    /// IPS with weights cut at `limit`: biased towards 0, lower variance.
    pub fn clipped_ips(&self, limit: f64) -> Value {
        self.mean_of(|row, w| w.min(limit) * row.reward)
    }

    /// Self-normalised IPS, `sum w r / sum w`, with the delta-method error; `None` without overlap.
    pub fn snips(&self) -> Option<Value> {
        let sum = self.total();
        if sum <= 0.0 {
            return None;
        }
        let mean = self.pairs().map(|(row, w)| w * row.reward).sum::<f64>() / sum;
        let squares: f64 = self
            .pairs()
            .map(|(row, w)| (w * (row.reward - mean)).powi(2))
            .sum();
        Some(Value {
            mean,
            se: (self.rows.len() > 1).then(|| squares.sqrt() / sum),
        })
    }

    /// Direct method: mean of the model's value. As biased as the model.
    pub fn direct(&self) -> Value {
        self.mean_of(|row, _| row.value)
    }

    /// Doubly robust: `v + w (r - q)` (Dudik, Langford and Li 2011).
    pub fn doubly_robust(&self) -> Value {
        self.mean_of(|row, w| row.value + w * (row.reward - row.model))
    }

    /// Self-normalised doubly robust; `None` without overlap.
    pub fn self_normalised_doubly_robust(&self) -> Option<f64> {
        let sum = self.total();
        let residual: f64 = self
            .pairs()
            .map(|(row, w)| w * (row.reward - row.model))
            .sum();
        (sum > 0.0).then(|| self.direct().mean + residual / sum)
    }

    /// SWITCH-DR (Wang, Agarwal and Dudik 2017): the correction is used only where `w <= tau`.
    pub fn switch(&self, tau: f64) -> Value {
        self.mean_of(|row, w| {
            row.value
                + if w <= tau {
                    w * (row.reward - row.model)
                } else {
                    0.0
                }
        })
    }

    /// Doubly robust with optimistic shrinkage `lambda w / (w^2 + lambda)` (Su et al. 2020).
    pub fn shrunk(&self, lambda: f64) -> Value {
        self.mean_of(|row, w| row.value + lambda * w / (w * w + lambda) * (row.reward - row.model))
    }

    fn total(&self) -> f64 {
        self.weights.iter().sum()
    }

    fn pairs(&self) -> impl Iterator<Item = (&Logged, f64)> {
        self.rows.iter().zip(self.weights.iter().copied())
    }

    fn mean_of(&self, term: impl Fn(&Logged, f64) -> f64) -> Value {
        let terms: Vec<f64> = self.pairs().map(|(row, w)| term(row, w)).collect();
        let n = terms.len() as f64;
        let mean = terms.iter().sum::<f64>() / n;
        let squares: f64 = terms.iter().map(|t| (t - mean).powi(2)).sum();
        Value {
            mean,
            se: (terms.len() > 1).then(|| (squares / (n - 1.0) / n).sqrt()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logs(n: usize, target: f64) -> OffPolicy {
        let row = Logged {
            logging: 0.5,
            target,
            reward: 1.0,
            model: 0.8,
            value: 0.8,
        };
        OffPolicy::new(vec![row; n]).unwrap()
    }

    #[test]
    fn thin_overlap_is_refused() {
        assert!(logs(100, 0.5).require_overlap().is_ok());
        assert!(logs(49, 0.5).require_overlap().is_err());
        assert!(logs(100, 0.0).require_overlap().is_err());
        assert_eq!(logs(3, 0.0).snips(), None);
    }

    #[test]
    fn one_heavy_request_is_refused() {
        let mut rows = logs(200, 0.5).rows;
        rows[0].logging = 0.02;
        let heavy = OffPolicy::new(rows).unwrap();
        assert!(heavy.effective_size() > MIN_ESS && heavy.require_overlap().is_err());
    }

    #[test]
    fn evaluating_the_logging_policy_gives_the_logged_mean() {
        let same = logs(10, 0.5);
        for value in [same.ips(), same.snips().unwrap(), same.doubly_robust()] {
            assert!((value.mean - 1.0).abs() < 1e-15);
        }
        assert!(OffPolicy::new(vec![]).is_err());
    }
}
