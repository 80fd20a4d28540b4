//! Shrinkage of slice estimates for display and ranking only.
//!
//! It cures the winner's curse of "the worst slice", but hides a single truly bad slice: never gate on
//! a shrunken value.

mod beta_binomial;
mod normal;

pub use beta_binomial::{BetaPrior, beta_prior_likelihood, beta_prior_moments};
pub use normal::{RandomEffects, TauMethod, random_effects};
