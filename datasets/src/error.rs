//! What can be wrong with data, and where.

use std::fmt;
use std::path::{Path, PathBuf};

/// A problem with a data file. Displays as `path:line: what is wrong` and carries a separate hint.
#[derive(Debug, thiserror::Error)]
pub struct DataError {
    path: PathBuf,
    line: Option<u64>,
    kind: DataErrorKind,
    hint: Option<String>,
}

/// The kinds of data problem, each with the offending text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataErrorKind {
    /// The file cannot be read or written.
    #[error("cannot access the file: {0}")]
    Io(#[from] std::io::Error),
    /// A line is not valid JSON, or lacks a key.
    #[error("invalid JSON: {0}")]
    Json(String),
    /// A CSV record is malformed.
    #[error("invalid CSV: {0}")]
    Csv(String),
    /// A column or key that the format requires is absent.
    #[error("missing column `{0}`")]
    MissingColumn(String),
    /// A value is present but not acceptable.
    #[error("{0}")]
    Invalid(String),
    /// The file holds no sample at all.
    #[error("no samples found")]
    Empty,
    /// Two samples carry the same identifier.
    #[error("duplicate sample id `{0}`")]
    DuplicateId(String),
}

impl DataError {
    /// An error about a whole file.
    pub fn file(path: impl AsRef<Path>, kind: impl Into<DataErrorKind>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            line: None,
            kind: kind.into(),
            hint: None,
        }
    }

    /// An error at a line (1-based) of a file.
    pub fn line(path: impl AsRef<Path>, line: u64, kind: impl Into<DataErrorKind>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            line: Some(line),
            kind: kind.into(),
            hint: None,
        }
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What the user can do, without a trailing period.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The kind, for callers that react to it.
    pub fn kind(&self) -> &DataErrorKind {
        &self.kind
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.kind)
    }
}
