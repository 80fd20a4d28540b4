//! What is written to disk: one header line, then one record per line (JSONL), versioned.

mod file;
mod header;
mod outcome;
#[cfg(feature = "schema")]
mod schema;
mod skip;

pub use file::{Line, Log, LogError, parse, read, write_line};
pub use header::{Grid, Header, Host};
pub use outcome::{
    CacheState, Ceiling, CopyTimes, Measured, Modelled, Oracle, Origin, Outcome, Record, Timing,
    Work,
};
#[cfg(feature = "schema")]
pub use schema::schema;
pub use skip::SkipReason;

/// Version of the record file; grows when a reader of the old one would misread the new one.
pub const SCHEMA_VERSION: u32 = 1;
