//! The gate on hand-made runs with known verdicts.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that is not as it should be"
)]

mod build;
mod characteristics;
mod invariance;
mod sections;
mod verdicts;
