//! Beta-binomial model: slice success counts around a common Beta distribution.

use crate::stats::error::{StatsError, within};

/// A fitted Beta(alpha, beta) prior.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BetaPrior {
    /// First shape: prior successes.
    pub alpha: f64,
    /// Second shape: prior failures.
    pub beta: f64,
}

impl BetaPrior {
    /// Posterior mean of a slice with `x` of `n` successes.
    pub fn shrink(self, x: u64, n: u64) -> f64 {
        (self.alpha + x as f64) / (self.alpha + self.beta + n as f64)
    }
}

/// Moments of the raw rates: `alpha + beta = m(1-m)/v - 1` (Gelman et al., Bayesian Data Analysis,
/// section 5.1). Crude when the group sizes differ much.
///
/// # Errors
/// Fewer than two groups, an empty or impossible group, or rates whose variance is zero or too large
/// for any Beta distribution.
pub fn beta_prior_moments(groups: &[(u64, u64)]) -> Result<BetaPrior, StatsError> {
    check(groups)?;
    let k = groups.len() as f64;
    let rates: Vec<f64> = groups.iter().map(|&(x, n)| x as f64 / n as f64).collect();
    let mean = rates.iter().sum::<f64>() / k;
    let variance = rates.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (k - 1.0);
    let size = mean * (1.0 - mean) / variance - 1.0;
    if !(size > 0.0 && size.is_finite()) {
        return Err(undetermined(
            "the rates have no spread, or more than a Beta distribution can",
        ));
    }
    Ok(BetaPrior {
        alpha: mean * size,
        beta: (1.0 - mean) * size,
    })
}

/// Maximum likelihood by Newton's method from the moment estimate. The gradients are finite sums, so
/// no special functions enter.
///
/// # Errors
/// As [`beta_prior_moments`], or a likelihood without a maximum (no over-dispersion).
pub fn beta_prior_likelihood(groups: &[(u64, u64)]) -> Result<BetaPrior, StatsError> {
    let start = beta_prior_moments(groups)?;
    let (mut a, mut b) = (start.alpha.ln(), start.beta.ln());
    for _ in 0..500 {
        let Derivatives { gradient, hessian } = derivatives(groups, a.exp(), b.exp());
        let [ga, gb] = gradient;
        let [haa, hab, hbb] = hessian;
        let determinant = haa * hbb - hab * hab;
        // Ascend along the gradient where the likelihood is not concave.
        let (mut da, mut db) = if haa < 0.0 && determinant > 0.0 {
            (
                (hab * gb - hbb * ga) / determinant,
                (hab * ga - haa * gb) / determinant,
            )
        } else {
            (0.1 * ga.signum(), 0.1 * gb.signum())
        };
        let longest = da.abs().max(db.abs());
        if longest > 0.5 {
            (da, db) = (da * 0.5 / longest, db * 0.5 / longest);
        }
        (a, b) = (a + da, b + db);
        if longest < 1e-13 {
            return Ok(BetaPrior {
                alpha: a.exp(),
                beta: b.exp(),
            });
        }
        if a.max(b) > 20.0 {
            break;
        }
    }
    Err(undetermined(
        "the likelihood has no maximum: the rates vary no more than chance",
    ))
}

/// Derivatives of the log-likelihood with respect to the logarithms of the shapes.
struct Derivatives {
    gradient: [f64; 2],
    /// Second derivatives: aa, ab, bb.
    hessian: [f64; 3],
}

fn derivatives(groups: &[(u64, u64)], alpha: f64, beta: f64) -> Derivatives {
    // psi(s + m) - psi(s) and its derivative, as sums over j < m.
    let rise = |s: f64, m: u64| {
        (0..m).fold((0.0, 0.0), |(first, second), j| {
            let term = 1.0 / (s + j as f64);
            (first + term, second - term * term)
        })
    };
    let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for &(x, n) in groups {
        let (hit, miss, all) = (rise(alpha, x), rise(beta, n - x), rise(alpha + beta, n));
        ga += hit.0 - all.0;
        gb += miss.0 - all.0;
        haa += hit.1 - all.1;
        hbb += miss.1 - all.1;
        hab -= all.1;
    }
    Derivatives {
        gradient: [alpha * ga, beta * gb],
        hessian: [
            alpha * alpha * haa + alpha * ga,
            alpha * beta * hab,
            beta * beta * hbb + beta * gb,
        ],
    }
}

fn check(groups: &[(u64, u64)]) -> Result<(), StatsError> {
    if groups.len() < 2 {
        return Err(StatsError::TooFew {
            what: "groups",
            got: groups.len(),
            needed: 2,
        });
    }
    for &(x, n) in groups {
        within("group size", n as f64, 1.0, f64::MAX, "at least 1")?;
        within(
            "successes",
            x as f64,
            0.0,
            n as f64,
            "at most the group size",
        )?;
    }
    Ok(())
}

fn undetermined(why: &'static str) -> StatsError {
    StatsError::Undetermined {
        what: "beta-binomial prior",
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spread_is_refused() {
        assert!(beta_prior_moments(&[(1, 10), (1, 10)]).is_err());
        assert!(beta_prior_likelihood(&[(5, 10), (6, 10), (5, 10), (4, 10)]).is_err());
        assert!(beta_prior_moments(&[(3, 2), (1, 2)]).is_err());
    }

    #[test]
    fn the_gradient_vanishes_at_the_maximum() {
        let groups = [(0, 20), (3, 20), (10, 20), (1, 15), (12, 30)];
        let fit = beta_prior_likelihood(&groups).unwrap();
        let gradient = derivatives(&groups, fit.alpha, fit.beta).gradient;
        assert!(gradient.iter().all(|g| g.abs() < 1e-9), "{gradient:?}");
    }
}
