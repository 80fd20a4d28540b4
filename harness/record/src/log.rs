//! Writing a run log: append-only, resumable, torn lines mended.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::{RunHeader, RunReader, SampleLine, Trial};

/// Why a run log cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The file system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// A line is not what the format promises.
    #[error("{}:{line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// The folder holds the log of another experiment.
    #[error(
        "{} holds a run of another experiment (hash {found}, this one is {wanted})",
        path.display()
    )]
    OtherExperiment {
        /// The folder.
        path: PathBuf,
        /// Hash in the log.
        found: String,
        /// Hash of this experiment.
        wanted: String,
    },
}

impl LogError {
    pub(crate) fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn line(path: &Path, line: u64, problem: impl Into<String>) -> Self {
        Self::Line {
            path: path.to_owned(),
            line,
            problem: problem.into(),
        }
    }

    /// What the user can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "choose a folder that can be written with --out",
            Self::Line { .. } => "the log is damaged; keep it, and run again into another --out",
            Self::OtherExperiment { .. } => {
                "choose another --out, or give back the experiment file that this folder belongs to"
            }
        }
    }
}

/// A finished trial, as resuming needs it: sample, policy, repeat.
type TrialKey = (Arc<str>, Arc<str>, u32);

/// Appends trials to `run.jsonl` in a run directory.
pub struct RunWriter {
    path: PathBuf,
    out: BufWriter<File>,
    position: u64,
    each: bool,
    line: Vec<u8>,
}

impl RunWriter {
    /// Name of the log in a run directory.
    pub const LOG: &'static str = "run.jsonl";
    /// Name of the sample file in a run directory.
    pub const SAMPLES: &'static str = "samples.jsonl";

    /// Starts a new log, replacing an old one. Trials are buffered: for replays, which cost nothing.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be written.
    pub fn fresh(dir: &Path, header: &RunHeader, samples: &[SampleLine]) -> Result<Self, LogError> {
        std::fs::create_dir_all(dir).map_err(|e| LogError::io(dir, e))?;
        write_samples(&dir.join(Self::SAMPLES), samples)?;
        let path = dir.join(Self::LOG);
        let file = File::create(&path).map_err(|e| LogError::io(&path, e))?;
        let mut writer = Self::over(path, file, 0, false);
        writer.append_line(header)?;
        Ok(writer)
    }

    /// Continues the log of the same experiment, or starts one. Every trial reaches the operating
    /// system before this writer accepts the next, so that a killed process loses none.
    ///
    /// Returns the trials that are already finished. A last line without its newline was torn by a
    /// crash and is cut off.
    ///
    /// # Errors
    /// [`LogError::OtherExperiment`] when the folder belongs to another experiment.
    pub fn resume(
        dir: &Path,
        header: &RunHeader,
        samples: &[SampleLine],
    ) -> Result<(Self, Vec<Trial>), LogError> {
        let path = dir.join(Self::LOG);
        if !path.exists() {
            let mut writer = Self::fresh(dir, header, samples)?;
            writer.each = true;
            writer.flush()?;
            return Ok((writer, Vec::new()));
        }
        let mut reader = RunReader::open(dir)?;
        if reader.header().experiment_hash != header.experiment_hash {
            return Err(LogError::OtherExperiment {
                path: dir.to_owned(),
                found: reader.header().experiment_hash.clone(),
                wanted: header.experiment_hash.clone(),
            });
        }
        let mut seen = BTreeSet::<TrialKey>::new();
        let mut trials = Vec::new();
        while let Some(at) = reader.next_trial()? {
            let trial = at.trial;
            if seen.insert((trial.sample.clone(), trial.policy.clone(), trial.repeat)) {
                trials.push(trial);
            }
        }
        let end = reader.good_end();
        let mut file = OpenOptions::new()
            .write(true)
            .open(&path)
            .map_err(|e| LogError::io(&path, e))?;
        file.set_len(end).map_err(|e| LogError::io(&path, e))?;
        file.seek(SeekFrom::Start(end))
            .map_err(|e| LogError::io(&path, e))?;
        Ok((Self::over(path, file, end, true), trials))
    }

    fn over(path: PathBuf, file: File, position: u64, each: bool) -> Self {
        Self {
            path,
            out: BufWriter::with_capacity(1 << 20, file),
            position,
            each,
            line: Vec::with_capacity(4096),
        }
    }

    /// Appends one trial; returns where its line starts and its length without the newline.
    ///
    /// # Errors
    /// When the log cannot be written (a full disk, for example).
    pub fn append(&mut self, trial: &Trial) -> Result<(u64, u32), LogError> {
        self.append_line(trial)
    }

    /// Appends lines that were serialized elsewhere; each must end in a newline.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn append_serialized(&mut self, lines: &[u8]) -> Result<u64, LogError> {
        let start = self.position;
        self.out
            .write_all(lines)
            .map_err(|e| LogError::io(&self.path, e))?;
        self.position += lines.len() as u64;
        Ok(start)
    }

    fn append_line(&mut self, value: &impl serde::Serialize) -> Result<(u64, u32), LogError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value)
            .map_err(|e| LogError::io(&self.path, std::io::Error::other(e)))?;
        self.line.push(b'\n');
        let start = self.position;
        self.out
            .write_all(&self.line)
            .map_err(|e| LogError::io(&self.path, e))?;
        if self.each {
            self.out.flush().map_err(|e| LogError::io(&self.path, e))?;
        }
        self.position += self.line.len() as u64;
        Ok((start, self.line.len() as u32 - 1))
    }

    /// Hands everything to the operating system.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn flush(&mut self) -> Result<(), LogError> {
        self.out.flush().map_err(|e| LogError::io(&self.path, e))
    }

    /// Hands everything to the disk itself.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn sync(&mut self) -> Result<(), LogError> {
        self.flush()?;
        self.out
            .get_ref()
            .sync_data()
            .map_err(|e| LogError::io(&self.path, e))
    }
}

fn write_samples(path: &Path, samples: &[SampleLine]) -> Result<(), LogError> {
    let file = File::create(path).map_err(|e| LogError::io(path, e))?;
    let mut out = BufWriter::new(file);
    for sample in samples {
        serde_json::to_writer(&mut out, sample)
            .map_err(|e| LogError::io(path, std::io::Error::other(e)))?;
        out.write_all(b"\n").map_err(|e| LogError::io(path, e))?;
    }
    out.flush().map_err(|e| LogError::io(path, e))
}
