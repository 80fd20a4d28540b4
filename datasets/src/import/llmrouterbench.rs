//! LLMRouterBench's record files, one per dataset, split and model.
//!
//! Source: `ynulihao/LLMRouterBench`. Files lie at
//! `results/bench/<dataset>/<split>/<model>/<timestamp>.json` and hold
//! `{performance, …, records: [{index, origin_query, prompt, prediction, ground_truth, score,
//! prompt_tokens, completion_tokens, cost, raw_output}]}`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::source::{Source, directories, files_with, name_of};
use super::{Imported, prompts};
use crate::health::{Finding, FindingKind, Severity};
use crate::{
    DataError, DataErrorKind, Dataset, Manifest, Outcome, OutcomeStore, Sample, Score, Target,
};
use crate::{TokenSource, Usage};

/// Reads all datasets, splits and models below `DIR/results/bench`, `DIR/bench` or `DIR`, in order
/// of name; of several timestamps the last in order of name is taken.
///
/// The identifier is `<dataset>-<split>-<index>`; the label `task` is the dataset; the prompt is
/// `origin_query`, which all models share and which routers see. Where it differs between models,
/// the first is kept and a finding counts the rows.
///
/// # Errors
/// Names the file and line of malformed JSON, a missing key, a score outside `[0, 1]`, or a cost
/// that is not 0 or more.
pub fn read(dir: &Path) -> Result<Imported, DataError> {
    let places = [dir.join("results/bench"), dir.join("bench")];
    let root = places.into_iter().find(|p| p.is_dir());
    let root = root.unwrap_or_else(|| dir.to_owned());
    let mut reader = Reader::default();
    for dataset in directories(&root)? {
        for split in directories(&dataset)? {
            for model in directories(&split)? {
                reader.model(&name_of(&dataset), &name_of(&split), &model)?;
            }
        }
    }
    let mut findings = reader.findings();
    findings.extend(prompts::repeated(&reader.samples));
    let manifest = Manifest {
        name: "llmrouterbench".to_owned(),
        source: "ynulihao/LLMRouterBench, record files".to_owned(),
        licence: String::new(),
        findings,
    };
    let dataset = Dataset::new(manifest, reader.samples, &root)
        .map_err(|e| e.with_hint("record files lie at <dataset>/<split>/<model>/<time>.json"))?;
    Ok(Imported {
        dataset,
        outcomes: reader.outcomes,
    })
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Record {
    index: u64,
    origin_query: String,
    score: Option<f64>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    cost: Option<f64>,
    raw_output: Option<serde_json::Value>,
}

#[derive(Default)]
struct Reader {
    samples: Vec<Sample>,
    positions: HashMap<String, usize>,
    outcomes: OutcomeStore,
    superseded: u64,
    differing: u64,
    missing: u64,
}

impl Reader {
    fn model(&mut self, dataset: &str, split: &str, dir: &Path) -> Result<(), DataError> {
        let mut files = files_with(dir, "json")?;
        let Some(newest) = files.pop() else {
            return Err(
                DataError::file(dir, DataErrorKind::Empty).with_hint(format!(
                    "the model `{}` has no record file: remove the folder or fetch it again",
                    name_of(dir)
                )),
            );
        };
        self.superseded += files.len() as u64;
        self.file(dataset, split, &name_of(dir), newest)
    }

    fn file(
        &mut self,
        dataset: &str,
        split: &str,
        model: &str,
        path: PathBuf,
    ) -> Result<(), DataError> {
        let source = Source::open(path, "record files are JSON in UTF-8")?;
        let file: File<'_> = source.json(1, source.text())?;
        for (line, json) in source.place(&file.records) {
            let record: Record = source.json(line, json)?;
            let id = format!("{dataset}-{split}-{:05}", record.index);
            let outcome = self.outcome(&id, model, &record).map_err(|what| {
                source
                    .invalid(line, what)
                    .with_hint("scores are in [0, 1], costs are dollars of 0 or more")
            })?;
            self.outcomes.push(outcome);
            self.sample(id, dataset, split, record.origin_query);
        }
        Ok(())
    }

    fn outcome(&mut self, id: &str, model: &str, record: &Record) -> Result<Outcome, String> {
        let score = match record.score {
            Some(value) if (0.0..=1.0).contains(&value) => Score::Value(value),
            Some(value) => return Err(format!("score {value}")),
            None => {
                self.missing += 1;
                Score::Unscored("score is null".to_owned())
            }
        };
        if record.cost.is_some_and(|c| !c.is_finite() || c < 0.0) {
            return Err(format!("cost {:?}", record.cost));
        }
        let mut outcome = Outcome::scored(id, model, score);
        outcome.cost_usd = record.cost;
        outcome.usage = Some(Usage {
            input_tokens: record.prompt_tokens,
            output_tokens: record.completion_tokens,
            source: TokenSource::Recorded,
            ..Usage::default()
        });
        // Raw outputs are text, or lists of texts for tasks with several turns.
        outcome.answer = record.raw_output.as_ref().and_then(|raw| match raw {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        });
        Ok(outcome)
    }

    fn sample(&mut self, id: String, dataset: &str, split: &str, prompt: String) {
        if let Some(&position) = self.positions.get(&id) {
            self.differing += u64::from(self.samples[position].prompt() != prompt);
            return;
        }
        self.positions.insert(id.clone(), self.samples.len());
        let target = Target::Recorded { chance: None };
        let mut sample = Sample::of_prompt(id, prompt, target).with_label("task", dataset);
        sample.split = Some(split.to_owned());
        self.samples.push(sample);
    }

    fn findings(&self) -> Vec<Finding> {
        let each = [
            (
                FindingKind::DroppedRows,
                Severity::Note,
                self.superseded,
                "record files are older than another of the same model and were not read",
            ),
            (
                FindingKind::MissingScore,
                Severity::Warning,
                self.missing,
                "scores are null",
            ),
            (
                FindingKind::Inconsistent,
                Severity::Warning,
                self.differing,
                "records have another query than the first model of the same index",
            ),
        ];
        let found = each.into_iter().filter(|(_, _, n, _)| *n > 0);
        found
            .map(|(kind, severity, n, what)| Finding {
                kind,
                severity,
                model: None,
                slice: None,
                n,
                p: None,
                message: format!("{n} {what}"),
            })
            .collect()
    }
}
