//! Rank tests and the shifts that belong to them. They describe: the pseudo-median they estimate is
//! not the mean that costs money.

mod mann_whitney;
mod order;
mod signed_rank;

pub use mann_whitney::{MannWhitney, mann_whitney};
pub use signed_rank::{LogRatio, SignedRank, SignedRankShift, paired_log_ratio, signed_rank};
