//! Self-test of the gate by injected losses.
//!
//! A gate that is never seen to block is decoration. The test asks, on the samples, slices and
//! clusters of one run: if the candidate lost exactly this much, how often would the gate say so?
//!
//! **Where nothing changed.** Baseline and candidate are made one and the same policy by exchange:
//! for each cluster a fair coin decides which arm gets which of the two scores of its samples. Both
//! arms then have the same expected score `(b + c) / 2` on each sample, so the true difference is
//! exactly 0, overall and in every slice. As many samples differ as in the run, each as likely to be
//! better as to be worse: the flip rate is the run's own, and so is the way flips go together within
//! a cluster. A loss that the run itself shows is not in this base.
//!
//! **A known loss.** Each answer of the candidate in the target slice is spoiled (its score becomes
//! 0: a right answer turns wrong) independently, with the probability `p = loss / mean((b + c) / 2)`
//! over the target. The expected score of the candidate there is `(1 - p)` of what it was, so that
//! the true loss of the target is exactly `loss`. The samples stay as they are; what varies from
//! trial to trial is which arm got which score and which answers are spoiled.
//!
//! **The gate.** Every trial goes through the same steps as a run: evidence by slice, the
//! family-wise screen, the claims, the verdict; only the joint sign flips of the screen are fewer
//! ([`FLIPS`]), with which it blocks slightly less often. Claims on latency, errors and saving are
//! left out, since scores do not move them, while the error rates stay split as the policy says.
//! Unjudged trials keep counting at their worst.

mod base;
mod candidate;
mod conclude;
mod run;
mod text;

pub use candidate::{CandidateTest, Row, TargetTest};
pub use run::{Options, SelfTest, SelfTestError, selftest};

/// Joint sign flips of the screen in one trial.
pub const FLIPS: u32 = 1_000;
