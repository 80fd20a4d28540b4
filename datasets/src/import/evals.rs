//! The folder layout of a RouteLLM checkout, and its lists of contaminated prompts.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::source::Source;
use crate::health::{Finding, FindingKind, Severity};
use crate::{DataError, DataErrorKind};

/// Licence of the RouteLLM evaluation data.
pub(crate) const LICENCE: &str = "Apache-2.0";

/// Finds `<benchmark>` in a checkout (`DIR/routellm/evals`), in the package (`DIR/evals`) or in
/// the folder of evaluations itself.
pub(crate) fn folder(dir: &Path, benchmark: &str) -> Result<PathBuf, DataError> {
    let places = [dir.join("routellm/evals"), dir.join("evals"), dir.into()];
    let found = places.into_iter().map(|p| p.join(benchmark));
    let mut found = found.filter(|p| p.is_dir());
    found.next().ok_or_else(|| {
        let what = format!("no folder `{benchmark}` of RouteLLM evaluations here");
        DataError::file(dir, DataErrorKind::Invalid(what)).with_hint(format!(
            "give the checkout that holds routellm/evals/{benchmark}, or its evals folder"
        ))
    })
}

/// Prompts that are too close to the training data of the published routers.
pub(crate) struct Contaminated(HashSet<String>);

#[derive(Deserialize)]
struct ContaminatedLine {
    eval_prompt: String,
}

impl Contaminated {
    /// Reads `contaminated_prompts.jsonl` of a benchmark folder; the key is `eval_prompt`.
    pub(crate) fn read(folder: &Path) -> Result<Self, DataError> {
        let path = folder.join("contaminated_prompts.jsonl");
        let source = Source::open(
            path,
            "the list of contaminated prompts lies beside the responses: without it the published figures cannot be met",
        )?;
        let mut prompts = HashSet::new();
        for (number, line) in source.lines() {
            let line: ContaminatedLine = source.json(number, line)?;
            prompts.insert(line.eval_prompt);
        }
        Ok(Self(prompts))
    }

    /// Whether a prompt is on the list, compared as exact text.
    pub(crate) fn contains(&self, prompt: &str) -> bool {
        self.0.contains(prompt)
    }
}

/// Tells how many rows were left out; none if none were.
pub(crate) fn dropped(rows: u64) -> Option<Finding> {
    (rows > 0).then(|| Finding {
        kind: FindingKind::DroppedRows,
        severity: Severity::Note,
        model: None,
        slice: None,
        n: rows,
        p: None,
        message: format!("{rows} rows with contaminated prompts were dropped"),
    })
}
