//! Scripted misbehaviour, deterministic by seed and request content, by request count, or in a
//! window of time.

mod kind;
mod rule;
mod script;

pub use kind::Fault;
pub use rule::{FaultRule, Share};
pub use script::{Asking, FaultScript};
