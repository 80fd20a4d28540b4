//! The verdict: PASS, BLOCK, INCONCLUSIVE, or an invalid run.
//!
//! Three tiers of slices and two error rates. The overall score and every critical slice must be
//! proven non-inferior (an intersection-union claim at `alpha_pass` each). Every guarded slice can
//! block through the family-wise screen (a union claim at `alpha_block`). Exploratory slices are
//! shown only. What is neither proven nor blocked is inconclusive and says what would decide it.

mod claims;
mod client;
mod coverage;
mod exit;
mod quality;
mod rates;
mod saving;
mod verdict;
mod words;

pub use exit::exit;
pub use verdict::judge;

pub(crate) use client::client_claim;
pub(crate) use verdict::judge_claims;
pub(crate) use words::{confidence, count, flips, percent, points, points_up};
