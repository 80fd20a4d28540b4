//! Reading and writing the record file.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Header, Record, SCHEMA_VERSION};

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Line {
    /// The first line.
    Header(Box<Header>),
    /// Every other line.
    Record(Record),
}

/// A whole file.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// Its header.
    pub header: Header,
    /// Its records in file order.
    pub records: Vec<Record>,
}

/// Why a record file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be opened or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line number from 1.
        line: usize,
        /// Column from 1, in bytes.
        column: usize,
        /// What is wrong, and what to do.
        message: String,
    },
}

/// Appends one line.
///
/// # Errors
/// When the destination cannot be written.
pub fn write_line(out: &mut dyn Write, line: &Line) -> io::Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    out.write_all(text.as_bytes())
}

/// Reads a file: see [`parse`].
///
/// # Errors
/// When the file cannot be read, or as [`parse`].
pub fn read(path: &Path) -> Result<Log, LogError> {
    let text = std::fs::read_to_string(path).map_err(|source| LogError::Io {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &text)
}

/// Takes a file's text apart; `path` is for errors. Further header lines (peer files appended to ours)
/// are accepted if their schema is the same; the first one counts.
///
/// # Errors
/// When there is no header, another schema, or a malformed line.
pub fn parse(path: &Path, text: &str) -> Result<Log, LogError> {
    let bad = |line: usize, column: usize, message: String| LogError::Line {
        path: path.to_owned(),
        line,
        column,
        message,
    };
    let mut header = None;
    let mut records = Vec::new();
    let lines = text.lines().enumerate();
    for (i, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
        match line(text).map_err(|(column, message)| bad(i + 1, column, message))? {
            Line::Header(found) => {
                header.get_or_insert(*found);
            }
            Line::Record(record) if header.is_some() => records.push(record),
            Line::Record(_) => {
                let message = "a record before the header; is this the whole file?";
                return Err(bad(i + 1, 1, message.to_owned()));
            }
        }
    }
    let header = header.ok_or_else(|| {
        let message = "no header line; is this a file of `weighbridge kernels run`?";
        bad(1, 1, message.to_owned())
    })?;
    Ok(Log { header, records })
}

/// One line; the error has a column from 1.
fn line(text: &str) -> Result<Line, (usize, String)> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|e| {
        let cut = match e.is_eof() {
            true => ": the line is cut short; was the run interrupted?",
            false => "; is this a file of `weighbridge kernels run`?",
        };
        (e.column().max(1), format!("{}{cut}", plain(&e)))
    })?;
    // Before its other fields, which another schema may have changed.
    let header = value.get("header");
    if let Some(schema) = header.and_then(|h| h.get("schema"))
        && *schema != SCHEMA_VERSION
    {
        let writer = header.and_then(|h| h.get("writer")?.as_str());
        let message = format!(
            "schema {schema} is not {SCHEMA_VERSION}; use the version that wrote it ({})",
            writer.unwrap_or("it does not say which")
        );
        return Err((1, message));
    }
    // From the text again: a value has no columns.
    serde_json::from_str(text).map_err(|e| {
        let line = "; is this a line of `weighbridge kernels run`?";
        (e.column().max(1), format!("{}{line}", plain(&e)))
    })
}

/// The parser's message without its own place: every line is its line 1.
fn plain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = text.rfind(" at line ");
    place.map_or(text.as_str(), |at| &text[..at]).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::Gpu;
    use crate::record::{Grid, Host, Outcome, SkipReason};

    fn header() -> Header {
        Header {
            schema: SCHEMA_VERSION,
            writer: "test 0".to_owned(),
            seed: 1,
            grid: Grid::Quick,
            host: Host::detect(),
            gpu: Gpu::Skipped(SkipReason::NoDriverLibrary),
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.jsonl");
        let record = Record::ours(
            "G1",
            vec![("b", 16.into())],
            Outcome::Skipped(SkipReason::NoDriverLibrary),
        );
        let mut bytes = Vec::new();
        write_line(&mut bytes, &Line::Header(Box::new(header()))).unwrap();
        write_line(&mut bytes, &Line::Record(record.clone())).unwrap();
        std::fs::write(&path, bytes).unwrap();
        let log = read(&path).unwrap();
        assert_eq!(log.header, header());
        assert_eq!(log.records, [record]);
    }

    #[test]
    fn a_bad_line_is_named_by_number() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.jsonl");
        let good = serde_json::to_string(&Line::Header(Box::new(header()))).unwrap();
        std::fs::write(&path, format!("{good}\n{{\"recrod\":{{}}}}\n")).unwrap();
        let message = read(&path).unwrap_err().to_string();
        assert!(
            message.contains("r.jsonl:2:9: unknown variant"),
            "{message}"
        );
        std::fs::write(&path, "").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("no header"));
    }

    #[test]
    fn what_was_cut_short_or_written_by_another_version_is_told_so() {
        let good = serde_json::to_string(&Line::Header(Box::new(header()))).unwrap();
        let said = |text: &str| parse(Path::new("r"), text).unwrap_err().to_string();
        let cut = said(&good[..good.len() - 9]);
        assert!(
            cut.starts_with("r:1:") && cut.contains("cut short"),
            "{cut}"
        );
        // Another schema may lack any field but its number.
        let other = said("{\"header\":{\"schema\":2,\"writer\":\"later 9\"}}");
        assert!(
            other.contains("schema 2 is not 1") && other.contains("later 9"),
            "{other}"
        );
        let record = said(
            "{\"record\":{\"bench\":\"C1\",\"by\":\"x\",\"config\":{},\"outcome\":{\"skipped\":\"no_device\"}}}",
        );
        assert!(record.contains("before the header"), "{record}");
    }
}
