//! Several columns of scores over the same items, compared all with all: simultaneous intervals of
//! every paired difference, and for each column the ranks that the data leave open.
//!
//! A rank set is `1 + columns shown to be better ..= k - columns shown to be worse` (Mohamad, Goeman
//! and van Zwet 2019; Klein, Wright and Wieczorek 2020). Where no direction is shown wrongly, which
//! holds with the simultaneous level, every true rank lies inside its set, ties included. Both the
//! intervals and the sets come from the same decisions: an interval leaves out 0 exactly where a
//! difference is shown.
//!
//! * [`compare_all`] compares; [`AllPairs`] holds the result.
//! * A pair with at least 30 differing clusters is *dense*: Tango's score interval with the design
//!   effect of clusters for binary scores, CR2 t for graded ones, both at one critical value that is
//!   calibrated over all dense pairs together ([`critical_value`]).
//! * Any other pair is *sparse* and gets the Bonferroni share of the error rate; it is shown only if
//!   the exact sign test over clusters agrees. Without a flip nothing is shown, ever, and the
//!   interval has the width that Tango's score gives to no flips.

mod all_pairs;
mod bits;
mod columns;
mod critical;
mod pair;
mod sets;

pub use all_pairs::{AllPairs, PairwiseDifference, compare_all};
pub use columns::Scale;
pub use critical::critical_value;
pub use sets::{RankSet, rank_sets, tied_runs};
