//! The binary as a user runs it: live on the embedded fleet, replayed, killed, resumed, misused.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends at the first thing that is not as it should be, and says why it is skipped"
)]

mod action;
mod bad_input;
mod calibrate;
mod ci_outputs;
mod compare;
mod doctor;
#[cfg(feature = "kernels")]
mod kernels;
mod leaderboard;
mod live;
mod measuring;
mod plan;
mod policy;
mod replay;
mod schemas;
mod sequential;
mod slices;
mod support;
