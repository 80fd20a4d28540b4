//! Readers of foreign formats, one file each.
//!
//! Every importer turns a directory as its project publishes it into our own [`Dataset`] and
//! [`OutcomeStore`]. What it repaired, dropped or could not read as a score is told in the findings
//! of the manifest; what it cannot make sense of is an error that names file and line.
//!
//! [`Dataset`]: crate::Dataset
//! [`OutcomeStore`]: crate::OutcomeStore

mod evals;
mod format;
mod imported;
pub mod llmrouter;
pub mod llmrouterbench;
mod prompts;
pub mod routellm;
pub mod routellm_mtbench;
pub mod routerarena;
pub mod routerbench;
mod source;
mod table;

pub use format::{Format, UnknownFormat, import};
pub use imported::Imported;

pub(crate) use source::Source;
pub(crate) use table::Table;
