//! A foreign text file, with what is needed to name the line of a problem.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{DataError, DataErrorKind};

/// A whole text file in memory with its path.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// Reads a UTF-8 file; a byte-order mark is dropped.
    pub(crate) fn open(path: PathBuf, hint: &str) -> Result<Self, DataError> {
        let mut text = fs::read_to_string(&path)
            .map_err(|e| DataError::file(&path, e).with_hint(hint.to_owned()))?;
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Ok(Self { path, text })
    }

    /// A source of text that is already in memory.
    #[cfg(test)]
    pub(crate) fn of_text(path: &str, text: &str) -> Self {
        Self {
            path: path.into(),
            text: text.to_owned(),
        }
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Lines that are not blank, numbered from 1. Splits at `\n` alone: JSON strings may hold
    /// other Unicode line separators unescaped.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (u64, &str)> {
        (1u64..)
            .zip(self.text.split('\n'))
            .filter(|(_, line)| !line.trim().is_empty())
    }

    /// An error about a line of this file.
    pub(crate) fn error(&self, line: u64, kind: DataErrorKind) -> DataError {
        DataError::line(&self.path, line, kind)
    }

    /// An error about a value at a line of this file.
    pub(crate) fn invalid(&self, line: u64, what: impl Into<String>) -> DataError {
        self.error(line, DataErrorKind::Invalid(what.into()))
    }

    /// Parses JSON that starts at a line of this file.
    pub(crate) fn json<'a, T: Deserialize<'a>>(
        &self,
        line: u64,
        json: &'a str,
    ) -> Result<T, DataError> {
        serde_json::from_str(json).map_err(|e| {
            let at = line + (e.line() as u64).saturating_sub(1);
            let hint = json_hint(json, &e);
            self.error(at, DataErrorKind::Json(e.to_string()))
                .with_hint(hint)
        })
    }

    /// The elements of a JSON array that is this whole file, each with its line.
    pub(crate) fn json_rows(&self) -> Result<Vec<(u64, &str)>, DataError> {
        let rows: Vec<&RawValue> = self.json(1, &self.text)?;
        Ok(self.place(&rows))
    }

    /// The line of each raw value; the values are parts of this text, in its order.
    pub(crate) fn place<'a>(&self, rows: &[&'a RawValue]) -> Vec<(u64, &'a str)> {
        let start = self.text.as_ptr() as usize;
        let (mut line, mut passed) = (1u64, 0usize);
        rows.iter()
            .map(|row| {
                let offset = (row.get().as_ptr() as usize).saturating_sub(start);
                let between = self.text.as_bytes().get(passed..offset).unwrap_or(&[]);
                line += between.iter().filter(|&&b| b == b'\n').count() as u64;
                passed = passed.max(offset);
                (line, row.get())
            })
            .collect()
    }
}

/// What to do about invalid JSON: Python writes `NaN`, which JSON does not have.
fn json_hint(json: &str, error: &serde_json::Error) -> &'static str {
    let line = json.lines().nth(error.line().saturating_sub(1));
    let nan = ["NaN", "Infinity"];
    if line.is_some_and(|l| nan.iter().any(|word| l.contains(word))) {
        "JSON has no NaN: write null for a missing score"
    } else if error.is_eof() {
        "the file ends too early: fetch or export it again"
    } else {
        "compare the line with the format that this importer documents"
    }
}

/// Files of a directory with an extension, sorted by name.
pub(crate) fn files_with(dir: &Path, extension: &str) -> Result<Vec<PathBuf>, DataError> {
    let mut files = entries(dir)?;
    files.retain(|path| path.is_file() && path.extension().is_some_and(|e| e == extension));
    Ok(files)
}

/// Directories inside a directory, sorted by name.
pub(crate) fn directories(dir: &Path) -> Result<Vec<PathBuf>, DataError> {
    let mut found = entries(dir)?;
    found.retain(|path| path.is_dir());
    Ok(found)
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>, DataError> {
    let at = |e| DataError::file(dir, DataErrorKind::Io(e)).with_hint("give an existing directory");
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(at)? {
        found.push(entry.map_err(at)?.path());
    }
    found.sort();
    Ok(found)
}

/// The last part of a path as text, for labels; the whole path where there is none.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// The last part of a path without its extension.
pub(crate) fn stem_of(path: &Path) -> String {
    path.file_stem()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_rows_know_their_lines() {
        let source = Source::of_text("x.json", "[\n {\"a\": 1},\n\n {\"a\":\n 2}\n]");
        let rows = source.json_rows().unwrap();
        let lines: Vec<u64> = rows.iter().map(|r| r.0).collect();
        assert_eq!(lines, [2, 4]);
    }

    #[test]
    fn an_error_inside_a_row_names_the_line_of_the_file() {
        let source = Source::of_text("x.json", "[\n {\"a\":\n \"no\"}\n]");
        let rows = source.json_rows().unwrap();
        let error = source
            .json::<std::collections::BTreeMap<String, f64>>(rows[0].0, rows[0].1)
            .unwrap_err();
        assert!(error.to_string().starts_with("x.json:3:"), "{error}");
    }

    #[test]
    fn nan_and_truncation_have_their_own_hints() {
        let nan = Source::of_text("x.json", "[{\"a\": NaN}]");
        let hint = nan.json_rows().unwrap_err();
        assert!(hint.hint().unwrap().contains("no NaN"), "{hint:?}");
        let cut = Source::of_text("x.json", "[{\"a\": 1");
        assert!(
            cut.json_rows()
                .unwrap_err()
                .hint()
                .unwrap()
                .contains("too early")
        );
    }

    #[test]
    fn only_newlines_separate_lines() {
        let source = Source::of_text("x.jsonl", "a\u{2028}b\n\n c\r\n");
        let lines: Vec<_> = source.lines().collect();
        assert_eq!(lines, [(1, "a\u{2028}b"), (3, " c\r")]);
    }
}
