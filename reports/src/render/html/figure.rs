//! A picture with its table twin.

use minijinja::Value;
use serde::Serialize;

use crate::render::table::Table;

/// A picture in both widths, with the table that says the same.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// The SVG elements; written by this program, so not escaped again.
    pub(crate) svg: Value,
    /// How to read it.
    pub(crate) caption: String,
    /// The same in numbers.
    pub(crate) table: Table,
    /// Whether the table is folded.
    pub(crate) folded: bool,
}

impl Figure {
    /// Draws both widths.
    pub(crate) fn new(
        draw: impl Fn(crate::render::svg::Width) -> String,
        caption: impl Into<String>,
        table: Table,
    ) -> Self {
        use crate::render::svg::Width;
        let svg = draw(Width::Wide) + &draw(Width::Narrow);
        Self {
            svg: Value::from_safe_string(svg),
            caption: caption.into(),
            table,
            folded: true,
        }
    }
}
