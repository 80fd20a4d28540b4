//! All policies of a run against each other.

use serde::{Deserialize, Serialize};
use weighbridge_record::PolicyRole;

/// What a board ranks by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoardAxis {
    /// Mean score; more is better.
    Quality,
    /// US dollars per 1,000 requests; less is better.
    Cost,
    /// RouterArena's score of both; more is better.
    TradeOff,
}

/// A paired difference with simultaneous limits, in the unit of its board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoardDifference {
    /// The point.
    pub point: f64,
    /// Lower limit; absent where the data give none.
    pub lower: Option<f64>,
    /// Upper limit; absent where the data give none.
    pub upper: Option<f64>,
}

/// One policy on a board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoardRow {
    /// Policy name.
    pub policy: String,
    /// Its role in the experiment.
    pub role: PolicyRole,
    /// Samples that count.
    pub n: u64,
    /// Mean, in the unit of the board; 0 without samples.
    pub point: f64,
    /// Best rank that the data leave open, 1 the first.
    pub best_rank: u64,
    /// Worst rank that the data leave open.
    pub worst_rank: u64,
    /// Minus the policy in the first row, over the samples of both; absent in the first row.
    pub to_first: Option<BoardDifference>,
}

/// Two policies on a board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoardPair {
    /// One policy.
    pub first: String,
    /// The other one.
    pub second: String,
    /// First minus second.
    pub difference: BoardDifference,
    /// The policy that is shown to be better, where one is.
    pub better: Option<String>,
}

/// All policies ranked by one axis. Every limit, decision and rank set of a board holds together at
/// its level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Board {
    /// What it ranks by.
    pub axis: BoardAxis,
    /// Policies, best point first.
    pub rows: Vec<BoardRow>,
    /// What can and what cannot be told apart, in words.
    pub sentences: Vec<String>,
    /// Every pair, in the order of the rows; empty with more than 50 policies.
    pub pairs: Vec<BoardPair>,
    /// Two-sided critical value of the pairs, in standard normal units.
    pub critical: f64,
    /// How limits and decisions were made.
    pub method: String,
}

/// Boards of a run with three or more policies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leaderboard {
    /// Simultaneous confidence level of each board.
    pub level: f64,
    /// One board for each axis.
    pub boards: Vec<Board>,
}
