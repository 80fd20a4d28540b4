//! The binary as a user runs it: live on the embedded fleet, replayed, killed, resumed, misused.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends at the first thing that is not as it should be, and says why it is skipped"
)]

mod action;
mod bad_input;
mod ci_outputs;
mod leaderboard;
mod live;
mod replay;
mod slices;
mod support;
