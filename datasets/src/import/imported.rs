//! What an importer hands over, and our own directory format.

use std::fs;
use std::path::Path;

use super::source::{Source, stem_of};
use crate::{DataError, DataErrorKind, Dataset, Manifest, OutcomeStore};

const MANIFEST: &str = "dataset.json";
const SAMPLES: &str = "samples.jsonl";
const OUTCOMES: &str = "outcomes.jsonl";

/// A dataset with the answers that were recorded for it.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The samples; what the importer noticed is in the findings of the manifest.
    pub dataset: Dataset,
    /// One recorded answer per (sample, model); every sample named here is in `dataset`.
    pub outcomes: OutcomeStore,
}

impl Imported {
    /// Writes `dataset.json`, `samples.jsonl` and `outcomes.jsonl`; makes the directory.
    ///
    /// # Errors
    /// When the directory or a file cannot be written.
    pub fn write(&self, dir: &Path) -> Result<(), DataError> {
        fs::create_dir_all(dir).map_err(|e| DataError::file(dir, e))?;
        let path = dir.join(MANIFEST);
        let manifest = serde_json::to_string_pretty(self.dataset.manifest())
            .map_err(|e| DataError::file(&path, DataErrorKind::Json(e.to_string())))?;
        fs::write(&path, manifest + "\n").map_err(|e| DataError::file(&path, e))?;
        self.dataset.write(&dir.join(SAMPLES))?;
        self.outcomes.write(&dir.join(OUTCOMES))
    }

    /// Reads a directory as [`write`](Self::write) makes it. Only `samples.jsonl` is required:
    /// without `dataset.json` the dataset is named after the directory, and without
    /// `outcomes.jsonl` nothing is recorded yet.
    ///
    /// # Errors
    /// Names file and line of what is malformed, and the first outcome whose sample is unknown.
    pub fn read(dir: &Path) -> Result<Self, DataError> {
        let samples = dir.join(SAMPLES);
        if !samples.is_file() {
            let kind = DataErrorKind::Io(std::io::ErrorKind::NotFound.into());
            return Err(DataError::file(&samples, kind).with_hint(
                "a dataset directory holds samples.jsonl, and may hold dataset.json and outcomes.jsonl",
            ));
        }
        let dataset = Dataset::read(&samples, manifest(dir)?)?;
        let path = dir.join(OUTCOMES);
        let outcomes = if path.is_file() {
            OutcomeStore::read(&path)?
        } else {
            OutcomeStore::new()
        };
        let stranger = outcomes.iter().find(|o| dataset.get(&o.sample).is_none());
        if let Some(outcome) = stranger {
            let what = format!("outcome of unknown sample `{}`", outcome.sample);
            return Err(DataError::file(&path, DataErrorKind::Invalid(what))
                .with_hint("every sample of outcomes.jsonl must be in samples.jsonl"));
        }
        Ok(Self { dataset, outcomes })
    }
}

fn manifest(dir: &Path) -> Result<Manifest, DataError> {
    let path = dir.join(MANIFEST);
    if !path.is_file() {
        return Ok(Manifest {
            name: stem_of(dir),
            ..Manifest::default()
        });
    }
    let source = Source::open(path, "dataset.json must be readable UTF-8")?;
    source.json(1, source.text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Outcome, Sample, Score, Target};

    fn imported() -> Imported {
        let sample = Sample::of_prompt("a", "q", Target::Recorded { chance: Some(0.5) });
        let manifest = Manifest {
            name: "tiny".to_owned(),
            ..Manifest::default()
        };
        let mut outcomes = OutcomeStore::new();
        outcomes.push(Outcome::scored("a", "m", Score::Value(1.0)));
        Imported {
            dataset: Dataset::new(manifest, vec![sample], Path::new("x")).unwrap(),
            outcomes,
        }
    }

    #[test]
    fn a_written_directory_reads_back() {
        let dir = tempfile::tempdir().unwrap();
        let before = imported();
        before.write(dir.path()).unwrap();
        let after = Imported::read(dir.path()).unwrap();
        assert_eq!(before.dataset.manifest(), after.dataset.manifest());
        assert_eq!(before.dataset.fingerprint(), after.dataset.fingerprint());
        assert!(before.outcomes.iter().eq(after.outcomes.iter()));
    }

    #[test]
    fn an_outcome_of_an_unknown_sample_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let mut broken = imported();
        let stray = Outcome::scored("b", "m", Score::Value(1.0));
        broken.outcomes.push(stray);
        broken.write(dir.path()).unwrap();
        let error = Imported::read(dir.path()).unwrap_err();
        assert!(error.to_string().contains("unknown sample `b`"), "{error}");
    }

    #[test]
    fn an_empty_directory_says_what_belongs_there() {
        let dir = tempfile::tempdir().unwrap();
        let error = Imported::read(dir.path()).unwrap_err();
        assert!(error.to_string().contains("samples.jsonl"), "{error}");
        assert!(error.hint().unwrap().contains("outcomes.jsonl"));
    }

    #[test]
    fn a_malformed_manifest_names_its_line() {
        let dir = tempfile::tempdir().unwrap();
        imported().write(dir.path()).unwrap();
        std::fs::write(dir.path().join(MANIFEST), "{\n\"nmae\": \"x\"}").unwrap();
        let error = Imported::read(dir.path()).unwrap_err();
        assert!(
            error.to_string().contains("dataset.json:2: invalid JSON"),
            "{error}"
        );
    }
}
