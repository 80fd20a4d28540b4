//! The file of all attempts at judging changes.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::{ChangeAttempt, LogError};

/// `attempts.jsonl` in a folder beside the runs: append-only, one [`ChangeAttempt`] a line. A later
/// line of the same change and attempt replaces an earlier one (started, interrupted, finished).
#[derive(Debug, Clone)]
pub struct AttemptLedger {
    path: PathBuf,
}

impl AttemptLedger {
    /// Name of the file.
    pub const FILE: &'static str = "attempts.jsonl";

    /// The ledger in a folder; nothing is read or written yet.
    pub fn in_folder(dir: &Path) -> Self {
        Self {
            path: dir.join(Self::FILE),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Attempts at a change by number, each as its last line says. No file means no attempt.
    ///
    /// # Errors
    /// Names the line that is no attempt. A last line torn by a crash is left out.
    pub fn attempts(&self, change: &str) -> Result<Vec<ChangeAttempt>, LogError> {
        let mut attempts = BTreeMap::new();
        for attempt in self.lines()? {
            if attempt.change == change {
                attempts.insert(attempt.attempt, attempt);
            }
        }
        Ok(attempts.into_values().collect())
    }

    fn lines(&self) -> Result<Vec<ChangeAttempt>, LogError> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(LogError::io(&self.path, error)),
        };
        let mut lines = Vec::new();
        for (number, line) in (1u64..).zip(text.split_inclusive('\n')) {
            if line.trim().is_empty() {
                continue;
            }
            match serde_json::from_str(line.trim_end()) {
                Ok(attempt) => lines.push(attempt),
                // Torn lines stand alone: the next append begins a new one.
                Err(error) if error.is_eof() => {}
                Err(error) => {
                    let problem = format!("not an attempt: {error}");
                    return Err(LogError::line(&self.path, number, problem));
                }
            }
        }
        Ok(lines)
    }

    /// Makes sure that a line can be appended, without writing one.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn check_writable(&self) -> Result<(), LogError> {
        self.open().map(drop)
    }

    /// Appends one line and hands it to the operating system.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&self, attempt: &ChangeAttempt) -> Result<(), LogError> {
        let fail = |error| LogError::io(&self.path, error);
        let torn = std::fs::read(&self.path).is_ok_and(|b| b.last().is_some_and(|c| *c != b'\n'));
        let mut line = if torn { vec![b'\n'] } else { Vec::new() };
        serde_json::to_writer(&mut line, attempt).map_err(|e| fail(std::io::Error::other(e)))?;
        line.push(b'\n');
        // One write of an append-only file, so that two runs do not mix their lines.
        self.open()?.write_all(&line).map_err(fail)
    }

    fn open(&self) -> Result<std::fs::File, LogError> {
        if let Some(dir) = self.path.parent() {
            std::fs::create_dir_all(dir).map_err(|e| LogError::io(dir, e))?;
        }
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(&self.path);
        file.map_err(|e| LogError::io(&self.path, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JudgedBy, Mode};

    fn attempt(change: &str, number: u32, outcome: Option<&str>) -> ChangeAttempt {
        ChangeAttempt {
            schema: ChangeAttempt::SCHEMA,
            change: change.to_owned(),
            attempt: number,
            evidence: format!("data {number}"),
            method: JudgedBy::Sequential,
            mode: Mode::Live,
            started_unix_ms: Some(1),
            run: None,
            round: 1,
            from_block: 0,
            to_block: 7,
            samples_used: 7,
            cost_usd: 0.5,
            outcome: outcome.map(str::to_owned),
            candidates: Vec::new(),
        }
    }

    #[test]
    fn the_last_line_of_an_attempt_counts_and_changes_are_kept_apart() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = AttemptLedger::in_folder(&dir.path().join("ledger"));
        assert!(ledger.attempts("a").unwrap().is_empty());
        for line in [
            attempt("a", 1, None),
            attempt("b", 1, Some("pass")),
            attempt("a", 1, Some("block")),
            attempt("a", 2, None),
        ] {
            ledger.append(&line).unwrap();
        }
        let found = ledger.attempts("a").unwrap();
        assert_eq!(
            found,
            [attempt("a", 1, Some("block")), attempt("a", 2, None)]
        );
    }

    #[test]
    fn a_torn_line_costs_only_itself_and_nonsense_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = AttemptLedger::in_folder(dir.path());
        ledger.append(&attempt("a", 1, None)).unwrap();
        let mut text = std::fs::read_to_string(ledger.path()).unwrap();
        text += "{\"schema\":1,\"chan";
        std::fs::write(ledger.path(), &text).unwrap();
        ledger.append(&attempt("a", 2, None)).unwrap();
        assert_eq!(ledger.attempts("a").unwrap().len(), 2);
        std::fs::write(ledger.path(), "{}\n").unwrap();
        let error = ledger.attempts("a").unwrap_err().to_string();
        assert!(error.contains("attempts.jsonl:1"), "{error}");
    }
}
