//! Every backend of the table against the embedded fleet, over a socket, feature by feature.
//!
//! `table` says which backend has what; a feature that a wire does not have must be found absent.
//! The same table is written to `tests/backends.md`.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

mod answers;
mod asking;
mod beside;
mod caches;
mod errors;
mod feature;
mod firsts;
mod matrix;
mod row;
mod table;
