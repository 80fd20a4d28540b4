//! Scripted misbehaviour as a client sees it.

use crate::client::{Reply, chat, post};
use serde_json::json;
use weighbridge_mock::fault::{Fault, FaultRule};
use weighbridge_mock::{Fleet, FleetConfig, Outcome, serve};

const PROMPT: &str = "Compute 12 + 30.";

async fn fleet(fault: Fault) -> Fleet {
    let faults = vec![FaultRule::every(2, fault)];
    serve(FleetConfig {
        speed: f64::INFINITY,
        faults,
        ..Default::default()
    })
    .await
    .unwrap()
}

/// The first request is spared, the second is struck.
async fn second(fleet: &Fleet, stream: bool) -> Reply {
    let base = fleet.base_url("medium");
    let body = chat("medium", PROMPT, json!({"stream": stream}));
    assert!(post(&base, &body).await.body.contains("42"));
    post(&base, &body).await
}

#[tokio::test]
async fn rate_limit_carries_retry_after() {
    let fleet = fleet(Fault::TooManyRequests { retry_after_s: 3 }).await;
    let reply = second(&fleet, true).await;
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (429, Some("3"))
    );
    assert_eq!(reply.json()["error"]["code"], "rate_limit_exceeded");
    assert_eq!(fleet.log()[1].outcome, Outcome::Refused);
}

#[tokio::test]
async fn server_errors_have_their_status() {
    assert_eq!(
        second(&fleet(Fault::ServerError).await, false).await.status,
        500
    );
    assert_eq!(
        second(&fleet(Fault::Unavailable).await, false).await.status,
        503
    );
}

#[tokio::test]
async fn a_cut_stream_has_no_end() {
    let fleet = fleet(Fault::Cut { after_tokens: 2 }).await;
    let reply = second(&fleet, true).await;
    assert_eq!((reply.status, reply.complete), (200, false));
    assert_eq!(reply.streamed_text(), "The result");
    assert!(!reply.body.contains("[DONE]"));
    assert_eq!(fleet.log()[1].outcome, Outcome::Broken);
}

#[tokio::test]
async fn a_cut_whole_answer_is_half_a_document() {
    let fleet = fleet(Fault::Cut { after_tokens: 2 }).await;
    let reply = second(&fleet, false).await;
    assert!(!reply.complete && serde_json::from_str::<serde_json::Value>(&reply.body).is_err());
}

#[tokio::test]
async fn an_error_event_comes_under_status_200() {
    let fleet = fleet(Fault::ErrorEvent { after_tokens: 1 }).await;
    let reply = second(&fleet, true).await;
    assert_eq!((reply.status, reply.complete), (200, true));
    let events = reply.events();
    assert!(events[events.len() - 2]["error"]["message"].is_string());
    assert!(
        events
            .iter()
            .all(|e| e["choices"][0]["finish_reason"].is_null())
    );
}

#[tokio::test]
async fn stalls_delay_and_still_deliver() {
    let headers = fleet(Fault::StallHeaders { ms: 30 }).await;
    assert!(
        second(&headers, true)
            .await
            .body
            .ends_with("data: [DONE]\n\n")
    );
    let stream = fleet(Fault::StallStream {
        after_tokens: 1,
        ms: 30,
    })
    .await;
    assert_eq!(
        second(&stream, true).await.streamed_text(),
        "The result is 42."
    );
    let record = &stream.log()[1];
    assert!(record.done_us - record.admitted_us.unwrap() >= 30_000);
}
