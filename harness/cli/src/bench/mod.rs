//! Measuring the measuring client.
//!
//! Every measurement is a process of its own (a cell), so that its memory and processor time are its
//! own, against a null backend that is a process of its own too. A cell takes the whole path of a
//! live run: policy, request, stream, parsing, usage, price, score, log on disk.

pub(crate) mod cell;
mod figures;
pub(crate) mod open;
pub(crate) mod own;
mod server;
mod truth;
pub(crate) mod usage;
