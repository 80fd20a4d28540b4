//! A named, ordered set of samples.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::health::Finding;
use crate::sample::SampleLine;
use crate::{DataError, DataErrorKind, Sample};

/// What is known about a dataset beside its samples: `dataset.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Manifest {
    /// Short name.
    pub name: String,
    /// Where it comes from.
    pub source: String,
    /// Licence of the data, as an SPDX expression where there is one.
    pub licence: String,
    /// What the importer noticed: dropped rows, judge failures, duplicates.
    pub findings: Vec<Finding>,
}

/// A named, ordered set of samples. Never empty; identifiers are unique.
#[derive(Debug, Clone)]
pub struct Dataset {
    manifest: Manifest,
    samples: Vec<Sample>,
    positions: BTreeMap<String, usize>,
    // Every policy's identity holds it; the samples never change, so it is computed once.
    fingerprint: OnceLock<String>,
}

impl Dataset {
    /// Makes a dataset of samples that are already in memory.
    ///
    /// # Errors
    /// When there is no sample, or an identifier comes twice; `origin` is named in the error.
    pub fn new(manifest: Manifest, samples: Vec<Sample>, origin: &Path) -> Result<Self, DataError> {
        if samples.is_empty() {
            return Err(DataError::file(origin, DataErrorKind::Empty)
                .with_hint("a dataset needs at least one sample"));
        }
        let mut positions = BTreeMap::new();
        for (position, sample) in samples.iter().enumerate() {
            if positions.insert(sample.id.clone(), position).is_some() {
                return Err(DataError::line(
                    origin,
                    position as u64 + 1,
                    DataErrorKind::DuplicateId(sample.id.clone()),
                )
                .with_hint("runs are matched by sample id: give each sample its own"));
            }
        }
        Ok(Self {
            manifest,
            samples,
            positions,
            fingerprint: OnceLock::new(),
        })
    }

    /// Reads a JSONL file of samples.
    ///
    /// # Errors
    /// Names the file, the line and what is wrong with it.
    pub fn read(path: &Path, manifest: Manifest) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|e| DataError::file(path, e))?;
        let mut samples = Vec::new();
        let mut seen = BTreeSet::new();
        for (number, line) in (1u64..).zip(BufReader::new(file).lines()) {
            let line = line.map_err(|e| DataError::line(path, number, e))?;
            if line.trim().is_empty() {
                continue;
            }
            let sample = parse_line(&line).map_err(|kind| {
                DataError::line(path, number, kind).with_hint(
                    "a sample is {\"id\", \"prompt\" or \"messages\", \"target\": {\"kind\", …}, \"labels\"}",
                )
            })?;
            if !seen.insert(sample.id.clone()) {
                return Err(
                    DataError::line(path, number, DataErrorKind::DuplicateId(sample.id))
                        .with_hint("runs are matched by sample id: give each sample its own"),
                );
            }
            samples.push(sample);
        }
        Self::new(manifest, samples, path)
    }

    /// Writes the samples as JSONL.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), DataError> {
        let file = File::create(path).map_err(|e| DataError::file(path, e))?;
        let mut out = BufWriter::new(file);
        for sample in &self.samples {
            serde_json::to_writer(&mut out, sample)
                .map_err(|e| DataError::file(path, DataErrorKind::Json(e.to_string())))?;
            out.write_all(b"\n").map_err(|e| DataError::file(path, e))?;
        }
        out.flush().map_err(|e| DataError::file(path, e))
    }

    /// What is known about the dataset.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The samples in file order.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// A sample by id.
    pub fn get(&self, id: &str) -> Option<&Sample> {
        self.positions.get(id).map(|&i| &self.samples[i])
    }

    /// The samples of one split, as a dataset of its own.
    ///
    /// # Errors
    /// When the split has no sample; the error lists the splits that exist.
    pub fn split(&self, name: &str, origin: &Path) -> Result<Self, DataError> {
        let chosen: Vec<_> = self
            .samples
            .iter()
            .filter(|s| s.split.as_deref() == Some(name))
            .cloned()
            .collect();
        if chosen.is_empty() {
            let known: BTreeSet<_> = self
                .samples
                .iter()
                .filter_map(|s| s.split.as_deref())
                .collect();
            return Err(DataError::file(
                origin,
                DataErrorKind::Invalid(format!("no sample is in split `{name}`")),
            )
            .with_hint(format!("the splits in this file are {known:?}")));
        }
        Self::new(self.manifest.clone(), chosen, origin)
    }

    /// Content fingerprint: XXH3-128 over the canonical JSONL form, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        self.fingerprint.get_or_init(|| self.hashed()).clone()
    }

    fn hashed(&self) -> String {
        let mut hash = Xxh3::new();
        for sample in &self.samples {
            // A sample holds only strings and finite numbers, so that this cannot fail.
            hash.update(&serde_json::to_vec(sample).unwrap_or_default());
            hash.update(b"\n");
        }
        format!("{:032x}", hash.digest128())
    }
}

fn parse_line(line: &str) -> Result<Sample, DataErrorKind> {
    let written: SampleLine =
        serde_json::from_str(line).map_err(|e| DataErrorKind::Json(e.to_string()))?;
    written.into_sample().map_err(DataErrorKind::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Dataset, DataError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("samples.jsonl");
        std::fs::write(&path, text).unwrap();
        Dataset::read(&path, Manifest::default())
    }

    const GOOD: &str = r#"{"id":"a","prompt":"1+1","target":{"kind":"number","value":2}}"#;

    #[test]
    fn a_truncated_line_is_named() {
        let error = read(&format!("{GOOD}\n{}", &GOOD[..30])).unwrap_err();
        assert!(
            error.to_string().contains("samples.jsonl:2: invalid JSON"),
            "{error}"
        );
        assert!(error.hint().is_some());
    }

    #[test]
    fn an_answer_outside_the_choices_is_named() {
        let line = r#"{"id":"b","prompt":"q","target":{"kind":"choice","answer":"E","choices":["A","B"]}}"#;
        let error = read(line).unwrap_err();
        assert!(
            error.to_string().contains("`E` is not one of the choices"),
            "{error}"
        );
    }

    #[test]
    fn empty_and_duplicate_files_are_refused() {
        assert!(matches!(
            read("\n").unwrap_err().kind(),
            DataErrorKind::Empty
        ));
        let twice = format!("{GOOD}\n{GOOD}\n");
        assert!(
            read(&twice)
                .unwrap_err()
                .to_string()
                .contains(":2: duplicate sample id `a`")
        );
    }

    #[test]
    fn the_written_form_reads_back_to_the_same_fingerprint() {
        let dataset = read(GOOD).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("again.jsonl");
        dataset.write(&path).unwrap();
        let again = Dataset::read(&path, Manifest::default()).unwrap();
        assert_eq!(dataset.fingerprint(), again.fingerprint());
    }
}
