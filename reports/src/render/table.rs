//! A table as data, for every format.

use serde::Serialize;

/// What a cell means; its text says the same, so that colour is never the only sign.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tone {
    /// No meaning.
    #[default]
    Plain,
    /// Proven or better.
    Good,
    /// Shown to be worse.
    Bad,
    /// Cannot be told.
    Unsure,
    /// Less important.
    Mute,
}

/// A heading.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Column {
    /// Text.
    pub(crate) head: String,
    /// Whether cells are numbers, set flush right.
    pub(crate) numeric: bool,
}

/// A cell.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Cell {
    /// Text.
    pub(crate) text: String,
    /// Meaning.
    pub(crate) tone: Tone,
}

impl Cell {
    /// A cell with a meaning.
    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            tone: Tone::Plain,
        }
    }
}

/// A table. The first cell of a row names the row.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Table {
    /// What it shows, one line.
    pub(crate) caption: String,
    /// Headings.
    pub(crate) columns: Vec<Column>,
    /// Rows of as many cells as there are headings.
    pub(crate) rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table. A heading that starts with `#` is that of a column of numbers.
    pub(crate) fn new(caption: impl Into<String>, heads: &[&str]) -> Self {
        let columns = heads
            .iter()
            .map(|head| Column {
                head: head.trim_start_matches('#').to_owned(),
                numeric: head.starts_with('#'),
            })
            .collect();
        Self {
            caption: caption.into(),
            columns,
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: Vec<Cell>) {
        debug_assert_eq!(row.len(), self.columns.len(), "{}", self.caption);
        self.rows.push(row);
    }
}
