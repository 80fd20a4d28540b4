//! Reading and writing the record file.

use std::io::{self, BufRead, Write};
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
    #[error("{}:{line}: {message}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line number from 1.
        line: usize,
        /// What is wrong.
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

/// Reads a file. Further header lines (peer files appended to ours) are accepted if their schema is
/// the same; the first one counts.
///
/// # Errors
/// When the file cannot be read, has no header, another schema, or a malformed line.
pub fn read(path: &Path) -> Result<Log, LogError> {
    let io = |source| LogError::Io {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(io)?;
    let mut header = None;
    let mut records = Vec::new();
    for (i, text) in io::BufReader::new(file).lines().enumerate() {
        let text = text.map_err(io)?;
        let bad = |message: String| LogError::Line {
            path: path.to_owned(),
            line: i + 1,
            message,
        };
        if text.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(&text).map_err(|e| bad(e.to_string()))? {
            Line::Header(found) if found.schema != SCHEMA_VERSION => {
                return Err(bad(format!(
                    "schema {} is not {SCHEMA_VERSION}; use the version that wrote it ({})",
                    found.schema, found.writer
                )));
            }
            Line::Header(found) => {
                header.get_or_insert(*found);
            }
            Line::Record(record) => records.push(record),
        }
    }
    let header = header.ok_or_else(|| LogError::Line {
        path: path.to_owned(),
        line: 1,
        message: "no header line; is this a file of `weighbridge kernels run`?".to_owned(),
    })?;
    Ok(Log { header, records })
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
        assert!(message.contains("r.jsonl:2:"), "{message}");
        std::fs::write(&path, "").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("no header"));
    }
}
