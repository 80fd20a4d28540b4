//! Bets on the mean of items that come in clusters of unequal size.
//!
//! The unit of a bet is a cluster: its sum `s` of differences over `n` items. The hypothesis is about
//! the mean over *items*, `E[s] <= b E[n]`, so the bet is on `s - b n`, padded to the largest cluster
//! `M` by `M - n` items that lie exactly at the bound. Stakes depend on earlier units alone, never on
//! the size of the one that is bet on; otherwise sizes that go with outcomes would break the
//! guarantee. With `M = 1` this is [`NonInferiorityBet`](super::NonInferiorityBet).

use super::hedged::PlugIn;
use crate::stats::error::{StatsError, open_unit, within};
use crate::stats::root::last_true;

/// The items of one cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// Sum of their differences, each in `[-1, 1]`.
    pub sum: f64,
    /// How many.
    pub count: u32,
}

impl Unit {
    /// One item on its own.
    pub fn item(d: f64) -> Self {
        Self { sum: d, count: 1 }
    }

    /// The same seen from the other arm.
    #[must_use]
    pub fn mirrored(self) -> Self {
        Self {
            sum: -self.sum,
            ..self
        }
    }

    pub(super) fn check(self, largest: u32) -> Result<(), StatsError> {
        let count = f64::from(self.count);
        within(
            "items of a unit",
            count,
            1.0,
            f64::from(largest),
            "at least 1 and at most the largest unit",
        )?;
        // Averages over repeats may pass the limit by a rounding error.
        let slack = 1e-9 * count;
        within(
            "sum of a unit",
            self.sum,
            -count - slack,
            count + slack,
            "between minus and plus its number of items",
        )
    }
}

/// Incremental e-process for `H0: mean(d) <= bound`: large when the mean lies above it. The bets are
/// those of [`NonInferiorityBet`](super::NonInferiorityBet) (Waudby-Smith and Ramdas 2024), for which
/// `bound` is the negative margin.
#[derive(Debug, Clone)]
pub struct GainBet {
    bound: f64,
    largest: u32,
    log_threshold: f64,
    plug_in: PlugIn,
    log_capital: f64,
    log_peak: f64,
    pushed: u64,
}

impl GainBet {
    /// A fresh process. `bound` in (-1, 1); `largest` items at most in a unit; `alpha` tunes the
    /// stakes.
    ///
    /// # Errors
    /// A bound outside (-1, 1), no items, or `alpha` outside (0, 1).
    pub fn new(bound: f64, largest: u32, alpha: f64) -> Result<Self, StatsError> {
        open_unit("bound, moved into (0, 1),", null_mean(bound))?;
        within(
            "largest unit",
            f64::from(largest),
            1.0,
            f64::from(u32::MAX),
            "at least 1",
        )?;
        open_unit("alpha", alpha)?;
        Ok(Self {
            bound,
            largest,
            log_threshold: (1.0 / alpha).ln(),
            plug_in: PlugIn::new(),
            log_capital: 0.0,
            log_peak: 0.0,
            pushed: 0,
        })
    }

    /// Adds one unit and returns the natural logarithm of the e-value.
    ///
    /// # Errors
    /// A unit of no or too many items, or a sum out of range; the state is then unchanged.
    pub fn push(&mut self, unit: Unit) -> Result<f64, StatsError> {
        unit.check(self.largest)?;
        let stake = next_bet(&self.plug_in, self.log_threshold).min(most_stake(self.bound));
        self.log_capital += (stake * payoff(unit, self.bound, self.largest)).ln_1p();
        self.log_peak = self.log_peak.max(self.log_capital);
        self.plug_in.push(moved(unit, self.largest));
        self.pushed += 1;
        Ok(self.log_capital)
    }

    /// Natural logarithm of the current e-value; 0 before any data.
    pub fn log_e_value(&self) -> f64 {
        self.log_capital
    }

    /// Natural logarithm of the largest e-value so far. It decides a sequential test, but is *not* an
    /// e-value: do not multiply or average it.
    pub fn log_peak(&self) -> f64 {
        self.log_peak
    }

    /// Units seen.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// Most that one unit of `count` items can add to the logarithm, whatever came before: all items
    /// at +1 and the largest stake.
    pub fn most_gain(&self, count: u32) -> f64 {
        let best = Unit {
            sum: f64::from(count),
            count,
        };
        (most_stake(self.bound) * payoff(best, self.bound, self.largest)).ln_1p()
    }
}

fn null_mean(bound: f64) -> f64 {
    0.5 * (1.0 + bound)
}

fn most_stake(bound: f64) -> f64 {
    0.5 / null_mean(bound)
}

/// `x - m0` of the padded unit, on the scale on which items lie in `[0, 1]`.
fn payoff(unit: Unit, bound: f64, largest: u32) -> f64 {
    (unit.sum - bound * f64::from(unit.count)) / (2.0 * f64::from(largest))
}

