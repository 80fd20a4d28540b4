//! The binary as a user runs it: live on the embedded fleet, replayed, killed, resumed, misused.

mod bad_input;
mod live;
mod replay;
mod support;
