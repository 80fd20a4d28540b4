//! The sequential gate: samples one by one, a look after each, and a stop as soon as nothing is open.
//!
//! # What makes it valid
//!
//! * **Order.** Blocks (clusters, or samples without one) are visited in an order fixed by a hash of
//!   their names and a fingerprint of the samples: see [`visiting`]. A block is used when all its
//!   trials are in the log and every block before it was used. Completion order, concurrency and
//!   threads cannot matter.
//! * **Units.** A block is one observation, the mean difference of its samples. The claims are so about
//!   the mean over clusters, each weighing the same; where the effect does not go with the size of a
//!   cluster that is the mean over samples. A proof about the mean over samples without that
//!   condition would have to guard against one cluster of the largest size losing everything, and
//!   would need about as many times more samples as that cluster has. Points shown are means over
//!   samples.
//! * **Bets.** Every question is an e-process: a capital that grows only by luck while its hypothesis
//!   holds, so that the chance of it *ever* reaching `1/alpha` is at most `alpha` (Ville). One may
//!   look after every sample and stop at will. See [`crate::stats::betting`].
//! * **Unknowns.** An unjudged trial enters a proof of "not worse" as a loss and a proof of "worse" as
//!   a gain; a failed candidate scores 0; a failed baseline counts as right where a loss is to be
//!   excluded.
//! * **PASS** needs every required question decided at `alpha_pass` each (intersection-union), and no
//!   guarded slice that is seen beyond its margin, leans to a loss and still has samples to come: it
//!   gets them first. Waiting for it can only turn a PASS into a BLOCK.
//!   **BLOCK** needs a loss shown family-wise over all slices that gate, and seen beyond the margin;
//!   or a critical slice shown to lose more than its margin. The family rate is halved between the
//!   two ways, and each is decided by closed testing with averages of e-values, which holds at all
//!   looks together.
//! * **Futility** is arithmetic: a candidate is given up when even gains in all remaining samples could
//!   not prove a required question. Giving up early can only lose a PASS, never make a false one.
//!
//! # Attempts at the same change
//!
//! The claims are about the traffic that the samples stand for. E-values of *disjoint* samples
//! multiply, so an attempt that stopped early is continued by the next one on the samples it did not
//! use, and decisions stay: a repetition of a decided change spends nothing. E-values of the *same*
//! samples are dependent even if every answer is drawn anew (fresh answers renew the noise of the
//! answers, not the choice of the samples), and must not be multiplied; their average is an e-value,
//! but not one that may be looked at after each attempt. So when all samples are used up, a further
//! round starts from nothing with halved error rates: round `k` errs at `alpha / 2^(k-1)`, and all
//! rounds together at `2 alpha`, however many there are and whatever their dependence. A replay of the
//! same recorded outcomes is the same attempt.

mod bet;
mod candidate;
mod family;
mod intervals;
mod judge;
mod layout;
mod methods;
mod order;
mod process;
mod saving;
mod settle;
mod summary;
mod values;
mod verdict;
pub(crate) mod words;

pub use order::visiting;
pub use process::{Monitor, Process};
pub use settle::settle;

/// Note of the client, kept with a live run: why the budget ended it, where it did.
pub const BUDGET_NOTE: &str = "sequential.budget";

pub(crate) use judge::{Judgement, judge};
pub(crate) use methods::notes;
