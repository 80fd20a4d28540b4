//! The server over real sockets.

mod client;
mod faults;
mod protocol;
mod timing;
