//! Hedged-capital betting intervals for a bounded mean (Waudby-Smith and Ramdas 2024).

use crate::stats::error::{StatsError, open_unit, within};
use crate::stats::interval::Interval;
use crate::stats::root::last_true;

/// How the bets spread their risk over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Horizon {
    /// Valid and reasonably tight at every sample size: denominator `t ln(1 + t)`.
    Anytime,
    /// Tuned for the sample size at hand: denominator `n`.
    FixedN,
}

/// Which sample sizes may contribute to the interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// Intersect over all prefixes: valid by Ville's inequality, never wider.
    Running,
    /// Only the full sample.
    Last,
}

/// Predictable plug-in mean and variance of values in `[0, 1]`, with one prior observation 1/2.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlugIn {
    count: f64,
    sum: f64,
    squares: f64,
}

impl PlugIn {
    pub(super) fn new() -> Self {
        Self {
            count: 0.0,
            sum: 0.0,
            squares: 0.0,
        }
    }

    /// `(1/2 + sum x) / (t + 1)`.
    pub(super) fn mean(&self) -> f64 {
        (0.5 + self.sum) / (self.count + 1.0)
    }

    /// `(1/4 + sum (x_i - mean_i)^2) / (t + 1)`.
    pub(super) fn variance(&self) -> f64 {
        (0.25 + self.squares) / (self.count + 1.0)
    }

    /// `t ln(1 + t)` of the next observation.
    pub(super) fn next_anytime(&self) -> f64 {
        let t = self.count + 1.0;
        t * t.ln_1p()
    }

    pub(super) fn push(&mut self, x: f64) {
        self.count += 1.0;
        self.sum += x;
        self.squares += (x - self.mean()).powi(2);
    }
}

pub(super) fn check_unit(x: &[f64]) -> Result<(), StatsError> {
    if x.is_empty() {
        return Err(StatsError::TooFew {
            what: "values",
            got: 0,
            needed: 1,
        });
    }
    for &value in x {
        within(
            "value",
            value,
            0.0,
            1.0,
            "between 0 and 1 (rescale the scores first)",
        )?;
    }
    Ok(())
}

/// The bets before truncation: `sqrt(2 ln(2/alpha) / (s2_{t-1} D_t))`, one per value, each known
/// before its value is seen.
///
/// # Errors
/// Empty data, values outside `[0, 1]`, or `alpha` outside (0, 1).
pub fn hedged_bets(x: &[f64], alpha: f64, horizon: Horizon) -> Result<Vec<f64>, StatsError> {
    check_unit(x)?;
    open_unit("alpha", alpha)?;
    Ok(bets(x, (2.0 / alpha).ln(), horizon))
}

pub(super) fn bets(x: &[f64], log_threshold: f64, horizon: Horizon) -> Vec<f64> {
    let mut plug_in = PlugIn::new();
    let mut bets = Vec::with_capacity(x.len());
    for &value in x {
        let spread = match horizon {
            Horizon::Anytime => plug_in.next_anytime(),
            Horizon::FixedN => x.len() as f64,
        };
        bets.push((2.0 * log_threshold / (plug_in.variance() * spread)).sqrt());
        plug_in.push(value);
    }
    bets
}

/// Log capital of the player who bets that the mean exceeds `m`: its running maximum or last value.
/// It decreases in `m`, because both the truncated stake and the payoff do.
pub(super) fn log_capital(x: &[f64], bets: &[f64], m: f64, trunc: f64, looks: Looks) -> f64 {
    let cap = if m > 0.0 { trunc / m } else { f64::INFINITY };
    let (mut log_k, mut best) = (0.0, f64::NEG_INFINITY);
    for (&value, &bet) in x.iter().zip(bets) {
        let stake = bet.min(cap);
        log_k += (stake * (value - m)).ln_1p();
        best = f64::max(best, log_k);
    }
    match looks {
        Looks::Running => best,
        Looks::Last => log_k,
    }
}

/// Largest `m` in `[0, 1]` that the player refutes at `log_threshold`; 0 if none.
pub(super) fn lower(x: &[f64], bets: &[f64], log_threshold: f64, trunc: f64, looks: Looks) -> f64 {
    last_true(0.0, 1.0, |m| {
        log_capital(x, bets, m, trunc, looks) >= log_threshold
    })
}

/// Hedged-capital interval for the mean of values in `[0, 1]` at confidence `1 - alpha`.
///
/// Two players bet against every candidate mean `m`, `K+ = prod(1 + l_t (x_t - m))` and
/// `K- = prod(1 - l_t (x_t - m))`, with stakes cut at `trunc/m` and `trunc/(1 - m)`. A mean is refuted
/// when either player reaches `2/alpha`. Both capitals are monotone in `m`, so bisection replaces the
/// grid of the authors' code. `trunc` in (0, 1); the authors use 1/2.
///
/// Failure mode: the order of the values matters; fix it in advance.
///
/// # Errors
/// Empty data, values outside `[0, 1]`, `alpha` or `trunc` outside (0, 1).
pub fn hedged_capital(
    x: &[f64],
    alpha: f64,
    trunc: f64,
    horizon: Horizon,
    looks: Looks,
) -> Result<Interval, StatsError> {
    check_unit(x)?;
    open_unit("alpha", alpha)?;
    open_unit("trunc", trunc)?;
    let log_threshold = (2.0 / alpha).ln();
    let bets = bets(x, log_threshold, horizon);
    // The bets depend on squared deviations only, so the mirrored data have the same ones.
    let mirrored: Vec<f64> = x.iter().map(|v| 1.0 - v).collect();
    let lo = lower(x, &bets, log_threshold, trunc, looks);
    let hi = 1.0 - lower(&mirrored, &bets, log_threshold, trunc, looks);
    Ok(Interval::new(lo, hi))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_data_do_not_collapse_the_interval() {
        let interval =
            hedged_capital(&[0.5; 20], 0.05, 0.5, Horizon::Anytime, Looks::Running).unwrap();
        assert!(interval.width() > 0.1, "{interval:?}");
        assert!(interval.contains(0.5));
    }

    #[test]
    fn more_data_and_running_intersection_never_widen() {
        let x: Vec<f64> = (0..80).map(|i| f64::from(i * 37 % 101) / 100.0).collect();
        let at = |n: usize| {
            hedged_capital(&x[..n], 0.05, 0.5, Horizon::Anytime, Looks::Running).unwrap()
        };
        let mut last = at(1);
        for n in 2..=80 {
            let next = at(n);
            assert!(next.lo >= last.lo && next.hi <= last.hi, "{n}");
            last = next;
        }
    }

    #[test]
    fn values_outside_the_unit_interval_are_refused() {
        for bad in [-0.1, 1.1, f64::NAN] {
            assert!(hedged_bets(&[bad], 0.05, Horizon::Anytime).is_err());
        }
        assert!(hedged_bets(&[], 0.05, Horizon::Anytime).is_err());
    }
}