/// The unit on the same scale, padded with zeros: only stakes are made from it.
fn moved(unit: Unit, largest: u32) -> f64 {
    (0.5 * (unit.sum / f64::from(largest) + 1.0)).clamp(0.0, 1.0)
}

fn next_bet(plug_in: &PlugIn, log_threshold: f64) -> f64 {
    (2.0 * log_threshold / (plug_in.variance() * plug_in.next_anytime())).sqrt()
}

/// Certified one-sided lower bound of the mean over items, valid at every number of units: the largest
/// bound that [`GainBet`] refutes at error rate `alpha`; -1 if none. An upper bound is the negative of
/// the bound of [mirrored](Unit::mirrored) units.
///
/// Stakes do not depend on the bound except by their cut, and the capital falls with it, so that
/// bisection finds the limit.
///
/// # Errors
/// As [`GainBet::push`]; `alpha` outside (0, 1).
pub fn units_lower(units: &[Unit], largest: u32, alpha: f64) -> Result<f64, StatsError> {
    open_unit("alpha", alpha)?;
    let log_threshold = (1.0 / alpha).ln();
    let mut plug_in = PlugIn::new();
    let mut bets = Vec::with_capacity(units.len());
    for unit in units {
        unit.check(largest)?;
        bets.push(next_bet(&plug_in, log_threshold));
        plug_in.push(moved(*unit, largest));
    }
    let refuted = |bound: f64| {
        let cut = most_stake(bound);
        let mut log_capital = 0.0;
        units.iter().zip(&bets).any(|(unit, bet)| {
            log_capital += (bet.min(cut) * payoff(*unit, bound, largest)).ln_1p();
            log_capital >= log_threshold
        })
    };
    // Just above -1 everything is refuted by a single item; at 1 nothing is.
    let lowest = -1.0 + 1e-9;
    Ok(if refuted(lowest) {
        last_true(lowest, 1.0, refuted)
    } else {
        -1.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::betting::{Horizon, NonInferiorityBet, certified_lower};

    fn flips(n: usize) -> Vec<f64> {
        let d = |i: usize| match i * 7919 % 33 {
            0 => -1.0,
            1 => 1.0,
            _ => 0.0,
        };
        (0..n).map(d).collect()
    }

    #[test]
    fn single_items_are_bet_on_as_before() {
        let d = flips(400);
        let mut units = GainBet::new(-0.05, 1, 0.05).unwrap();
        let mut items = NonInferiorityBet::new(0.05, 0.05).unwrap();
        for &x in &d {
            units.push(Unit::item(x)).unwrap();
            items.push(x).unwrap();
            assert!((units.log_e_value() - items.log_e_value()).abs() < 1e-9);
        }
        let all: Vec<Unit> = d.iter().map(|&x| Unit::item(x)).collect();
        let bound = units_lower(&all, 1, 0.05).unwrap();
        let known = certified_lower(&d, 0.05, Horizon::Anytime).unwrap();
        assert!((bound - known).abs() < 1e-9, "{bound} {known}");
    }

    #[test]
    fn inversion_and_process_agree_for_clusters() {
        let unit = |i: u32| Unit {
            sum: if i.is_multiple_of(9) { -1.0 } else { 0.25 },
            count: 1 + i % 4,
        };
        let units: Vec<Unit> = (0..600).map(unit).collect();
        let bound = units_lower(&units, 4, 0.05).unwrap();
        for (at, expected) in [(bound - 1e-6, true), (bound + 1e-6, false)] {
            let mut bet = GainBet::new(at, 4, 0.05).unwrap();
            units.iter().for_each(|u| {
                bet.push(*u).unwrap();
            });
            assert_eq!(bet.log_peak() >= 20f64.ln(), expected, "{at} {bound}");
        }
    }

    #[test]
    fn no_push_gains_more_than_promised() {
        let mut bet = GainBet::new(-0.05, 3, 0.05).unwrap();
        for i in 0..200u32 {
            let count = 1 + i % 3;
            let before = bet.log_e_value();
            let unit = Unit {
                sum: f64::from(count) * if i % 5 == 0 { -0.5 } else { 1.0 },
                count,
            };
            bet.push(unit).unwrap();
            assert!(bet.log_e_value() - before <= bet.most_gain(count) + 1e-12);
        }
    }

    #[test]
    fn units_out_of_range_are_refused() {
        let mut bet = GainBet::new(-0.05, 2, 0.05).unwrap();
        for bad in [
            Unit { sum: 0.0, count: 0 },
            Unit { sum: 0.0, count: 3 },
            Unit { sum: 1.5, count: 1 },
            Unit {
                sum: f64::NAN,
                count: 1,
            },
        ] {
            assert!(bet.push(bad).is_err(), "{bad:?}");
        }
        assert_eq!((bet.pushed(), bet.log_e_value()), (0, 0.0));
        assert!(GainBet::new(-1.0, 1, 0.05).is_err());
    }
}
