//! Two runs as one paired run: last night's policy against today's.
//!
//! Samples are matched by id and content, trials of one policy of each run are written into a new
//! run directory whose header carries how they were joined, and everything downstream (compare,
//! gate, report) reads that directory like any other. A is the baseline, B the candidate.
//!
//! What cannot be compared is excluded and counted, never guessed: samples of one run only, samples
//! whose content changed. What differs in other ways is handled in one stated way: the smaller
//! number of repeats counts, slices and clusters are those of B, calls of A are priced by the price
//! book of B, and times are dropped where one run is live and the other a replay.

mod choose;
mod diff;
mod error;
mod header;
mod prices;
mod samples;
mod settings;
mod side;
mod write;

pub use choose::Names;
pub use error::JoinError;
pub use write::join;

pub(crate) use diff::diff;

#[cfg(test)]
pub(crate) use header::tests as header_tests;
