//! RouterArena's prediction files.
//!
//! Source: `RouteWorks/RouterArena` (Apache-2.0). A file `<router>.json` is a list of
//! `{global index, prompt, prediction, generated_result {generated_answer, success, token_usage
//! {input_tokens, output_tokens, total_tokens}, provider, error}, cost, accuracy, for_optimality}`,
//! where `prediction` is the model that answered. Rows with `for_optimality` are answers of models
//! that the router did not choose; they are outcomes all the same.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::source::{Source, files_with, stem_of};
use super::{Imported, prompts};
use crate::health::{Finding, FindingKind, Severity};
use crate::{DataError, Dataset, Manifest, Outcome, OutcomeStore, Sample, Score, Target};
use crate::{TokenSource, Usage};

/// Reads all prediction files of a directory, in order of name, into one matrix of outcomes.
///
/// The identifier is `global index`, the label `task` is what stands before its last underscore. An
/// answer of the same model to the same prompt in a second file is put aside: see
/// [`OutcomeStore::duplicates`]. A total above input plus output means tokens that were billed but
/// not listed; they are taken for reasoning, and a finding counts the rows. Answers without accuracy
/// are unscored; they are most of a submission whose truths are hidden.
///
/// # Errors
/// Names the file and line of malformed JSON, of an accuracy outside `[0, 1]`, or of a prompt that
/// differs from the one that another row has for the same index.
pub fn read(dir: &Path) -> Result<Imported, DataError> {
    let inner = dir.join("router_inference/predictions");
    let place = if inner.is_dir() {
        inner
    } else {
        dir.to_owned()
    };
    let mut reader = Reader::default();
    for file in files_with(&place, "json")? {
        reader.file(file)?;
    }
    let mut findings = reader.findings();
    findings.extend(prompts::repeated(&reader.samples));
    let manifest = Manifest {
        name: stem_of(dir),
        source: "RouteWorks/RouterArena, predictions".to_owned(),
        licence: "Apache-2.0".to_owned(),
        findings,
    };
    Ok(Imported {
        dataset: Dataset::new(manifest, reader.samples, &place)?,
        outcomes: reader.outcomes,
    })
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "global index")]
    index: Index,
    prompt: String,
    prediction: String,
    generated_result: Option<Generated>,
    cost: Option<f64>,
    accuracy: Option<f64>,
}

/// Indices are text in the published files and numbers in early ones.
#[derive(Deserialize)]
#[serde(untagged)]
enum Index {
    Text(String),
    Number(u64),
}

#[derive(Deserialize)]
struct Generated {
    generated_answer: Option<String>,
    success: Option<bool>,
    token_usage: Option<Tokens>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    input_tokens: u64,
    output_tokens: u64,
    total_tokens: Option<u64>,
}

/// Rows whose token total disagrees with its parts, per model.
#[derive(Default)]
struct Totals {
    above: u64,
    unlisted: u64,
    below: u64,
}

#[derive(Default)]
struct Reader {
    samples: Vec<Sample>,
    positions: HashMap<String, usize>,
    outcomes: OutcomeStore,
    unscored: BTreeMap<String, u64>,
    totals: BTreeMap<String, Totals>,
}

impl Reader {
    fn file(&mut self, path: PathBuf) -> Result<(), DataError> {
        let source = Source::open(path, "prediction files are JSON lists")?;
        for (line, json) in source.json_rows()? {
            let row: Row = source.json(line, json)?;
            self.row(row).map_err(|(what, hint)| {
                let error = source.invalid(line, what);
                error.with_hint(hint)
            })?;
        }
        Ok(())
    }

    fn row(&mut self, row: Row) -> Result<(), (String, &'static str)> {
        let id = match row.index {
            Index::Text(text) => text,
            Index::Number(number) => number.to_string(),
        };
        self.sample(&id, row.prompt)?;
        let result = row.generated_result;
        let score = score(row.accuracy, result.as_ref())?;
        if matches!(score, Score::Unscored(_)) {
            *self.unscored.entry(row.prediction.clone()).or_default() += 1;
        }
        if row.cost.is_some_and(|c| !c.is_finite() || c < 0.0) {
            return Err((
                format!("cost {:?}", row.cost),
                "costs are dollars, 0 or more",
            ));
        }
        let mut outcome = Outcome::scored(id, row.prediction, score);
        outcome.cost_usd = row.cost;
        if let Some(result) = result {
            outcome.usage = result
                .token_usage
                .map(|tokens| self.usage(&outcome.model, &tokens));
            outcome.answer = result.generated_answer;
        }
        self.outcomes.push(outcome);
        Ok(())
    }

