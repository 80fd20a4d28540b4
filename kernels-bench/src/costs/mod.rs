//! What a hit costs on one machine: inputs of the model, each with its origin.
//!
//! Everything about the device comes from one kind of source: measured here if the records hold any
//! GPU measurement, presets otherwise. A mixture would look measured and be none.

mod break_even;
mod device;
mod link;
mod lookup;
mod path;

pub use break_even::{Saving, break_even};
pub use device::device;
pub use link::{host_link, onloads, pinned_methods};
pub use lookup::lookup;
pub use path::{Asked, HitPath, hit_path};

use crate::record::{Log, Oracle, Outcome, Record};

/// Why costs cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CostError {
    /// There is no such model preset.
    #[error("there is no model preset `{given}`; the presets are {known}")]
    UnknownShape {
        /// As written.
        given: String,
        /// Every name.
        known: String,
    },
    /// There is no such place to fetch from.
    #[error("nothing is known of hits from `{given}`; known are device, {known}")]
    UnknownTier {
        /// As written.
        given: String,
        /// Every name.
        known: String,
    },
    /// The records lack a measurement.
    #[error("the records hold no measured {bench} ({what})")]
    NotMeasured {
        /// Id of the benchmark that measures it.
        bench: &'static str,
        /// What is lacking.
        what: String,
    },
    /// The records measure the device, so that a preset would be a mixture.
    #[error(
        "the records measure this machine's GPU, so that {what} would mix measured and modelled"
    )]
    Mixture {
        /// What comes from elsewhere.
        what: String,
    },
    /// A key that only says something about a measured link.
    #[error("`{key}` has no effect: no link is measured in the records")]
    NoEffect {
        /// The key.
        key: &'static str,
    },
}

/// Measurements of our own of one benchmark whose result was right.
fn own<'a>(log: &'a Log, bench: &'a str) -> impl Iterator<Item = &'a Record> {
    log.records.iter().filter(move |r| {
        let right = |r: &Record| match &r.outcome {
            Outcome::Measured(m) => !matches!(m.oracle, Oracle::Failed(_)),
            _ => false,
        };
        r.bench == bench && r.by == "weighbridge" && right(r)
    })
}

/// True if any GPU benchmark was measured.
pub fn measures_a_gpu(log: &Log) -> bool {
    log.records
        .iter()
        .any(|r| r.bench.starts_with('G') && r.measured().is_some())
}

/// A number of a configuration.
fn number(record: &Record, axis: &str) -> Option<f64> {
    record.config.get(axis)?.as_f64()
}

/// A word of a configuration.
fn word<'a>(record: &'a Record, axis: &str) -> Option<&'a str> {
    record.config.get(axis)?.as_str()
}

#[cfg(test)]
mod tests;
