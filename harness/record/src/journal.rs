//! What calls cost, written down before they are made.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::{LogError, Trial};

/// `calls.jsonl` in a run directory: one line before each call with its worst case, one after it with
/// the correction. With the log it says what the log does not: what a killed or stopped run has paid
/// without a result, and what attempts of finished trials may have cost whose end nobody saw.
#[derive(Debug)]
pub struct CallJournal {
    path: PathBuf,
    file: Mutex<Writing>,
}

#[derive(Debug)]
struct Writing {
    /// Made by the first line: a run without a budget leaves no file.
    file: Option<File>,
    failure: Option<LogError>,
}

/// What was paid, at the worst, and is not in the log.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Unlogged {
    /// US dollars; calls whose end was never written count with their worst case.
    pub usd: f64,
    /// Calls made.
    pub calls: u64,
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    sample: std::borrow::Cow<'a, str>,
    policy: std::borrow::Cow<'a, str>,
    #[serde(default, skip_serializing_if = "crate::zero::is_zero")]
    repeat: u32,
    usd: f64,
    #[serde(default, skip_serializing_if = "crate::zero::is_zero")]
    calls: i64,
}

impl CallJournal {
    /// Name of the file in a run directory.
    pub const FILE: &'static str = "calls.jsonl";

    /// Opens the journal of a run directory; says what earlier parts paid that is not in the finished
    /// trials. A last line torn by a crash is cut off: its call was never made.
    ///
    /// # Errors
    /// When the file cannot be read, or a line is not of this format.
    pub fn resume(dir: &Path, done: &[Trial]) -> Result<(Self, Unlogged), LogError> {
        let path = dir.join(Self::FILE);
        let unlogged = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Unlogged::default(),
            Err(error) => return Err(LogError::io(&path, error)),
            Ok(bytes) => {
                let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
                if whole < bytes.len() {
                    let file = OpenOptions::new().write(true).open(&path);
                    let cut = file.and_then(|file| file.set_len(whole as u64));
                    cut.map_err(|e| LogError::io(&path, e))?;
                }
                unlogged(&path, &bytes[..whole], done)?
            }
        };
        let file = Mutex::new(Writing {
            file: None,
            failure: None,
        });
        Ok((Self { path, file }, unlogged))
    }

    /// Adds to the cost and the calls of a trial (sample, policy, repeat), and hands the line to the
    /// operating system. False when it cannot be written; the call must not be made then.
    pub fn note(&self, trial: (&str, &str, u32), usd: f64, calls: i64) -> bool {
        let (sample, policy, repeat) = trial;
        let line = Line {
            sample: sample.into(),
            policy: policy.into(),
            repeat,
            usd,
            calls,
        };
        let mut writing = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if writing.failure.is_some() {
            return false;
        }
        match self.write(&mut writing, &line) {
            Ok(()) => true,
            Err(error) => {
                writing.failure = Some(LogError::io(&self.path, error));
                false
            }
        }
    }

    fn write(&self, writing: &mut Writing, line: &Line<'_>) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        let file = match &mut writing.file {
            Some(file) => file,
            none => {
                let mut options = OpenOptions::new();
                none.insert(options.append(true).create(true).open(&self.path)?)
            }
        };
        // One write of an append-only file: a line is whole or the last one.
        file.write_all(&bytes)
    }

    /// Why a line could not be written, if one could not. Taken: a second call says nothing.
    pub fn failure(&self) -> Option<LogError> {
        let mut writing = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        writing.failure.take()
    }

    /// Removes the file: every trial is finished.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove(&self) -> Result<(), LogError> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(LogError::io(&self.path, error))
            }
            _ => Ok(()),
        }
    }
}

