//! RouteLLM's GSM8K and MMLU answers of a weak and a strong model.
//!
//! Source: `lm-sys/RouteLLM` (Apache-2.0). One CSV row per prompt with one boolean column per
//! model (Python's `True` and `False`); the GSM8K file also keeps the answers in columns
//! `<model>_response`. Prompts on the shipped lists of contaminated prompts are dropped, as the
//! published figures do.

use std::path::Path;

use csv::StringRecord;

use super::Imported;
use super::evals::{Contaminated, dropped, folder};
use super::source::{Source, files_with, stem_of};
use super::table::Table;
use super::{evals, prompts};
use crate::{
    DataError, DataErrorKind, Dataset, Manifest, Outcome, OutcomeStore, Sample, Score, Target,
    Usage,
};

/// Suffix of the columns that hold answers.
const RESPONSE: &str = "_response";

/// Reads `gsm8k/gsm8k_responses.csv`. Identifiers are `gsm8k-<row>`, counted from 1 over all
/// rows, so that they do not depend on what is dropped. Answers are kept; tokens are estimated from
/// characters.
///
/// # Errors
/// Names the file and line of a missing column or a cell that is not `True` or `False`.
pub fn gsm8k(dir: &Path) -> Result<Imported, DataError> {
    let folder = folder(dir, "gsm8k")?;
    let mut reader = PairReader::new(Contaminated::read(&folder)?);
    let source = Source::open(
        folder.join("gsm8k_responses.csv"),
        "this file holds the answers of both models",
    )?;
    reader.read(&source, Rows::Gsm8k)?;
    reader.finish("routellm-gsm8k", "GSM8K", &folder)
}

/// Reads `mmlu/responses/mmlu_<subject>.csv`, in order of file name. Identifiers are
/// `mmlu-<subject>-<row>`; the label `subject` is from the file name. All questions have four
/// choices, so that a blind guess scores 0.25. Models were asked for a single token.
///
/// # Errors
/// Names the file and line of a missing column, of a cell that is not `True` or `False`, or of a
/// model that the first file does not have.
pub fn mmlu(dir: &Path) -> Result<Imported, DataError> {
    let folder = folder(dir, "mmlu")?;
    let mut reader = PairReader::new(Contaminated::read(&folder)?);
    let responses = folder.join("responses");
    let files = files_with(&responses, "csv")?;
    for file in files {
        let stem = stem_of(&file);
        let subject = stem.strip_prefix("mmlu_").unwrap_or(&stem).to_owned();
        let source = Source::open(file, "each subject has one CSV file")?;
        reader.read(&source, Rows::Mmlu(&subject))?;
    }
    reader.finish("routellm-mmlu", "MMLU", &responses)
}

/// What is particular about the rows of one file.
#[derive(Clone, Copy)]
enum Rows<'a> {
    Gsm8k,
    Mmlu(&'a str),
}

impl Rows<'_> {
    fn sample(self, row: usize, prompt: &str) -> Sample {
        match self {
            Self::Gsm8k => {
                let target = Target::Recorded { chance: None };
                Sample::of_prompt(format!("gsm8k-{row:04}"), prompt, target)
            }
            Self::Mmlu(subject) => {
                let target = Target::Recorded { chance: Some(0.25) };
                Sample::of_prompt(format!("mmlu-{subject}-{row:04}"), prompt, target)
                    .with_label("subject", subject)
            }
        }
    }
}

/// The columns of one model.
struct Columns {
    model: String,
    correct: usize,
    answer: Option<usize>,
}

/// Gathers the rows of one or more files.
struct PairReader {
    contaminated: Contaminated,
    models: Vec<String>,
    samples: Vec<Sample>,
    outcomes: OutcomeStore,
    dropped: u64,
}

impl PairReader {
    fn new(contaminated: Contaminated) -> Self {
        Self {
            contaminated,
            models: Vec::new(),
            samples: Vec::new(),
            outcomes: OutcomeStore::new(),
            dropped: 0,
        }
    }

