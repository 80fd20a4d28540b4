//! The experiment file: as written, with positions, and resolved.
//!
//! Read in two passes. The first parses TOML and keeps the position of every value; the second hands
//! each `[[policy]]` table, whose `kind` is known by then, to that kind's own structure. An error
//! anywhere therefore points at its own line and column, also in the third policy of a list.

mod arrivals;
mod backend;
mod engine;
mod error;
mod fault;
mod fault_recorded;
mod gate;
mod load;
mod models;
mod parse;
mod policy;
mod position;
mod prefix;
mod resolve;
#[cfg(feature = "schema")]
pub(crate) mod schema;
mod slices;
mod written;

pub(crate) use backend::{BackendWritten, ExplicitCacheWritten};
pub(crate) use engine::{EngineWritten, LayoutWritten};
pub(crate) use error::{ConfigError, nearest};
pub(crate) use gate::{GateFile, Names};
pub(crate) use load::Load;
pub(crate) use parse::{Source, parse};
pub(crate) use prefix::{NonceRule, PrefixRule};

pub(crate) use policy::{FitRule, PolicyWritten, Spans};
pub(crate) use resolve::{Experiment, Overrides, load};
pub(crate) use written::{ControlsWritten, ModelWritten, RunWritten, Written};