fn unlogged(path: &Path, bytes: &[u8], done: &[Trial]) -> Result<Unlogged, LogError> {
    let logged = |trial: &Trial| -> f64 { trial.attempts.iter().map(|a| a.cost.total_usd).sum() };
    let done: BTreeMap<(&str, &str, u32), f64> = done
        .iter()
        .map(|t| ((&*t.sample, &*t.policy, t.repeat), logged(t)))
        .collect();
    // Trial by trial, so that rounding in one cannot make a debt of another.
    let mut paid = BTreeMap::<(String, String, u32), (f64, i64)>::new();
    for (number, line) in (1u64..).zip(bytes.split(|b| *b == b'\n')) {
        if line.is_empty() {
            continue;
        }
        let line: Line<'_> = serde_json::from_slice(line)
            .map_err(|e| LogError::line(path, number, format!("not a call: {e}")))?;
        let key = (
            line.sample.into_owned(),
            line.policy.into_owned(),
            line.repeat,
        );
        let (usd, calls) = paid.entry(key).or_default();
        *usd += line.usd;
        *calls += line.calls;
    }
    let mut all = Unlogged::default();
    for ((sample, policy, repeat), (usd, calls)) in paid {
        match done.get(&(sample.as_str(), policy.as_str(), repeat)) {
            Some(logged) => all.usd += (usd - logged).max(0.0),
            None => {
                all.usd += usd.max(0.0);
                all.calls += u64::try_from(calls).unwrap_or(0);
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(sample: &str, usd: f64) -> Trial {
        let line = format!(
            r#"{{"sample":"{sample}","policy":"p","score":{{"value":1.0}},"cost_usd":{usd},
               "attempts":[{{"model":"m","cost":{{"total_usd":{usd}}}}}]}}"#
        );
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn what_is_not_finished_counts_with_its_worst_case() {
        let dir = tempfile::tempdir().unwrap();
        let (journal, nothing) = CallJournal::resume(dir.path(), &[]).unwrap();
        assert_eq!(nothing, Unlogged::default());
        assert!(!dir.path().join(CallJournal::FILE).exists());
        assert!(journal.note(("a", "p", 0), 0.5, 1));
        assert!(journal.note(("a", "p", 0), -0.4, 0));
        assert!(journal.note(("b", "p", 0), 0.25, 1));
        let (_, all) = CallJournal::resume(dir.path(), &[]).unwrap();
        assert!((all.usd - 0.35).abs() < 1e-12 && all.calls == 2, "{all:?}");
        // Finished, and its attempt has cost less than was paid at the worst.
        let (journal, rest) = CallJournal::resume(dir.path(), &[trial("a", 0.04)]).unwrap();
        assert!(
            (rest.usd - 0.31).abs() < 1e-12 && rest.calls == 1,
            "{rest:?}"
        );
        let (_, rest) = CallJournal::resume(dir.path(), &[trial("a", 0.2)]).unwrap();
        assert_eq!(rest.usd, 0.25);
        journal.remove().unwrap();
        journal.remove().unwrap();
        assert!(!dir.path().join(CallJournal::FILE).exists());
    }

    #[test]
    fn a_torn_line_is_a_call_that_was_never_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(CallJournal::FILE);
        let (journal, _) = CallJournal::resume(dir.path(), &[]).unwrap();
        assert!(journal.note(("a", "p", 0), 0.5, 1));
        let mut torn = std::fs::read(&path).unwrap();
        torn.extend_from_slice(b"{\"sample\":\"b\",\"po");
        std::fs::write(&path, torn).unwrap();
        let (journal, all) = CallJournal::resume(dir.path(), &[]).unwrap();
        assert_eq!(all.calls, 1);
        assert!(journal.note(("c", "p", 0), 0.5, 1));
        let (_, all) = CallJournal::resume(dir.path(), &[]).unwrap();
        assert_eq!((all.usd, all.calls), (1.0, 2));
        std::fs::write(&path, "{}\n").unwrap();
        let error = CallJournal::resume(dir.path(), &[])
            .unwrap_err()
            .to_string();
        assert!(error.contains("calls.jsonl:1: not a call"), "{error}");
    }
}
