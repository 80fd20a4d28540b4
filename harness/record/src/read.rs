//! Reading a run directory, one trial at a time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weighbridge_datasets::{Sample, SliceFacts};

use crate::{LogError, RunHeader, RunWriter, SCHEMA, Trial};

/// One judged sample, as reports need it: a line of `samples.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleLine {
    /// Sample id.
    pub id: Arc<str>,
    /// Labels by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Cluster, where the sample belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Expected score of a blind guess, where the task has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
    /// Characters over all messages.
    pub prompt_chars: u32,
    /// Beginning of the last user message, at most [`SampleLine::EXCERPT`] characters.
    pub prompt: String,
    /// What was expected, in a few words; absent where only recorded scores exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Hash of everything that is asked and held against the answer: all messages, the target, the
    /// output limit. Two runs judged the same sample when id and fingerprint agree. Absent in older
    /// logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

impl SampleLine {
    /// Longest prompt excerpt kept, in characters.
    pub const EXCERPT: usize = weighbridge_datasets::EXCERPT_CHARS;

    /// The line of a sample.
    pub fn of(sample: &Sample) -> Self {
        Self {
            id: sample.id.as_str().into(),
            labels: sample.labels.clone(),
            cluster: sample.cluster.clone(),
            chance: sample.target.chance(),
            prompt_chars: u32::try_from(sample.prompt_chars()).unwrap_or(u32::MAX),
            prompt: sample.prompt().chars().take(Self::EXCERPT).collect(),
            expected: expected(sample),
            fingerprint: Some(fingerprint(sample)),
        }
    }
}

/// xxh3-64 of the JSON form of messages, target and output limit, in hexadecimal. Labels, cluster
/// and split are left out: they say where a sample counts, not what it asks.
fn fingerprint(sample: &Sample) -> String {
    let content = (&sample.messages, &sample.target, sample.max_output_tokens);
    // A sample holds only strings and finite numbers, so that this cannot fail.
    let json = serde_json::to_vec(&content).unwrap_or_default();
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&json))
}

impl SliceFacts for SampleLine {
    fn labels(&self) -> &BTreeMap<String, String> {
        &self.labels
    }

    fn prompt_chars(&self) -> u64 {
        u64::from(self.prompt_chars)
    }

    fn excerpt(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.prompt)
    }
}

fn expected(sample: &Sample) -> Option<String> {
    use weighbridge_datasets::Target;
    match &sample.target {
        Target::Number { value, .. } => Some(value.to_string()),
        Target::Exact { answer, .. }
        | Target::Contains { answer }
        | Target::Choice { answer, .. }
        | Target::F1 { answer } => Some(answer.chars().take(SampleLine::EXCERPT).collect()),
        Target::Json { value } => Some(
            value
                .to_string()
                .chars()
                .take(SampleLine::EXCERPT)
                .collect(),
        ),
        Target::Regex { pattern } => Some(format!("matches {pattern}")),
        Target::Answered | Target::Recorded { .. } => None,
    }
}

/// A trial with the place of its line in the log.
#[derive(Debug, Clone)]
pub struct TrialAt {
    /// Byte offset of the line.
    pub offset: u64,
    /// Length of the line in bytes, without the newline.
    pub len: u32,
    /// The trial.
    pub trial: Trial,
}

/// Streams a run log. Memory use does not grow with the log.
pub struct RunReader {
    path: PathBuf,
    input: BufReader<File>,
    header: RunHeader,
    buffer: Vec<u8>,
    line: u64,
    position: u64,
    torn: bool,
}

impl RunReader {
    /// Opens the log in a run directory (or the log file itself) and reads its header.
    ///
    /// # Errors
    /// When there is no log, its first line is no header, or the schema is another version.
    pub fn open(dir: &Path) -> Result<Self, LogError> {
        let path = if dir.is_dir() {
            dir.join(RunWriter::LOG)
        } else {
            dir.to_owned()
        };
        let file = File::open(&path).map_err(|e| LogError::io(&path, e))?;
        let mut input = BufReader::with_capacity(1 << 20, file);
        let mut buffer = Vec::new();
        input
            .read_until(b'\n', &mut buffer)
            .map_err(|e| LogError::io(&path, e))?;
        let header: RunHeader = serde_json::from_slice(&buffer)
            .map_err(|e| LogError::line(&path, 1, format!("not a run header: {e}")))?;
        if header.schema != SCHEMA {
            let problem = format!(
                "schema {} is not supported, this build reads {SCHEMA}",
                header.schema
            );
            return Err(LogError::line(&path, 1, problem));
        }
        let position = buffer.len() as u64;
        Ok(Self {
            path,
            input,
            header,
            buffer,
            line: 1,
            position,
            torn: false,
        })
    }

    /// The header line.
    pub fn header(&self) -> &RunHeader {
        &self.header
    }

    /// Where the last complete line ends, in bytes.
    pub fn good_end(&self) -> u64 {
        self.position
    }

    /// Whether the log ended in a line torn by a crash. Known once all trials were read.
    pub fn is_torn(&self) -> bool {
        self.torn
    }

    /// The next trial; `None` at the end. A last line without a newline is left out.
    ///
    /// # Errors
    /// Names the line that is not a trial.
    pub fn next_trial(&mut self) -> Result<Option<TrialAt>, LogError> {
        self.buffer.clear();
        let read = self.input.read_until(b'\n', &mut self.buffer);
        let n = read.map_err(|e| LogError::io(&self.path, e))?;
        if n == 0 {
            return Ok(None);
        }
        if self.buffer.last() != Some(&b'\n') {
            self.torn = true;
            return Ok(None);
        }
        self.line += 1;
        let trial = serde_json::from_slice(&self.buffer)
            .map_err(|e| LogError::line(&self.path, self.line, format!("not a trial: {e}")))?;
        let offset = self.position;
        self.position += n as u64;
        Ok(Some(TrialAt {
            offset,
            len: n as u32 - 1,
            trial,
        }))
    }

    /// Reads single trials again by their place, for the few whose texts a report shows.
    ///
    /// # Errors
    /// When the log cannot be read, or the place is not the start of a trial.
    pub fn read_at(&mut self, offset: u64, len: u32) -> Result<Trial, LogError> {
        let file = self.input.get_mut();
        file.seek(SeekFrom::Start(offset))
            .map_err(|e| LogError::io(&self.path, e))?;
        self.buffer.resize(len as usize, 0);
        file.read_exact(&mut self.buffer)
            .map_err(|e| LogError::io(&self.path, e))?;
        serde_json::from_slice(&self.buffer)
            .map_err(|e| LogError::line(&self.path, 0, format!("no trial at byte {offset}: {e}")))
    }

    /// Reads `samples.jsonl` of a run directory.
    ///
    /// # Errors
    /// Names the line that is not a sample.
    pub fn samples(dir: &Path) -> Result<Vec<SampleLine>, LogError> {
        let folder = if dir.is_dir() {
            dir
        } else {
            dir.parent().unwrap_or(dir)
        };
        let path = folder.join(RunWriter::SAMPLES);
        let file = File::open(&path).map_err(|e| LogError::io(&path, e))?;
        let mut samples = Vec::new();
        for (number, line) in (1u64..).zip(BufReader::new(file).lines()) {
            let line = line.map_err(|e| LogError::io(&path, e))?;
            let sample = serde_json::from_str(&line)
                .map_err(|e| LogError::line(&path, number, format!("not a sample: {e}")))?;
            samples.push(sample);
        }
        Ok(samples)
    }
}
