//! The generated samples of the quick start: a test split and a split to fit routers on.
//!
//! Slices are unequal on purpose: the smallest holds 15 samples, too few for a verdict, and the
//! largest over 200.

mod build;
mod mix;
mod quality;

pub use build::{GeneratedTask, Quickstart, quickstart};
pub use mix::{MIX, SliceMix};
pub use quality::{QualityRow, quality};