    fn sample(&mut self, id: &str, prompt: String) -> Result<(), (String, &'static str)> {
        if let Some(&position) = self.positions.get(id) {
            if self.samples[position].prompt() == prompt {
                return Ok(());
            }
            let what = format!("the prompt of `{id}` differs from an earlier row");
            return Err((
                what,
                "import files of one prompt set: robustness files hold paraphrases",
            ));
        }
        self.positions.insert(id.to_owned(), self.samples.len());
        let target = Target::Recorded { chance: None };
        let mut sample = Sample::of_prompt(id, prompt, target);
        if let Some((task, _)) = id.rsplit_once('_') {
            sample = sample.with_label("task", task);
        }
        self.samples.push(sample);
        Ok(())
    }

    fn usage(&mut self, model: &str, tokens: &Tokens) -> Usage {
        let listed = tokens.input_tokens.saturating_add(tokens.output_tokens);
        let total = tokens.total_tokens.unwrap_or(listed);
        let unlisted = total.saturating_sub(listed);
        if total != listed {
            let totals = self.totals.entry(model.to_owned()).or_default();
            totals.above += u64::from(total > listed);
            totals.unlisted += unlisted;
            totals.below += u64::from(total < listed);
        }
        Usage {
            input_tokens: Some(tokens.input_tokens),
            output_tokens: Some(tokens.output_tokens),
            reasoning_tokens: (unlisted > 0).then_some(unlisted),
            source: TokenSource::Recorded,
            ..Usage::default()
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut add = |kind, model: &str, n: u64, message: String| {
            if n > 0 {
                findings.push(Finding {
                    kind,
                    severity: Severity::Warning,
                    model: Some(model.to_owned()),
                    slice: None,
                    n,
                    p: None,
                    message,
                });
            }
        };
        for (model, totals) in &self.totals {
            let (n, unlisted) = (totals.above, totals.unlisted);
            let message = format!(
                "{model}: {n} rows have {unlisted} tokens more in total than input and output; taken for reasoning"
            );
            add(FindingKind::Inconsistent, model, n, message);
            let n = totals.below;
            let message = format!("{model}: {n} rows have a total below input and output");
            add(FindingKind::Inconsistent, model, n, message);
        }
        for (model, &n) in &self.unscored {
            let message = format!("{model}: {n} answers have no accuracy");
            add(FindingKind::MissingScore, model, n, message);
        }
        findings
    }
}

fn score(
    accuracy: Option<f64>,
    result: Option<&Generated>,
) -> Result<Score, (String, &'static str)> {
    match (result, accuracy) {
        (Some(r), _) if r.success == Some(false) => {
            let reason = r.error.as_deref().unwrap_or("no answer was generated");
            Ok(Score::Failed(reason.to_owned()))
        }
        (_, Some(value)) if (0.0..=1.0).contains(&value) => Ok(Score::Value(value)),
        (_, Some(value)) => Err((format!("accuracy {value}"), "accuracies are in [0, 1]")),
        (_, None) => Ok(Score::Unscored("no accuracy recorded".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(json: &str) -> Row {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn unlisted_tokens_count_as_reasoning() {
        let mut reader = Reader::default();
        let json = r#"{"global index": "A_1", "prompt": "q", "prediction": "m", "accuracy": 1,
            "generated_result": {"generated_answer": "x", "success": true,
            "token_usage": {"input_tokens": 5, "output_tokens": 7, "total_tokens": 20}}}"#;
        reader.row(row(json)).unwrap();
        let outcome = reader.outcomes.get("A_1", "m").unwrap();
        assert_eq!(outcome.usage.unwrap().total_output(), Some(15));
        let found = reader.findings();
        assert_eq!((found[0].kind, found[0].n), (FindingKind::Inconsistent, 1));
        assert!(found[0].message.contains("8 tokens more"));
    }

    #[test]
    fn failures_hidden_truths_and_impossible_scores_are_told_apart() {
        let failed = Generated {
            generated_answer: None,
            success: Some(false),
            token_usage: None,
            error: Some("429".to_owned()),
        };
        let got = score(Some(0.0), Some(&failed)).unwrap();
        assert_eq!(got, Score::Failed("429".to_owned()));
        assert!(matches!(score(None, None), Ok(Score::Unscored(_))));
        assert!(score(Some(1.5), None).is_err());
    }
}
