//! The bytes of the formats beside Chat Completions.

use crate::client::{Reply, get, send};
use serde_json::{Value, json};
use weighbridge_mock::{Fleet, FleetConfig, serve};

const PROMPT: &str = "Compute 12 + 30.";

async fn fleet() -> Fleet {
    serve(FleetConfig {
        speed: f64::INFINITY,
        ..Default::default()
    })
    .await
    .unwrap()
}

async fn post(fleet: &Fleet, path: &str, body: &Value) -> Reply {
    send(
        &fleet.base_url("medium"),
        "POST",
        path,
        "",
        &body.to_string(),
    )
    .await
}

/// Names and data of server-sent events; comments are left out.
fn events(reply: &Reply) -> Vec<(String, Value)> {
    let blocks = reply.body.split("\n\n").filter(|b| b.contains("data:"));
    blocks
        .map(|block| {
            let field = |name: &str| block.lines().find_map(|l| l.strip_prefix(name));
            let data = field("data:").unwrap();
            let name = field("event: ").unwrap_or_default();
            (name.to_owned(), serde_json::from_str(data).unwrap())
        })
        .collect()
}

fn names(reply: &Reply) -> Vec<String> {
    let mut names: Vec<_> = events(reply).into_iter().map(|(name, _)| name).collect();
    names.dedup();
    names
}

#[tokio::test]
async fn anthropic_events_come_in_their_order() {
    let fleet = fleet().await;
    let body = json!({"model":"medium","max_tokens":32,"stream":true,
        "system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],
        "messages":[{"role":"user","content":[{"type":"text","text":PROMPT}]}]});
    let reply = post(&fleet, "/v1/messages", &body).await;
    let order = [
        "ping",
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(names(&reply), order);
    let all = events(&reply);
    assert!(all.iter().all(|(name, data)| data["type"] == name.as_str()));
    let usage = &all[1].1["message"]["usage"];
    assert_eq!(usage["input_tokens"], 0);
    assert!(usage["cache_creation_input_tokens"].as_u64().unwrap() > 0);
    assert_eq!(all[all.len() - 2].1["delta"]["stop_reason"], "end_turn");
    // It demands a limit.
    let bare = json!({"model":"medium","messages":[{"role":"user","content":PROMPT}]});
    let refused = post(&fleet, "/v1/messages", &bare).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["error"]["type"], "invalid_request_error");
}

#[tokio::test]
async fn responses_events_are_named_and_numbered() {
    let fleet = fleet().await;
    let body = json!({"model":"medium","input":PROMPT,"stream":true,"max_output_tokens":2});
    let reply = post(&fleet, "/v1/responses", &body).await;
    let order = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.output_text.delta",
        "response.incomplete",
    ];
    assert_eq!(names(&reply), order);
    for (i, (name, data)) in events(&reply).iter().enumerate() {
        assert_eq!(data["type"], name.as_str());
        assert_eq!(data["sequence_number"], i);
    }
    let last = events(&reply).pop().unwrap().1;
    assert_eq!(
        last["response"]["incomplete_details"]["reason"],
        "max_output_tokens"
    );
    assert_eq!(last["response"]["usage"]["output_tokens"], 2);
}

#[tokio::test]
async fn gemini_ends_without_a_terminator() {
    let fleet = fleet().await;
    let body = json!({"contents":[{"role":"user","parts":[{"text":PROMPT}]}]});
    let path = "/v1beta/models/medium:streamGenerateContent?alt=sse";
    let reply = post(&fleet, path, &body).await;
    assert!(reply.complete && !reply.body.contains("[DONE]"));
    let text = reply.body.replace("\r\n", "\n");
    let last = text.trim_end().rsplit("data: ").next().unwrap();
    let last: Value = serde_json::from_str(last).unwrap();
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    assert!(last["usageMetadata"]["promptTokenCount"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn tgi_and_ollama_close_with_counts() {
    let fleet = fleet().await;
    let body = json!({"inputs":PROMPT,"parameters":{"details":true}});
    let reply = post(&fleet, "/tiers/medium/generate_stream", &body).await;
    let (last, before) = events(&reply)
        .split_last()
        .map(|(l, b)| (l.clone(), b.len()))
        .unwrap();
    assert!(last.1["generated_text"].as_str().unwrap().contains("42"));
    assert_eq!(last.1["details"]["generated_tokens"], before);
    // Lines stream unless told otherwise.
    let body = json!({"model":"medium","messages":[{"role":"user","content":PROMPT}]});
    let reply = post(&fleet, "/api/chat", &body).await;
    let lines = reply.body.lines().map(|l| serde_json::from_str(l).unwrap());
    let lines: Vec<Value> = lines.collect();
    assert!(lines.len() > 2 && lines.iter().rev().skip(1).all(|l| l["done"] == false));
    assert_eq!(lines.last().unwrap()["done_reason"], "stop");
}

#[tokio::test]
async fn every_format_lists_the_tiers() {
    let fleet = fleet().await;
    let base = fleet.base_url("medium");
    for (path, pointer, name) in [
        ("/v1/models", "/data/0/id", "nano"),
        ("/openai/v1/models", "/data/0/id", "nano"),
        ("/v1beta/models", "/models/0/name", "models/nano"),
        ("/api/tags", "/models/0/name", "nano"),
        ("/tiers/large/info", "/model_id", "large"),
    ] {
        let list = get(&base, path).await.json();
        assert_eq!(list.pointer(pointer).unwrap(), name, "{path}");
    }
}
