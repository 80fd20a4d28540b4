//! What a right answer is.

use serde::{Deserialize, Serialize};

/// How an answer to a sample is graded. One scorer per kind lives in the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// The last number in the answer must be within `tolerance` (absolute) of `value`.
    Number {
        /// The right number.
        value: f64,
        /// Absolute tolerance, 0 by default.
        #[serde(default, skip_serializing_if = "is_zero")]
        tolerance: f64,
    },
    /// The answer, trimmed, must equal the text.
    Exact {
        /// The right text.
        answer: String,
        /// Whether letter case is ignored.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        ignore_case: bool,
    },
    /// The answer must contain the text.
    Contains {
        /// The text to find, compared without regard to case.
        answer: String,
    },
    /// The first stand-alone choice named in the answer must be the right one.
    Choice {
        /// The right choice, one of `choices`.
        answer: String,
        /// All choices, for example `["A", "B", "C", "D"]`.
        choices: Vec<String>,
    },
    /// The first JSON value in the answer is compared key by key; the score is the share of
    /// the expected top-level keys (or items) that are equal.
    Json {
        /// The expected value.
        value: serde_json::Value,
    },
    /// The answer must match the regular expression.
    Regex {
        /// The pattern, in the syntax of the `regex` crate.
        pattern: String,
    },
    /// Token-level F1 against the reference text (SQuAD normalisation).
    F1 {
        /// The reference text.
        answer: String,
    },
    /// Any answer will do, as long as it comes whole: for load and latency, where there is no right
    /// answer. Every answer counts 1, every failure 0.
    Answered,
    /// Only recorded scores exist: the sample cannot be graded live.
    Recorded {
        /// Expected score of a blind guess, where the task has one (0.25 for four choices).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chance: Option<f64>,
    },
}

fn is_zero(x: &f64) -> bool {
    *x == 0.0
}

impl Target {
    /// Expected score of a blind guess, where the task defines one.
    pub fn chance(&self) -> Option<f64> {
        match self {
            Self::Choice { choices, .. } if !choices.is_empty() => Some(1.0 / choices.len() as f64),
            Self::Recorded { chance } => *chance,
            _ => None,
        }
    }

    /// Says what is wrong with the target itself, for example an answer outside the choices.
    ///
    /// # Errors
    /// A fragment that reads well after a file position.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Choice { answer, choices } if !choices.contains(answer) => Err(format!(
                "target answer `{answer}` is not one of the choices {choices:?}"
            )),
            Self::Number { value, tolerance }
                if !value.is_finite() || tolerance.is_nan() || *tolerance < 0.0 =>
            {
                Err(format!(
                    "target value {value} with tolerance {tolerance} is not usable"
                ))
            }
            Self::Regex { pattern } => regex::Regex::new(pattern)
                .map(|_| ())
                .map_err(|e| format!("target pattern `{pattern}` does not compile: {e}")),
            Self::Recorded { chance: Some(c) } if !(0.0..=1.0).contains(c) => {
                Err(format!("chance {c} is outside [0, 1]"))
            }
            _ => Ok(()),
        }
    }
}
