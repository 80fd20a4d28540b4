//! Exact replay of policies over recorded outcomes: no clock, no network, no random choice.
//!
//! Trials come in a fixed order (sample, then policy, then repeat) whatever the number of threads.

mod batch;
mod coverage;
mod error;
mod fault;
mod row;
mod run;
mod trial;

pub use batch::Batch;
pub use coverage::ModelCoverage;
pub use error::ReplayError;
pub use fault::{FaultSchedule, RecordedFault, RecordedFaultRule};
pub use run::{NamedPolicy, Replay};
