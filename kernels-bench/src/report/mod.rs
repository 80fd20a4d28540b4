//! Comparison of two record files, and the report.

mod chart;
mod compare;
mod document;
mod html;
mod inputs;
mod markdown;
mod measured;
mod number;
mod predictions;
mod sections;
mod table;

pub use compare::{Pair, compare, differences};
pub use document::{Block, Document};
pub use html::html;
pub use inputs::{Inputs, inputs};
pub use markdown::markdown;
pub(crate) use number::{bytes, short};
pub use sections::document;
pub use table::{Cell, Column, Kind, Mixed, Table};
