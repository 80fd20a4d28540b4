//! Limits of a backend: requests and tokens per minute, calls at once, pauses that the server asks
//! for, and a breaker. One [`Limiter`] stands before everything that is called with one key at one
//! address, however many models that is.

mod breaker;
mod bucket;
mod facts;
mod limiter;
mod quota;
mod rules;
mod window;

pub use breaker::BreakerRule;
pub use facts::LimitFacts;
pub(super) use limiter::{Limiter, Permit, Refusal};
pub use rules::{BackendLimits, Limits};
