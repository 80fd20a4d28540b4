//! Renderers: pure functions from a [`crate::model::Report`] to text.
//!
//! They only format: nothing is decided here, and the same report gives the same bytes. Every text
//! in a report comes from data and is taken for hostile.

mod error;
mod escape;
mod headline;
mod html;
mod number;
mod svg;
mod table;
mod words;

pub use error::RenderError;
pub use html::html;
