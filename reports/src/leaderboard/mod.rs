//! All policies of a run against each other: simultaneous intervals of every paired difference, and
//! the ranks that the data leave open. See [`crate::stats::ranking`] for the method.
//!
//! A board is shown for runs with three or more policies; with two the comparison says it all.

mod axes;
mod board;
mod sentences;

use rayon::prelude::*;

use crate::compare::{Frame, LEVEL};
use crate::model::{BoardAxis, Leaderboard};

/// Fewest policies for a leaderboard.
const FEWEST: usize = 3;

/// The boards of a run, by quality, cost and RouterArena's trade-off score.
///
/// `None` with fewer than three policies. Each board holds at 95 % by itself. Unscored and missing
/// trials have no score and no place in a pair; failed ones score 0 and keep their cost.
pub fn of(frame: &Frame<'_>) -> Option<Leaderboard> {
    if frame.table.arms().len() < FEWEST {
        return None;
    }
    let costs = axes::costs(frame);
    let boards = [BoardAxis::Quality, BoardAxis::Cost, BoardAxis::TradeOff]
        .into_par_iter()
        .filter_map(|axis| board::board(frame, axis, &costs))
        .collect();
    Some(Leaderboard {
        level: LEVEL,
        boards,
    })
}
