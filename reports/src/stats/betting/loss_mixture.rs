//! A mixture of bets that the candidate is worse.

use std::sync::OnceLock;

use super::gain::checked;
use crate::stats::error::{StatsError, open_unit};

/// Players of the mixture.
const PLAYERS: usize = 64;

/// Incremental e-process for `H0: mean(d) >= bound`: large when the mean lies below it.
///
/// Player `k` stakes the fixed share `t_k` every time, `prod(1 - t_k (d - b) / (1 - b))`, and
/// the players' capitals are averaged with the weights of a Gauss-Legendre rule on `(0, 1)`. A
/// positive average of martingales is one, so the guarantee does not rest on the rule being exact;
/// the rule only makes the average close to Cover's universal portfolio with a uniform prior. For
/// differences -1, 0, 1 and `bound` 0 that is
/// [`discordant_losses`](super::discordant_losses) at `q0 = 1/2`: unlike it, this process also takes
/// graded differences, so nobody has to know beforehand which of them will come.
#[derive(Debug, Clone)]
pub struct LossMixture {
    bound: f64,
    /// Logarithm of each player's capital.
    capitals: Vec<f64>,
    log_e: f64,
}

impl LossMixture {
    /// A fresh process. `bound` in (-1, 1).
    ///
    /// # Errors
    /// A bound outside (-1, 1).
    pub fn new(bound: f64) -> Result<Self, StatsError> {
        open_unit("bound, moved into (0, 1),", 0.5 * (1.0 + bound))?;
        Ok(Self {
            bound,
            capitals: vec![0.0; PLAYERS],
            log_e: 0.0,
        })
    }

    /// Adds one difference in `[-1, 1]` and returns the natural logarithm of the e-value.
    ///
    /// # Errors
    /// A value outside `[-1, 1]`; the state is then unchanged.
    pub fn push(&mut self, d: f64) -> Result<f64, StatsError> {
        let x = (checked(d)? - self.bound) / (1.0 - self.bound);
        // Two similar arms do not differ on most samples.
        if x == 0.0 {
            return Ok(self.log_e);
        }
        let players = players();
        for (capital, (share, _)) in self.capitals.iter_mut().zip(players) {
            *capital += (-share * x).ln_1p();
        }
        let top = self
            .capitals
            .iter()
            .fold(f64::NEG_INFINITY, |m, c| m.max(*c));
        let sum: f64 = self
            .capitals
            .iter()
            .zip(players)
            .map(|(capital, (_, weight))| weight * (capital - top).exp())
            .sum();
        self.log_e = top + sum.ln();
        Ok(self.log_e)
    }

    /// Natural logarithm of the current e-value; 0 before any data.
    pub fn log_e_value(&self) -> f64 {
        self.log_e
    }
}

/// Shares and weights: the Gauss-Legendre rule on `(0, 1)`.
fn players() -> &'static [(f64, f64)] {
    static RULE: OnceLock<Vec<(f64, f64)>> = OnceLock::new();
    RULE.get_or_init(|| gauss_legendre(PLAYERS))
}

/// Nodes are the roots of the Legendre polynomial, found by Newton's method from Tricomi's first
/// guess; weights `2 / ((1 - x^2) P'(x)^2)`, halved for the unit interval and scaled to sum to 1.
fn gauss_legendre(n: usize) -> Vec<(f64, f64)> {
    let size = n as f64;
    let mut rule: Vec<(f64, f64)> = (1..=n)
        .map(|i| {
            let mut x = (std::f64::consts::PI * (i as f64 - 0.25) / (size + 0.5)).cos();
            let mut slope = 1.0;
            for _ in 0..50 {
                let (p, previous) = legendre(n, x);
                slope = size * (x * p - previous) / (x * x - 1.0);
                let step = p / slope;
                x -= step;
                if step.abs() < 1e-15 {
                    break;
                }
            }
            (0.5 * (1.0 + x), 1.0 / ((1.0 - x * x) * slope * slope))
        })
        .collect();
    let total: f64 = rule.iter().map(|(_, weight)| weight).sum();
    for (_, weight) in &mut rule {
        *weight /= total;
    }
    rule
}

/// `(P_n(x), P_{n-1}(x))` by the three-term recurrence.
fn legendre(n: usize, x: f64) -> (f64, f64) {
    let (mut p, mut previous) = (1.0, 0.0);
    for k in 0..n {
        let k = k as f64;
        let next = ((2.0 * k + 1.0) * x * p - k * previous) / (k + 1.0);
        previous = p;
        p = next;
    }
    (p, previous)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::betting::discordant_losses;

    #[test]
    fn the_rule_integrates_powers() {
        let rule = gauss_legendre(PLAYERS);
        for power in [0, 1, 2, 7, 40, 100] {
            let sum: f64 = rule.iter().map(|(x, w)| w * x.powi(power)).sum();
            assert!((sum - 1.0 / f64::from(power + 1)).abs() < 1e-12, "{power}");
        }
        assert!(rule.iter().all(|(x, w)| *x > 0.0 && *x < 1.0 && *w > 0.0));
    }

    #[test]
    fn on_flips_it_is_the_discordant_e_value() {
        for (losses, gains) in [(16u64, 3u64), (7, 1), (0, 5), (40, 40), (300, 250)] {
            let mut mixture = LossMixture::new(0.0).unwrap();
            // Order does not matter for fixed stakes, and ties are free.
            for _ in 0..gains {
                mixture.push(1.0).unwrap();
                mixture.push(0.0).unwrap();
            }
            for _ in 0..losses {
                mixture.push(-1.0).unwrap();
            }
            let known = discordant_losses(losses, gains, 0.5).unwrap().ln();
            let got = mixture.log_e_value();
            assert!(
                (got - known).abs() < 1e-3,
                "{losses} {gains}: {got} {known}"
            );
        }
    }

    #[test]
    fn a_loss_of_the_bound_is_no_evidence_and_a_larger_one_is() {
        let run = |rate: u32| {
            let mut mixture = LossMixture::new(-0.1).unwrap();
            for i in 0..1000u32 {
                let d = if i * 7 % 100 < rate { -1.0 } else { 0.0 };
                mixture.push(d).unwrap();
            }
            mixture.log_e_value()
        };
        assert!(run(10) < 0.0);
        assert!(run(20) > 20f64.ln());
    }
}
