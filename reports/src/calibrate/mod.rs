//! The gate measured: does it block what it must, and how much noise does it stand on?
//!
//! [`selftest`] injects a known loss into the scores of a run and lets the gate judge many times.
//! [`aa`] takes the same policy twice and measures how much differs where nothing changed.

pub mod aa;
pub mod selftest;

mod draw;
mod share;

pub use share::Share;

use draw::{Coins, stream};
