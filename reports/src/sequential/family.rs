//! Questions that are decided together, so that the family-wise error holds.

use super::bet::Bet;
use crate::stats::multiplicity::e_closure;

/// Decides the bets of a family by closed testing with averages at error rate `alpha`. What was
/// decided once stays so.
pub(super) fn decide<'a>(bets: impl Iterator<Item = &'a mut Bet>, alpha: f64) {
    let threshold = (1.0 / alpha).ln();
    let mut bets: Vec<&mut Bet> = bets.collect();
    let log_e: Vec<f64> = bets.iter().map(|bet| bet.log_e()).collect();
    // No average with others is larger than the value itself.
    let mut open = bets.iter().zip(&log_e).filter(|(bet, _)| !bet.decided);
    if open.all(|(_, e)| *e < threshold) {
        return;
    }
    for (bet, adjusted) in bets.iter_mut().zip(e_closure(&log_e)) {
        bet.decided |= adjusted >= threshold;
    }
}
