//! RouterBench's wide table, as CSV.
//!
//! Source: `withmartian/routerbench`. One row per prompt with the columns `sample_id`, `prompt`,
//! `eval_name`, and for each model `<model>` (score in 0 to 1), `<model>|model_response` and
//! `<model>|total_cost` (US dollars). Columns without a response or cost column beside them, such as
//! `oracle_model_to_route_to`, are no models. The published pickles are not read: a pickle runs code.

use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::source::{Source, files_with, stem_of};
use super::table::Table;
use super::{Imported, prompts};
use crate::health::{Finding, FindingKind, Severity};
use crate::{
    DataError, DataErrorKind, Dataset, Manifest, Outcome, OutcomeStore, Sample, Score, Target,
};

const RESPONSE: &str = "|model_response";
const COST: &str = "|total_cost";

/// Reads one CSV file, or all of a directory in order of name; files may have models of their own.
///
/// The identifier is `sample_id`, the label `task` is `eval_name`. A file name that ends in
/// `_train` or `_test` gives the split. Blind guesses score 1/4 on MMLU, HellaSwag and ARC and 1/2
/// on WinoGrande. An empty score is unscored and counted in a finding.
///
/// # Errors
/// Names the file and line of a missing column, or a score or cost that is not a number in range.
pub fn read(path: &Path) -> Result<Imported, DataError> {
    let files = if path.is_file() {
        vec![path.to_owned()]
    } else {
        files_with(path, "csv")?
    };
    let mut reader = Reader::default();
    for file in files {
        reader.file(file)?;
    }
    let mut findings = Vec::new();
    if reader.missing > 0 {
        findings.push(Finding {
            kind: FindingKind::MissingScore,
            severity: Severity::Warning,
            model: None,
            slice: None,
            n: reader.missing,
            p: None,
            message: format!("{} scores are empty", reader.missing),
        });
    }
    findings.extend(prompts::repeated(&reader.samples));
    let manifest = Manifest {
        name: stem_of(path),
        source: "withmartian/routerbench, wide table".to_owned(),
        licence: String::new(),
        findings,
    };
    Ok(Imported {
        dataset: Dataset::new(manifest, reader.samples, path)?,
        outcomes: reader.outcomes,
    })
}

#[derive(Default)]
struct Reader {
    samples: Vec<Sample>,
    outcomes: OutcomeStore,
    missing: u64,
}

/// Columns of one model.
struct Columns {
    model: String,
    score: usize,
    response: Option<usize>,
    cost: Option<usize>,
}

impl Reader {
    fn file(&mut self, path: PathBuf) -> Result<(), DataError> {
        let split = split_of(&stem_of(&path)).map(str::to_owned);
        let source = Source::open(path, "export the table as CSV in UTF-8")?;
        let mut table = Table::new(&source)?;
        let [id, prompt, task] = [
            table.column("sample_id")?,
            table.column("prompt")?,
            table.column("eval_name")?,
        ];
        let columns = columns(&table, &source)?;
        while let Some((line, record)) = table.next()? {
            for column in &columns {
                let outcome = column.outcome(&record[id], record).map_err(|what| {
                    source
                        .invalid(line, what)
                        .with_hint("scores are in 0 to 1, costs are dollars of 0 or more")
                })?;
                self.missing += u64::from(matches!(outcome.score, Score::Unscored(_)));
                self.outcomes.push(outcome);
            }
            let target = Target::Recorded {
                chance: chance(&record[task]),
            };
            let mut sample = Sample::of_prompt(&record[id], &record[prompt], target)
                .with_label("task", &record[task]);
            sample.split.clone_from(&split);
            self.samples.push(sample);
        }
        Ok(())
    }
}

fn columns(table: &Table<'_>, source: &Source) -> Result<Vec<Columns>, DataError> {
    let header = table.header();
    let position = |name: String| header.iter().position(|h| *h == name);
    let mut columns = Vec::new();
    for (score, model) in header.iter().enumerate() {
        let response = position(format!("{model}{RESPONSE}"));
        let cost = position(format!("{model}{COST}"));
        if response.is_some() || cost.is_some() {
            columns.push(Columns {
                model: model.clone(),
                score,
                response,
                cost,
            });
        }
    }
    // A response or cost of a model without a score column is a model that would go unseen.
    for name in header {
        let model = name
            .strip_suffix(RESPONSE)
            .or_else(|| name.strip_suffix(COST));
        if let Some(model) = model {
            table.column(model)?;
        }
    }
    if columns.is_empty() {
        let kind = DataErrorKind::MissingColumn(format!("<model>{COST}"));
        return Err(source.error(1, kind).with_hint(
            "each model has the columns <model>, <model>|model_response and <model>|total_cost",
        ));
    }
    Ok(columns)
}

impl Columns {
    fn outcome(&self, sample: &str, record: &StringRecord) -> Result<Outcome, String> {
        let score = match number(&record[self.score], &self.model)? {
            Some(value) if (0.0..=1.0).contains(&value) => Score::Value(value),
            Some(value) => return Err(format!("score {value} in column `{}`", self.model)),
            None => Score::Unscored("score is empty".to_owned()),
        };
        let mut outcome = Outcome::scored(sample, &self.model, score);
        outcome.answer = self.response.map(|column| record[column].to_owned());
        if let Some(column) = self.cost {
            outcome.cost_usd = number(&record[column], &self.model)?;
            if let Some(cost) = outcome.cost_usd.filter(|c| !c.is_finite() || *c < 0.0) {
                return Err(format!("cost {cost} of `{}`", self.model));
            }
        }
        Ok(outcome)
    }
}

fn number(cell: &str, model: &str) -> Result<Option<f64>, String> {
    match cell.trim() {
        "" => Ok(None),
        "True" => Ok(Some(1.0)),
        "False" => Ok(Some(0.0)),
        text => match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(format!("`{text:.40}` of `{model}` is not a number")),
        },
    }
}

fn split_of(stem: &str) -> Option<&str> {
    let (_, last) = stem.rsplit_once('_')?;
    ["train", "test", "val"].contains(&last).then_some(last)
}

/// Expected score of a blind guess, by the number of choices that the tasks are known for.
fn chance(task: &str) -> Option<f64> {
    let task = task.to_ascii_lowercase();
    let starts = |names: &[&str]| names.iter().any(|name| task.starts_with(name));
    if starts(&["mmlu", "hellaswag", "arc-challenge", "arc_challenge"]) {
        Some(0.25)
    } else if starts(&["winogrande"]) {
        Some(0.5)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_go_by_the_task() {
        assert_eq!(chance("mmlu-abstract-algebra"), Some(0.25));
        assert_eq!(chance("Winogrande"), Some(0.5));
        assert_eq!(chance("grade-school-math"), None);
    }

    #[test]
    fn splits_are_in_the_file_name() {
        assert_eq!(split_of("arc_challenge_train"), Some("train"));
        assert_eq!(split_of("arc_challenge"), None);
        assert_eq!(split_of("train"), None);
    }
}
