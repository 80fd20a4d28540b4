//! From a target to its scorer.

use weighbridge_datasets::Target;
use weighbridge_record::Score;

use super::{choice, contains, exact, f1, json, number, regex};

/// How good an answer is, in `[0, 1]`. A wrong or empty answer is 0, never a failure: whether there
/// is an answer at all is known before this is called.
pub fn score(target: &Target, answer: &str) -> Score {
    match target {
        Target::Number { value, tolerance } => number::score(*value, *tolerance, answer),
        Target::Exact {
            answer: right,
            ignore_case,
        } => exact::score(right, *ignore_case, answer),
        Target::Contains { answer: right } => contains::score(right, answer),
        Target::Choice {
            answer: right,
            choices,
        } => choice::score(right, choices, answer),
        Target::Json { value } => json::score(value, answer),
        Target::Regex { pattern } => regex::score(pattern, answer),
        Target::F1 { answer: right } => f1::score(right, answer),
        // That an answer came whole is known before this is called.
        Target::Answered => Score::Value(1.0),
        Target::Recorded { .. } => Score::Unscored(
            "the sample has only recorded scores; a new answer cannot be graded".to_owned(),
        ),
    }
}

/// All or nothing.
pub(super) fn binary(is_right: bool) -> Score {
    Score::Value(if is_right { 1.0 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_target_is_never_graded() {
        let target = Target::Recorded { chance: None };
        assert!(matches!(score(&target, "anything"), Score::Unscored(_)));
    }

    #[test]
    fn long_hostile_text_is_graded() {
        let targets = [
            r#"{"kind":"number","value":1}"#,
            r#"{"kind":"exact","answer":"1","ignore_case":true}"#,
            r#"{"kind":"contains","answer":"zz"}"#,
            r#"{"kind":"choice","answer":"B","choices":["A","B"]}"#,
            r#"{"kind":"json","value":{"a":1}}"#,
            r#"{"kind":"regex","pattern":"(a|b)*c$"}"#,
            r#"{"kind":"f1","answer":"one two"}"#,
            r#"{"kind":"answered"}"#,
        ];
        for piece in [
            "[", "{\"a\":", "1,", "A ", "answer: ", "```", "-", "9", "\u{2212}",
        ] {
            let answer = piece.repeat(100_000 / piece.len());
            for target in targets {
                let target: Target = serde_json::from_str(target).unwrap();
                assert!(score(&target, &answer).value().is_some());
            }
        }
    }
}
