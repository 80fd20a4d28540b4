//! The formats of traces, by name.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::{TraceRow, azure, burstgpt, mooncake};
use crate::DataError;
use crate::import::Source;

/// A format of traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceFormat {
    /// JSONL with block hashes.
    Mooncake,
    /// CSV with sessions in later releases.
    BurstGpt,
    /// CSV with dates.
    Azure,
}

impl TraceFormat {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::Mooncake, Self::BurstGpt, Self::Azure];

    /// The name used on the command line and in configuration files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mooncake => "mooncake",
            Self::BurstGpt => "burstgpt",
            Self::Azure => "azure",
        }
    }
}

impl fmt::Display for TraceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for TraceFormat {
    type Err = String;

    /// Fails with a fragment that lists the known names.
    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("unknown trace format `{name}`: use one of {names}")
        })
    }
}

/// Reads a trace, in order of time, the first request at 0 seconds.
///
/// # Errors
/// Names the file, the line and what is wrong there.
pub fn read(format: TraceFormat, path: &Path) -> Result<Vec<TraceRow>, DataError> {
    let source = Source::open(path.to_owned(), "a trace is one file of UTF-8 text")?;
    match format {
        TraceFormat::Mooncake => mooncake::rows(&source),
        TraceFormat::BurstGpt => burstgpt::rows(&source),
        TraceFormat::Azure => azure::rows(&source),
    }
}
