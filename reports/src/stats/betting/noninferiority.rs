//! A one-sided betting test of non-inferiority for paired differences in `[-1, 1]`.

use super::hedged::{Horizon, Looks, PlugIn, bets, lower};
use crate::stats::error::{StatsError, finite, open_unit, within};

/// Incremental e-process for `H0: mean(d) <= -margin`. Feed one paired difference at a time and stop
/// whenever you like: the chance that the e-value ever reaches `1/alpha` under the hypothesis is at
/// most `alpha` (Ville).
///
/// The capital of a player who bets on `x = (d + 1)/2` exceeding `m0 = (1 - margin)/2`, with stakes
/// `sqrt(2 ln(1/alpha) / (s2 t ln(1 + t)))` cut at `1/(2 m0)` (Waudby-Smith and Ramdas 2024). It works
/// for graded and binary scores alike and needs no spread in the data. E-values of independent runs
/// multiply; e-values of dependent runs may be averaged.
///
/// ```
/// use weighbridge_reports::stats::betting::NonInferiorityBet;
/// let mut bet = NonInferiorityBet::new(0.05, 0.05)?;
/// let needed = (1..).find(|_| bet.push(0.0).is_ok_and(|e| e >= 20.0));
/// assert_eq!(needed, Some(116)); // identical arms still need that many items
/// # Ok::<(), weighbridge_reports::stats::StatsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct NonInferiorityBet {
    null_mean: f64,
    log_threshold: f64,
    plug_in: PlugIn,
    log_capital: f64,
    log_peak: f64,
    pushed: u64,
}

impl NonInferiorityBet {
    /// A fresh process. `margin` in (0, 1), in score units; `alpha` tunes the stakes and sets the
    /// threshold of [`Self::proven`].
    ///
    /// # Errors
    /// A margin or an alpha outside (0, 1).
    pub fn new(margin: f64, alpha: f64) -> Result<Self, StatsError> {
        open_unit("margin", margin)?;
        open_unit("alpha", alpha)?;
        Ok(Self {
            null_mean: 0.5 * (1.0 - margin),
            log_threshold: (1.0 / alpha).ln(),
            plug_in: PlugIn::new(),
            log_capital: 0.0,
            log_peak: 0.0,
            pushed: 0,
        })
    }

    /// Adds one difference in `[-1, 1]` and returns the e-value so far.
    ///
    /// # Errors
    /// A value outside `[-1, 1]`; the state is then unchanged.
    pub fn push(&mut self, d: f64) -> Result<f64, StatsError> {
        within(
            "difference",
            d,
            -1.0,
            1.0,
            "between -1 and 1 (rescale the scores first)",
        )?;
        let x = 0.5 * (d + 1.0);
        let spread = self.plug_in.variance() * self.plug_in.next_anytime();
        let stake = (2.0 * self.log_threshold / spread)
            .sqrt()
            .min(0.5 / self.null_mean);
        self.log_capital += (stake * (x - self.null_mean)).ln_1p();
        self.log_peak = self.log_peak.max(self.log_capital);
        self.plug_in.push(x);
        self.pushed += 1;
        Ok(self.e_value())
    }

    /// Current e-value; 1 before any data. Large values speak for non-inferiority.
    pub fn e_value(&self) -> f64 {
        self.log_capital.exp()
    }

    /// Natural logarithm of [`Self::e_value`], which cannot overflow.
    pub fn log_e_value(&self) -> f64 {
        self.log_capital
    }

    /// Largest e-value so far. It decides a sequential test, but is *not* an e-value: do not multiply
    /// or average it.
    pub fn peak(&self) -> f64 {
        self.log_peak.exp()
    }

    /// Anytime-valid p-value, `1 / peak`, in (0, 1].
    pub fn p_value(&self) -> f64 {
        (-self.log_peak).exp().min(1.0)
    }

    /// Whether the e-value has ever reached `1/alpha`.
    pub fn proven(&self) -> bool {
        self.log_peak >= self.log_threshold
    }

    /// Number of differences seen.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }
}

/// Certified one-sided lower bound of `mean(d)`, valid at every sample size: the largest `m` refuted
/// by the process above at error rate `alpha`; -1 if none. The certified loss bound is its negative.
///
/// With `Horizon::FixedN` the stakes are tuned to `d.len()`, which must have been fixed in advance.
///
/// # Errors
/// Empty data, values outside `[-1, 1]`, or `alpha` outside (0, 1).
pub fn certified_lower(d: &[f64], alpha: f64, horizon: Horizon) -> Result<f64, StatsError> {
    finite("differences", d, 1)?;
    open_unit("alpha", alpha)?;
    for &value in d {
        within(
            "difference",
            value,
            -1.0,
            1.0,
            "between -1 and 1 (rescale the scores first)",
        )?;
    }
    let x: Vec<f64> = d.iter().map(|v| 0.5 * (v + 1.0)).collect();
    let log_threshold = (1.0 / alpha).ln();
    let bets = bets(&x, log_threshold, horizon);
    Ok(2.0 * lower(&x, &bets, log_threshold, 0.5, Looks::Running) - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inversion_and_process_agree() {
        let d: Vec<f64> = (0..300)
            .map(|i| if i % 25 == 7 { -1.0 } else { 0.0 })
            .collect();
        let bound = certified_lower(&d, 0.05, Horizon::Anytime).unwrap();
        for (margin, expected) in [(-bound + 1e-6, true), (-bound - 1e-6, false)] {
            let mut bet = NonInferiorityBet::new(margin, 0.05).unwrap();
            for &value in &d {
                bet.push(value).unwrap();
            }
            assert_eq!(bet.proven(), expected, "{margin}");
        }
    }

    #[test]
    fn bad_values_leave_the_state_alone() {
        let mut bet = NonInferiorityBet::new(0.05, 0.05).unwrap();
        assert!(bet.push(f64::NAN).is_err());
        assert!(bet.push(1.5).is_err());
        assert_eq!((bet.pushed(), bet.e_value()), (0, 1.0));
    }

    #[test]
    fn losses_shrink_the_capital() {
        let mut bet = NonInferiorityBet::new(0.1, 0.05).unwrap();
        assert!(bet.push(-1.0).unwrap() < 1.0);
        assert_eq!(bet.p_value(), 1.0);
    }
}