    fn read(&mut self, source: &Source, rows: Rows<'_>) -> Result<(), DataError> {
        let mut table = Table::new(source)?;
        let prompt_column = table.column("prompt")?;
        let columns = self.columns(&table, source, rows)?;
        let mut row = 0;
        while let Some((line, record)) = table.next()? {
            row += 1;
            let prompt = &record[prompt_column];
            if self.contaminated.contains(prompt) {
                self.dropped += 1;
                continue;
            }
            let sample = rows.sample(row, prompt);
            let chars = prompt.chars().count();
            for column in &columns {
                let outcome = column
                    .outcome(&sample.id, chars, record)
                    .map_err(|what| source.invalid(line, what).with_hint(BOOLEAN_HINT))?;
                self.outcomes.push(outcome);
            }
            self.samples.push(sample);
        }
        Ok(())
    }

    /// The model columns of a file; all files must have the models of the first.
    fn columns(
        &mut self,
        table: &Table<'_>,
        source: &Source,
        rows: Rows<'_>,
    ) -> Result<Vec<Columns>, DataError> {
        let mut columns = Vec::new();
        for (position, name) in table.header().iter().enumerate() {
            if name == "prompt" || name.ends_with(RESPONSE) {
                continue;
            }
            let answer = match rows {
                Rows::Gsm8k => Some(table.column(&format!("{name}{RESPONSE}"))?),
                Rows::Mmlu(_) => None,
            };
            columns.push(Columns {
                model: name.clone(),
                correct: position,
                answer,
            });
        }
        if self.models.is_empty() {
            self.models = columns.iter().map(|c| c.model.clone()).collect();
        }
        self.check_models(&columns, table, source)?;
        Ok(columns)
    }

    fn check_models(
        &self,
        columns: &[Columns],
        table: &Table<'_>,
        source: &Source,
    ) -> Result<(), DataError> {
        if columns.is_empty() {
            let kind = DataErrorKind::MissingColumn("<model>".to_owned());
            return Err(source.error(1, kind).with_hint(
                "beside `prompt`, each model has a column of True and False under its name",
            ));
        }
        if let Some(stranger) = columns.iter().find(|c| !self.models.contains(&c.model)) {
            let what = format!("unknown model `{}`", stranger.model);
            return Err(source
                .invalid(1, what)
                .with_hint(format!("the first file has the models {:?}", self.models)));
        }
        for model in &self.models {
            table.column(model)?;
        }
        Ok(())
    }

    fn finish(self, name: &str, what: &str, origin: &Path) -> Result<Imported, DataError> {
        let mut findings: Vec<_> = dropped(self.dropped).into_iter().collect();
        findings.extend(prompts::repeated(&self.samples));
        let manifest = Manifest {
            name: name.to_owned(),
            source: format!("lm-sys/RouteLLM, {what} responses"),
            licence: evals::LICENCE.to_owned(),
            findings,
        };
        Ok(Imported {
            dataset: Dataset::new(manifest, self.samples, origin)?,
            outcomes: self.outcomes,
        })
    }
}

const BOOLEAN_HINT: &str = "model columns hold True or False";

impl Columns {
    fn outcome(
        &self,
        sample: &str,
        prompt_chars: usize,
        record: &StringRecord,
    ) -> Result<Outcome, String> {
        let score = match &record[self.correct] {
            "True" | "true" => 1.0,
            "False" | "false" => 0.0,
            other => return Err(format!("`{other}` in column `{}`", self.model)),
        };
        let mut outcome = Outcome::scored(sample, &self.model, Score::Value(score));
        let answer = self.answer.map(|column| record[column].to_owned());
        // A single character was read of the MMLU answers, from a single token.
        let answer_chars = answer.as_ref().map_or(1, |a| a.chars().count());
        outcome.usage = Some(Usage::estimate(prompt_chars, answer_chars));
        outcome.answer = answer;
        Ok(outcome)
    }
}
