//! Answers and their token counts.

use serde_json::Value;
use weighbridge_record::TokenSource;

use crate::asking::{answered, asking, config, fleet};
use crate::feature::Feature;
use crate::table::rows;

const PROMPT: &str = "Compute 12 + 30.";

#[tokio::test]
async fn a_stream_and_a_whole_answer_say_the_same() {
    for row in rows() {
        let name = row.name;
        let fleet = fleet(&row, |_| {}).await;
        let mut answers = Vec::new();
        for stream in [true, false] {
            let backend = asking(&row, &fleet, &Value::Null, stream);
            let (answer, attempt) = answered(&row, &backend, PROMPT).await;
            assert!(answer.contains("42"), "{name}: {answer}");
            answers.push(answer);
            assert!(
                attempt.finish.is_some() && attempt.request_id.is_some(),
                "{name}"
            );
            assert!(attempt.first_token_ms <= attempt.last_token_ms, "{name}");
            if stream {
                assert!(attempt.chunks.unwrap() > 2, "{name}");
                assert_eq!(attempt.gaps.len() as u32, attempt.chunks.unwrap(), "{name}");
            }
        }
        assert_eq!(answers[0], answers[1], "{name}");
    }
}

#[tokio::test]
async fn client_and_server_count_the_same_tokens() {
    for row in rows() {
        let name = row.name;
        let fleet = fleet(&row, |_| {}).await;
        for stream in [true, false] {
            let backend = asking(&row, &fleet, &Value::Null, stream);
            let (_, attempt) = answered(&row, &backend, PROMPT).await;
            let (usage, record) = (attempt.usage, fleet.log().pop().unwrap());
            // Only streams can lack them.
            let is_counted = !stream || row.has(Feature::Usage);
            let expected = if is_counted {
                TokenSource::Server
            } else {
                TokenSource::Estimated
            };
            assert_eq!(usage.source, expected, "{name}");
            if is_counted {
                let counted = (usage.total_input(), usage.total_output());
                let served = (record.prompt_tokens as u64, record.completion_tokens as u64);
                assert_eq!(counted, (Some(served.0), Some(served.1)), "{name}");
            }
        }
    }
}

#[tokio::test]
async fn torn_events_and_many_tokens_a_chunk_change_nothing() {
    for row in rows() {
        let name = row.name;
        let plain = fleet(&row, |_| {}).await;
        let torn = fleet(&row, |config| {
            config.split_events = true;
            config.tokens_per_event = 4;
        })
        .await;
        let client = |fleet| weighbridge_engine::HttpBackend::new(config(&row, fleet)).unwrap();
        let (text, one) = answered(&row, &client(&plain), PROMPT).await;
        let (torn_text, other) = answered(&row, &client(&torn), PROMPT).await;
        assert_eq!(text, torn_text, "{name}");
        let tokens =
            |a: &weighbridge_record::Attempt| (a.usage.total_input(), a.usage.total_output());
        if row.has(Feature::Usage) {
            assert_eq!(tokens(&one), tokens(&other), "{name}");
        }
    }
}
