//! Backends, wire codecs, executor, scorers, replay.
//!
//! A policy is passive; this crate walks it. [`replay`] walks policies over recorded outcomes,
//! exactly and without a clock.

mod prices;
pub mod replay;
pub mod scorers;
mod walk;

pub use prices::PriceBook;
pub use replay::{Batch, ModelCoverage, NamedPolicy, Replay, ReplayError};
pub use scorers::score;
pub use walk::STEP_LIMIT;
