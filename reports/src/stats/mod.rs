//! Pure numerics: values in, estimates out. No I/O, no clock, no global state.
//!
//! Conventions used throughout:
//!
//! * `d = candidate - baseline` for one item, in score units; a *gain* is `d > 0`, a *loss* `d < 0`.
//! * Non-inferiority at margin `m > 0` tests the null hypothesis `mean(d) <= -m`; a small p-value
//!   proves that the loss is smaller than the margin.
//! * `alpha` is an error rate in the open interval (0, 1); `level` is a confidence, `1 - alpha`.
//! * Random numbers come from ChaCha8 with an explicit seed, so results are the same bytes at every
//!   thread count.
//! * A missing bound is `None`, never a made-up number: see [`Bounds`].

pub mod betting;
pub mod bootstrap;
pub mod clustered;
pub mod dirichlet;
mod error;
pub mod hull;
mod interval;
pub mod judge;
pub mod multiplicity;
pub mod ope;
pub mod paired;
pub mod permutation;
pub mod planning;
pub mod proportion;
pub mod quantile;
pub mod rank;
pub mod ranking;
pub mod ratio;
mod root;
pub mod shrinkage;
pub mod slo;
pub mod special;
pub mod spending;
pub mod westfall_young;

pub use error::StatsError;
pub use interval::{Bounds, Interval};
