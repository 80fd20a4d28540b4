//! LLMRouter's example scores of nine models on fourteen tasks.
//!
//! Source: `ulab-uiuc/LLMRouter` (MIT). `dcrouter_preprocessed/{train,test}.json` hold
//! `{question, scores{model: 0..1}}`; `query_data/default_query_{train,test}.jsonl` hold the task,
//! metric, truth and choices of each question; `default_llm.json` holds sizes and prices. The two
//! are joined on the exact question text. The scores are of recorded answers whose text was not
//! kept, so that targets are [`Target::Recorded`].

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::source::Source;
use super::{Imported, prompts};
use crate::health::{Finding, FindingKind, Severity};
use crate::{
    DataError, DataErrorKind, Dataset, Manifest, Outcome, OutcomeStore, Sample, Score, Target,
};

/// Reads both splits. Identifiers are `<split>-<row>`, counted from 1 in the score files; the
/// split is also [`Sample::split`], labels are `task` and `metric`. A multiple-choice question has
/// the chance 1 / (number of choices). Where one question text has two entries in the query file
/// (eight do), the first is taken and a finding tells so.
///
/// # Errors
/// Names the file and line of malformed JSON, a question without an entry, a score outside
/// `[0, 1]`, or a model that `default_llm.json` does not list.
pub fn read(dir: &Path) -> Result<Imported, DataError> {
    let root = root(dir)?;
    let mut reader = Reader {
        known: candidates(&root)?.into_keys().collect(),
        ..Reader::default()
    };
    for split in ["train", "test"] {
        reader.split(&root, split)?;
    }
    let findings = reader.findings();
    let manifest = Manifest {
        name: "llmrouter".to_owned(),
        source: "ulab-uiuc/LLMRouter, example scores".to_owned(),
        licence: "MIT".to_owned(),
        findings,
    };
    Ok(Imported {
        dataset: Dataset::new(manifest, reader.samples, &root)?,
        outcomes: reader.outcomes,
    })
}

/// Prices of the candidate models, in US dollars per million tokens: (input, output).
///
/// # Errors
/// When `default_llm.json` cannot be read, or a price is missing, negative or not a number.
pub fn prices(dir: &Path) -> Result<BTreeMap<String, (f64, f64)>, DataError> {
    let root = root(dir)?;
    let path = root.join(CANDIDATES);
    let mut prices = BTreeMap::new();
    for (model, candidate) in candidates(&root)? {
        let price = (candidate.input_price, candidate.output_price);
        if !(price.0 >= 0.0 && price.1 >= 0.0) {
            let what = format!("price of `{model}` is {price:?}");
            return Err(DataError::file(&path, DataErrorKind::Invalid(what))
                .with_hint("prices are dollars per million tokens, 0 or more"));
        }
        prices.insert(model, price);
    }
    Ok(prices)
}

const CANDIDATES: &str = "default_llm.json";
const SCORES: &str = "dcrouter_preprocessed";

#[derive(Deserialize)]
struct Candidate {
    input_price: f64,
    output_price: f64,
}

#[derive(Deserialize)]
struct Query<'a> {
    task_name: String,
    #[serde(borrow)]
    query: Cow<'a, str>,
    metric: String,
    choices: Option<String>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    question: Cow<'a, str>,
    #[serde(borrow)]
    scores: BTreeMap<Cow<'a, str>, Option<f64>>,
}

fn root(dir: &Path) -> Result<PathBuf, DataError> {
    let places = [dir.to_owned(), dir.join("data/example_data")];
    let found = places.into_iter().find(|p| p.join(SCORES).is_dir());
    found.ok_or_else(|| {
        let what = format!("no folder `{SCORES}` here");
        DataError::file(dir, DataErrorKind::Invalid(what)).with_hint(
            "give the folder that holds dcrouter_preprocessed, query_data and default_llm.json",
        )
    })
}

fn candidates(root: &Path) -> Result<BTreeMap<String, Candidate>, DataError> {
    let source = Source::open(
        root.join(CANDIDATES),
        "default_llm.json lists the candidate models with their prices",
    )?;
    source.json(1, source.text())
}

/// Gathers both splits.
#[derive(Default)]
struct Reader {
    known: Vec<String>,
    samples: Vec<Sample>,
    outcomes: OutcomeStore,
    ambiguous: u64,
    missing: u64,
}

impl Reader {
    fn split(&mut self, root: &Path, split: &str) -> Result<(), DataError> {
        let path = root.join(format!("query_data/default_query_{split}.jsonl"));
        let queries = Source::open(path, "the query file tells the task of each question")?;
        let queries = self.queries(&queries)?;
        let path = root.join(format!("{SCORES}/{split}.json"));
        let scores = Source::open(path, "the score file holds one row per question")?;
        for (row, (line, json)) in (1u32..).zip(scores.json_rows()?) {
            let parsed: Row<'_> = scores.json(line, json)?;
            let query = queries.get(parsed.question.as_ref()).ok_or_else(|| {
                scores
                    .invalid(line, "question without an entry in the query file")
                    .with_hint("score and query files must be of the same export")
            })?;
            let id = format!("{split}-{row:04}");
            self.row(&scores, line, &id, &parsed)?;
            let mut sample = query.sample(id, parsed.question.into_owned());
            sample.split = Some(split.to_owned());
            self.samples.push(sample);
        }
        Ok(())
    }

