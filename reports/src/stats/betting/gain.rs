//! A bet that a mean difference lies above any given bound.

use super::hedged::PlugIn;
use crate::stats::error::{StatsError, open_unit, within};

/// Differences lie in `[-1, 1]`; averages may pass the limit by a rounding error, which is cut.
pub(super) fn checked(d: f64) -> Result<f64, StatsError> {
    const SLACK: f64 = 1.0 + 1e-9;
    let expected = "between -1 and 1 (rescale the scores first)";
    within("difference", d, -SLACK, SLACK, expected)?;
    Ok(d.clamp(-1.0, 1.0))
}

/// Incremental e-process for `H0: mean(d) <= bound`: large when the mean lies above it. With a negative
/// margin for a bound it is [`NonInferiorityBet`](super::NonInferiorityBet), whose stakes it uses
/// (Waudby-Smith and Ramdas 2024).
#[derive(Debug, Clone)]
pub struct GainBet {
    bound: f64,
    log_threshold: f64,
    plug_in: PlugIn,
    log_capital: f64,
    pushed: u64,
}

impl GainBet {
    /// A fresh process. `bound` in (-1, 1); `alpha` tunes the stakes.
    ///
    /// # Errors
    /// A bound outside (-1, 1), or `alpha` outside (0, 1).
    pub fn new(bound: f64, alpha: f64) -> Result<Self, StatsError> {
        open_unit("bound, moved into (0, 1),", null_mean(bound))?;
        open_unit("alpha", alpha)?;
        Ok(Self {
            bound,
            log_threshold: (1.0 / alpha).ln(),
            plug_in: PlugIn::new(),
            log_capital: 0.0,
            pushed: 0,
        })
    }

    /// Adds one difference in `[-1, 1]` and returns the natural logarithm of the e-value.
    ///
    /// # Errors
    /// A value outside `[-1, 1]`; the state is then unchanged.
    pub fn push(&mut self, d: f64) -> Result<f64, StatsError> {
        let d = checked(d)?;
        let spread = self.plug_in.variance() * self.plug_in.next_anytime();
        let bet = (2.0 * self.log_threshold / spread).sqrt();
        let stake = bet.min(most_stake(self.bound));
        self.log_capital += (stake * 0.5 * (d - self.bound)).ln_1p();
        self.plug_in.push(0.5 * (d + 1.0));
        self.pushed += 1;
        Ok(self.log_capital)
    }

    /// Natural logarithm of the current e-value; 0 before any data.
    pub fn log_e_value(&self) -> f64 {
        self.log_capital
    }

    /// Differences seen.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Most that one difference can add to the logarithm, whatever came before: +1 at the largest
    /// stake.
    pub fn most_gain(&self) -> f64 {
        (most_stake(self.bound) * 0.5 * (1.0 - self.bound)).ln_1p()
    }
}

fn null_mean(bound: f64) -> f64 {
    0.5 * (1.0 + bound)
}

fn most_stake(bound: f64) -> f64 {
    0.5 / null_mean(bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::betting::NonInferiorityBet;

    #[test]
    fn a_negative_margin_is_non_inferiority() {
        let mut gain = GainBet::new(-0.05, 0.05).unwrap();
        let mut known = NonInferiorityBet::new(0.05, 0.05).unwrap();
        for i in 0..400 {
            let d = match i * 7919 % 33 {
                0 => -1.0,
                1 => 1.0,
                _ => 0.0,
            };
            gain.push(d).unwrap();
            known.push(d).unwrap();
            assert!((gain.log_e_value() - known.log_e_value()).abs() < 1e-9);
        }
    }

    #[test]
    fn no_push_gains_more_than_promised() {
        let mut bet = GainBet::new(-0.05, 0.05).unwrap();
        for i in 0..200 {
            let before = bet.log_e_value();
            bet.push(if i % 5 == 0 { -0.5 } else { 1.0 }).unwrap();
            assert!(bet.log_e_value() - before <= bet.most_gain() + 1e-12);
        }
    }

    #[test]
    fn values_out_of_range_leave_the_state_alone() {
        let mut bet = GainBet::new(-0.05, 0.05).unwrap();
        for bad in [1.5, -1.1, f64::NAN] {
            assert!(bet.push(bad).is_err(), "{bad}");
        }
        assert_eq!((bet.pushed(), bet.log_e_value()), (0, 0.0));
        assert!(GainBet::new(-1.0, 0.05).is_err());
    }
}
