//! First tokens that are no text: thoughts and tool calls.

use crate::asking::{answered, asking, fleet};
use crate::feature::Feature;
use crate::table::rows;

#[tokio::test]
async fn thoughts_come_first_and_are_counted_apart() {
    for row in rows() {
        let name = row.name;
        let fleet = fleet(&row, |_| {}).await;
        for stream in [true, false] {
            let backend = asking(&row, &fleet, &row.think, stream);
            let (answer, attempt) = answered(&row, &backend, "Compute 12 + 30.").await;
            // Thoughts are no part of the answer.
            assert!(
                answer.contains("42") && !answer.contains("think"),
                "{name}: {answer}"
            );
            let is_shown = row.has(Feature::Thoughts);
            assert_eq!(attempt.first_reasoning_ms.is_some(), is_shown, "{name}");
            if stream && is_shown {
                assert_eq!(attempt.first_token_ms, attempt.first_reasoning_ms, "{name}");
                // Absent where both came in one read.
                let text_ms = attempt.first_text_ms;
                assert!(
                    text_ms.is_none_or(|t| Some(t) > attempt.first_reasoning_ms),
                    "{name}"
                );
            }
            let tokens = row.has(Feature::ThoughtTokens).then_some(4);
            let counted = attempt.usage.reasoning_tokens;
            // A wire that counts none at all may say so.
            assert!(
                counted == tokens || tokens.is_none() && counted == Some(0),
                "{name}: {counted:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_tool_call_is_a_first_token_too() {
    for row in rows() {
        let name = row.name;
        let fleet = fleet(&row, |_| {}).await;
        for stream in [true, false] {
            let backend = asking(&row, &fleet, &row.tool, stream);
            let (answer, attempt) = answered(&row, &backend, "Compute 12 + 30.").await;
            assert!(answer.contains("42"), "{name}: {answer}");
            if row.has(Feature::Tool) {
                assert!(attempt.first_tool_ms.is_some(), "{name}");
                assert_eq!(attempt.first_tool_ms, attempt.first_token_ms, "{name}");
                assert_eq!(attempt.first_text_ms, None, "{name}");
            } else {
                assert_eq!(attempt.first_tool_ms, None, "{name}");
            }
        }
    }
}