    /// The entries of a query file by question text; the first of several is kept.
    fn queries(&mut self, source: &Source) -> Result<HashMap<String, Entry>, DataError> {
        let mut entries = HashMap::new();
        for (line, json) in source.lines() {
            let query: Query<'_> = source.json(line, json)?;
            let entry = Entry {
                chance: chance(&query).map_err(|what| {
                    source
                        .invalid(line, what)
                        .with_hint("`choices` is a list, or a dictionary with the list `text`")
                })?,
                task: query.task_name,
                metric: query.metric,
            };
            match entries.entry(query.query.into_owned()) {
                std::collections::hash_map::Entry::Occupied(_) => self.ambiguous += 1,
                std::collections::hash_map::Entry::Vacant(place) => {
                    place.insert(entry);
                }
            }
        }
        Ok(entries)
    }

    fn row(
        &mut self,
        source: &Source,
        line: u64,
        id: &str,
        row: &Row<'_>,
    ) -> Result<(), DataError> {
        for (model, score) in &row.scores {
            if !self.known.iter().any(|m| m == model) {
                return Err(source
                    .invalid(line, format!("unknown model `{model}`"))
                    .with_hint(format!("default_llm.json lists {:?}", self.known)));
            }
            let score = match score {
                Some(value) if (0.0..=1.0).contains(value) => Score::Value(*value),
                Some(value) => {
                    return Err(source
                        .invalid(line, format!("score {value} of `{model}`"))
                        .with_hint("scores are in [0, 1]"));
                }
                None => {
                    self.missing += 1;
                    Score::Unscored("score is null".to_owned())
                }
            };
            self.outcomes
                .push(Outcome::scored(id, model.as_ref(), score));
        }
        Ok(())
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.ambiguous > 0 {
            findings.push(Finding {
                kind: FindingKind::Inconsistent,
                severity: Severity::Note,
                model: None,
                slice: None,
                n: self.ambiguous,
                p: None,
                message: format!(
                    "{} questions have a second entry in the query file; the first tells their task",
                    self.ambiguous
                ),
            });
        }
        if self.missing > 0 {
            findings.push(Finding {
                kind: FindingKind::MissingScore,
                severity: Severity::Warning,
                model: None,
                slice: None,
                n: self.missing,
                p: None,
                message: format!("{} scores are null", self.missing),
            });
        }
        findings.extend(prompts::repeated(&self.samples));
        findings
    }
}

/// What the query file tells about a question.
struct Entry {
    task: String,
    metric: String,
    chance: Option<f64>,
}

impl Entry {
    fn sample(&self, id: String, question: String) -> Sample {
        let target = Target::Recorded {
            chance: self.chance,
        };
        Sample::of_prompt(id, question, target)
            .with_label("task", &self.task)
            .with_label("metric", &self.metric)
    }
}

/// Expected score of a blind guess among the choices; `None` for open questions. For code tasks
/// the same field holds test cases, hence the look at the metric.
fn chance(query: &Query<'_>) -> Result<Option<f64>, String> {
    if query.metric != "em_mc" {
        return Ok(None);
    }
    let written = query
        .choices
        .as_deref()
        .ok_or("a multiple-choice question without choices")?;
    let number =
        choices(written).ok_or_else(|| format!("choices {written:.80} cannot be counted"))?;
    Ok(Some(1.0 / number as f64))
}

/// Counts the items of the first Python list of the text, or of the list under the key `text`.
fn choices(python: &str) -> Option<usize> {
    let list = if python.trim_start().starts_with('{') {
        let key = python
            .find("'text':")
            .or_else(|| python.find("\"text\":"))?;
        &python[key + "'text':".len()..]
    } else {
        python
    };
    let inside = list.trim_start().strip_prefix('[')?;
    let (mut count, mut filled) = (0, false);
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                skip_string(&mut chars, c)?;
                filled = true;
            }
            ',' | ']' => {
                count += usize::from(filled);
                filled = false;
                if c == ']' {
                    return (count > 0).then_some(count);
                }
            }
            c if c.is_whitespace() => {}
            _ => filled = true,
        }
    }
    None
}

/// Moves behind the end of a Python string that was opened with `quote`.
fn skip_string(chars: &mut std::str::Chars<'_>, quote: char) -> Option<()> {
    loop {
        match chars.next()? {
            '\\' => {
                chars.next()?;
            }
            c if c == quote => return Some(()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_counted_in_lists_and_dictionaries() {
        assert_eq!(choices("['$100', '$150', '$200', '$250']"), Some(4));
        assert_eq!(choices(r#"["a, b", 'it\'s', "don't"]"#), Some(3));
        let dictionary = "{'label': ['A', 'B'], 'text': ['x', 'y', 'z']}";
        assert_eq!(choices(dictionary), Some(3));
        assert_eq!(choices("{'text': ['1', '2'], 'labels': ['A']}"), Some(2));
        assert_eq!(choices("[1, 2, 3]"), Some(3));
    }

    #[test]
    fn what_is_not_a_list_is_not_counted() {
        for text in ["", "[]", "['a'", "['a", "{'label': ['A']}", "4"] {
            assert_eq!(choices(text), None, "{text}");
        }
    }
}
