//! The binary as a user runs it: live on the embedded fleet, replayed, killed, resumed, misused.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends at the first thing that is not as it should be, and says why it is skipped"
)]

mod bad_input;
mod doctor;
mod live;
mod replay;
mod support;
