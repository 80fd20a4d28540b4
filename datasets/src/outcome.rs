//! Recorded answers: one per (sample, model).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{DataError, DataErrorKind, Score, Usage};

/// One recorded answer of one model to one sample: a line of `outcomes.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Sample id.
    pub sample: String,
    /// Model name, as the fleet names it.
    pub model: String,
    /// How good the answer was.
    pub score: Score,
    /// The answer text, where it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Tokens, where they were recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Cost in US dollars, where it was recorded; otherwise the price book computes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Time to first token in milliseconds, where it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttft_ms: Option<f64>,
    /// Time to the end of the answer in milliseconds, where it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// The model's own certainty in `[0, 1]`, where it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
}

impl Outcome {
    /// An outcome that only has a score.
    pub fn scored(sample: impl Into<String>, model: impl Into<String>, score: Score) -> Self {
        Self {
            sample: sample.into(),
            model: model.into(),
            score,
            answer: None,
            usage: None,
            cost_usd: None,
            ttft_ms: None,
            latency_ms: None,
            confidence: None,
        }
    }
}

/// A matrix of recorded answers, looked up by sample id and model name.
#[derive(Debug, Clone, Default)]
pub struct OutcomeStore {
    models: Vec<String>,
    cells: BTreeMap<String, Vec<Option<Outcome>>>,
    duplicates: Vec<(String, String)>,
}

impl OutcomeStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an outcome. The first one of a (sample, model) is kept; later ones are remembered as
    /// [duplicates](Self::duplicates) and not used.
    pub fn push(&mut self, outcome: Outcome) {
        let column = self.column(&outcome.model);
        let row = self.cells.entry(outcome.sample.clone()).or_default();
        if row.len() <= column {
            row.resize(column + 1, None);
        }
        match &mut row[column] {
            Some(_) => self.duplicates.push((outcome.sample, outcome.model)),
            cell @ None => *cell = Some(outcome),
        }
    }

    fn column(&mut self, model: &str) -> usize {
        if let Some(column) = self.models.iter().position(|m| m == model) {
            return column;
        }
        self.models.push(model.to_owned());
        self.models.len() - 1
    }

    /// The recorded answer of a model to a sample.
    pub fn get(&self, sample: &str, model: &str) -> Option<&Outcome> {
        let column = self.models.iter().position(|m| m == model)?;
        self.cells.get(sample)?.get(column)?.as_ref()
    }

    /// Models in order of first appearance.
    pub fn models(&self) -> &[String] {
        &self.models
    }

    /// All outcomes, by sample id and then model.
    pub fn iter(&self) -> impl Iterator<Item = &Outcome> {
        self.cells.values().flatten().flatten()
    }

    /// (sample, model) pairs that came more than once.
    pub fn duplicates(&self) -> &[(String, String)] {
        &self.duplicates
    }

    /// Number of outcomes.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Reads `outcomes.jsonl`.
    ///
    /// # Errors
    /// Names the file and line of the first line that is not an outcome.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|e| DataError::file(path, e))?;
        let mut store = Self::new();
        for (number, line) in (1u64..).zip(BufReader::new(file).lines()) {
            let line = line.map_err(|e| DataError::line(path, number, e))?;
            if line.trim().is_empty() {
                continue;
            }
            let outcome: Outcome = serde_json::from_str(&line).map_err(|e| {
                DataError::line(path, number, DataErrorKind::Json(e.to_string()))
                    .with_hint("each line is one outcome: {\"sample\", \"model\", \"score\", …}")
            })?;
            if let Score::Value(value) = outcome.score
                && !(0.0..=1.0).contains(&value)
            {
                let kind = DataErrorKind::Invalid(format!("score {value} is outside [0, 1]"));
                return Err(DataError::line(path, number, kind).with_hint(
                    "rescale scores to [0, 1], or write {\"unscored\": \"why\"} for an absent one",
                ));
            }
            store.push(outcome);
        }
        Ok(store)
    }

    /// Writes `outcomes.jsonl` in a fixed order.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), DataError> {
        let file = File::create(path).map_err(|e| DataError::file(path, e))?;
        let mut out = BufWriter::new(file);
        for outcome in self.iter() {
            serde_json::to_writer(&mut out, outcome)
                .map_err(|e| DataError::file(path, DataErrorKind::Json(e.to_string())))?;
            out.write_all(b"\n").map_err(|e| DataError::file(path, e))?;
        }
        out.flush().map_err(|e| DataError::file(path, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_outcome_wins_and_duplicates_are_kept_apart() {
        let mut store = OutcomeStore::new();
        store.push(Outcome::scored("a", "m", Score::Value(1.0)));
        store.push(Outcome::scored("a", "m", Score::Value(0.0)));
        assert_eq!(store.get("a", "m").unwrap().score, Score::Value(1.0));
        assert_eq!(store.duplicates(), [("a".to_owned(), "m".to_owned())]);
        assert!(store.get("a", "other").is_none());
    }
}
