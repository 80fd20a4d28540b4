//! Gold answers and the strict check behind the quality table of the embedded fleet.
//!
//! The harness scores runs with its own scorers; this check exists so that the fleet can be
//! verified without them.

use serde::{Deserialize, Serialize};

/// What the right answer is and how it is recognised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GoldTarget {
    /// The last number in the text must lie within `tolerance` (absolute) of `value`.
    Number {
        /// The right value.
        value: f64,
        /// Largest accepted absolute difference.
        tolerance: f64,
    },
    /// The trimmed text must be `answer` exactly.
    Exact {
        /// The right text.
        answer: String,
    },
    /// The first JSON value in the text must equal `value`.
    Json {
        /// The right value.
        value: serde_json::Value,
    },
    /// Exactly one of `choices` must be named (whole word, any case) and it must be `answer`.
    Choice {
        /// The right choice.
        answer: String,
        /// All choices.
        choices: Vec<String>,
    },
}

impl GoldTarget {
    /// Whether `text` is right.
    pub fn accepts(&self, text: &str) -> bool {
        match self {
            GoldTarget::Number { value, tolerance } => {
                last_number(text).is_some_and(|n| (n - value).abs() <= *tolerance)
            }
            GoldTarget::Exact { answer } => text.trim() == answer,
            GoldTarget::Json { value } => first_json(text).as_ref() == Some(value),
            GoldTarget::Choice { answer, choices } => {
                let words = words(text);
                let mut named = choices.iter().filter(|c| words.contains(&c.to_lowercase()));
                named.next().is_some_and(|c| c == answer) && named.next().is_none()
            }
        }
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .collect()
}

/// The last decimal number in `text`. A sign counts only when no digit or letter precedes it.
fn last_number(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let end = bytes.iter().rposition(u8::is_ascii_digit)? + 1;
    let mut start = end - 1;
    while start > 0 && (bytes[start - 1].is_ascii_digit() || bytes[start - 1] == b'.') {
        start -= 1;
    }
    let signed = start > 0
        && bytes[start - 1] == b'-'
        && !(start > 1 && bytes[start - 2].is_ascii_alphanumeric());
    text[start - usize::from(signed)..end].parse().ok()
}

fn first_json(text: &str) -> Option<serde_json::Value> {
    let start = text.find(['{', '['])?;
    serde_json::Deserializer::from_str(&text[start..])
        .into_iter()
        .next()?
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_reads_the_last_one_with_its_sign() {
        let t = GoldTarget::Number {
            value: -12.5,
            tolerance: 0.01,
        };
        assert!(t.accepts("From 3 we get -12.5."));
        assert!(!t.accepts("-12.6"));
        assert!(!t.accepts("none"));
    }

    #[test]
    fn exact_is_strict_about_extra_words() {
        let t = GoldTarget::Exact {
            answer: "yes".into(),
        };
        assert!(t.accepts(" yes\n"));
        assert!(!t.accepts("yes, because"));
    }

    #[test]
    fn choice_refuses_two_names() {
        let choices = vec!["Ann".to_owned(), "Bo".to_owned()];
        let t = GoldTarget::Choice {
            answer: "Bo".into(),
            choices,
        };
        assert!(t.accepts("It was Bo."));
        assert!(!t.accepts("Ann or Bo"));
        assert!(!t.accepts("Bob"));
    }

    #[test]
    fn json_is_found_after_prose() {
        let t = GoldTarget::Json {
            value: serde_json::json!({"a": 1}),
        };
        assert!(t.accepts("Here: {\"a\": 1} done"));
        assert!(!t.accepts("{\"a\": 2}"));
    }
}
