//! The server over real sockets.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

mod client;
mod faults;
mod formats;
mod protocol;
mod timing;
