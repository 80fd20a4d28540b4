//! Renderers: pure functions from a [`crate::model::Report`] to text.
//!
//! They only format: nothing is decided here, and the same report gives the same bytes. Every text
//! in a report comes from data and is taken for hostile.

mod boards;
mod discovery;
mod error;
mod escape;
mod files;
mod github;
mod gitlab;
mod headline;
mod hit_costs;
mod html;
mod json;
mod junit;
mod markdown;
mod number;
mod reliability;
mod run_diff;
mod sequential;
mod svg;
mod table;
mod terminal;
mod words;

pub use discovery::{DISCOVERY_SCHEMA, discovery_json, discovery_text, slices_patch};
pub use error::RenderError;
pub use files::write_all;
pub use github::github_summary;
pub use gitlab::gitlab_code_quality;
pub use html::html;
#[cfg(feature = "schema")]
pub use json::verdict_schema;
pub use json::{VERDICT_SCHEMA, report_json, verdict_json};
pub use junit::junit;
pub use markdown::{MARKER, markdown};
pub use terminal::{Colour, terminal};

pub(crate) use escape::terminal as plain;
