//! The sequential gate: its error rates under peeking, its stops, its carried evidence.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that is not as it should be"
)]

mod attempts;
mod build;
mod stops;
mod validity;
