//! A report before it has a format.

use super::Table;

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Title.
    pub title: String,
    /// Content in order.
    pub blocks: Vec<Block>,
}

/// A piece of a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// A table.
    Table(Table),
    /// A drawing (SVG that was drawn here) and what it says in words.
    Chart {
        /// SVG element.
        svg: String,
        /// In words.
        caption: String,
    },
    /// Something to paste, verbatim.
    Code(String),
}
