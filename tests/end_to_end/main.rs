//! The binary as a user runs it: live on the embedded fleet, replayed, killed, resumed, misused.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends at the first thing that is not as it should be, and says why it is skipped"
)]

mod action;
mod arrivals;
mod bad_input;
mod calibrate;
mod canary;
mod certificate;
mod ci_outputs;
mod compare;
mod dialects;
mod doctor;
mod explicit_cache;
mod faults;
#[cfg(feature = "kernels")]
mod hit_costs;
#[cfg(feature = "kernels")]
mod kernels;
mod leaderboard;
mod live;
mod measuring;
mod network;
mod nothing_lost;
mod outage_recorded;
mod plan;
mod policy;
mod prefix;
mod replay;
mod schemas;
mod sequential;
mod slices;
mod support;
mod wire;
