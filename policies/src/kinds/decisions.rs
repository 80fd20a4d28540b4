//! Replays the decisions that an external router made.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::walk::OneCall;
use crate::{BuildContext, Decision, Policy, PolicyError, Request, Session, Step};

/// `kind = "decisions"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// A JSONL file, relative to the experiment's folder: one object per judged sample with
    /// `sample` and `model`, and where known `score` (need for a stronger model, any finite
    /// number), `propensity` (above 0, at most 1), `decide_ms` and `decide_cost_usd` (at least 0).
    /// All repeats of a sample get its one decision. Other samples in the file are ignored.
    pub path: String,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Line {
    sample: String,
    model: String,
    score: Option<f64>,
    propensity: Option<f64>,
    decide_ms: Option<f64>,
    decide_cost_usd: Option<f64>,
}

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        let decided = self.read(context)?;
        let missing = context
            .samples
            .iter()
            .filter(|s| !decided.contains_key(&s.id));
        let missing: Vec<&str> = missing.map(|s| s.id.as_str()).collect();
        if let Some(first) = missing.first() {
            let total = context.samples.len();
            return Err(self.problem(format!(
                "has no decision for {} of {total} samples, the first being `{first}`; every \
                 judged sample needs a line",
                missing.len()
            )));
        }
        Ok(Arc::new(Decisions { decided }))
    }

    fn read(&self, context: &BuildContext<'_>) -> Result<HashMap<String, Decision>, PolicyError> {
        let file = File::open(context.folder.join(&self.path));
        let file = file.map_err(|error| self.problem(error.to_string()))?;
        let mut decided = HashMap::new();
        for (number, text) in (1u64..).zip(BufReader::new(file).lines()) {
            let at = |problem: String| self.problem(format!("line {number}: {problem}"));
            let text = text.map_err(|error| at(error.to_string()))?;
            if text.trim().is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(&text).map_err(|error| {
                at(format!(
                    "{error}; a line is {{\"sample\": …, \"model\": …}}"
                ))
            })?;
            let decision = line.decision(context).map_err(&at)?;
            if decided.insert(line.sample.clone(), decision).is_some() {
                return Err(at(format!(
                    "a second decision for sample `{}`",
                    line.sample
                )));
            }
        }
        Ok(decided)
    }

    fn problem(&self, problem: String) -> PolicyError {
        PolicyError::File {
            path: self.path.clone(),
            problem,
        }
    }
}

impl Line {
    fn decision(&self, context: &BuildContext<'_>) -> Result<Decision, String> {
        let model = context.model(&self.model).map_err(|e| e.to_string())?;
        let negative = |value: Option<f64>| value.is_some_and(|v| v < 0.0);
        if negative(self.decide_ms) || negative(self.decide_cost_usd) {
            return Err("`decide_ms` and `decide_cost_usd` must be at least 0".to_owned());
        }
        if self.propensity.is_some_and(|p| p <= 0.0 || p > 1.0) {
            return Err("`propensity` must be above 0 and at most 1".to_owned());
        }
        let mut decision = Decision::call(&model, "recorded decision");
        decision.rank_score = self.score;
        decision.propensity = self.propensity;
        decision.decide_ms = self.decide_ms;
        decision.decide_cost_usd = self.decide_cost_usd;
        Ok(decision)
    }
}

struct Decisions {
    // Looked up only, never iterated.
    decided: HashMap<String, Decision>,
}

impl Policy for Decisions {
    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        let decision = self.decided.get(request.id).cloned();
        // Only a request that was not there when the policy was built can have none.
        OneCall::boxed(
            decision.unwrap_or_else(|| Decision::new(Step::Abstain, "no recorded decision")),
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::testing::World;

    const TEXT: &str = "kind = 'decisions'\npath = 'decisions.jsonl'";

    fn world(lines: &str) -> (World, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("decisions.jsonl"), lines).unwrap();
        let mut world = World::two_models(2);
        world.folder = folder.path().to_owned();
        (world, folder)
    }

    const FIRST: &str = r#"{"sample": "s0", "model": "strong", "score": 0.8, "decide_ms": 4}"#;

    #[test]
    fn decisions_are_replayed_by_sample() {
        let second = r#"{"sample": "s1", "model": "weak", "propensity": 0.25}"#;
        let (world, _folder) = world(&format!("{second}\n\n{FIRST}\n"));
        let policy = world.build(TEXT).unwrap();
        let strong = world.walk(&*policy, 0);
        assert_eq!(strong.models(), ["strong"]);
        assert_eq!(strong.first().rank_score, Some(0.8));
        assert_eq!(strong.first().decide_ms, Some(4.0));
        assert_eq!(world.walk(&*policy, 1).first().propensity, Some(0.25));
    }

    #[test]
    fn a_missing_sample_is_named_when_the_policy_is_built() {
        let (world, _folder) = world(FIRST);
        let refusal = world.refusal(TEXT);
        assert!(refusal.starts_with("decisions.jsonl: "), "{refusal}");
        assert!(
            refusal.contains("1 of 2 samples, the first being `s1`"),
            "{refusal}"
        );
    }

    #[test]
    fn bad_lines_are_named() {
        let refusal = |lines: &str| {
            let (world, _folder) = world(lines);
            world.refusal(TEXT)
        };
        assert!(refusal(&format!("{FIRST}\n{FIRST}")).contains("line 2: a second decision"));
        assert!(refusal("{}").contains("line 1: missing field `sample`"));
        let model = r#"{"sample": "s0", "model": "other"}"#;
        assert!(refusal(model).contains("line 1: unknown model `other`"));
        let propensity = r#"{"sample": "s0", "model": "weak", "propensity": 0}"#;
        assert!(refusal(propensity).contains("above 0 and at most 1"));
        let (mut world, _folder) = world(FIRST);
        world.folder = "nowhere".into();
        assert!(world.refusal(TEXT).starts_with("decisions.jsonl: "));
    }
}
