//! Shapes of requests and answers.

use crate::client::{chat, get, post, send};
use serde_json::{Value, json};
use weighbridge_mock::{Fleet, FleetConfig, Outcome, RoleChunk, serve};

const PROMPT: &str = "Compute 12 + 30. Reply with the number only. This sentence is here to make \
    the prompt long enough for several blocks of the prefix cache, which hold sixteen tokens each.";

async fn fast() -> Fleet {
    serve(FleetConfig {
        speed: f64::INFINITY,
        ..FleetConfig::default()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn stream_has_role_tokens_finish_usage_and_done() {
    let fleet = fast().await;
    let extra =
        json!({"stream": true, "logprobs": true, "stream_options": {"include_usage": true}});
    let reply = post(&fleet.base_url("small"), &chat("small", PROMPT, extra)).await;
    assert_eq!(reply.status, 200);
    assert!(reply.complete);
    assert!(
        reply
            .header("content-type")
            .unwrap()
            .starts_with("text/event-stream")
    );
    let events = reply.events();
    assert_eq!(
        events[0]["choices"][0]["delta"],
        json!({"role": "assistant", "content": ""})
    );
    assert_eq!(reply.streamed_text(), "42");
    let token = &events[1]["choices"][0]["logprobs"]["content"][0];
    assert_eq!(token["token"], "42");
    assert!(token["logprob"].as_f64().unwrap() < 0.0);
    let n = events.len();
    assert_eq!(events[n - 3]["choices"][0]["finish_reason"], "stop");
    assert_eq!(events[n - 2]["choices"], json!([]));
    assert_eq!(events[n - 2]["usage"]["completion_tokens"], 1);
    assert_eq!(events[n - 1], Value::Null);
}

#[tokio::test]
async fn usage_is_absent_unless_asked_for() {
    let fleet = fast().await;
    let reply = post(
        &fleet.base_url("small"),
        &chat("small", PROMPT, json!({"stream": true})),
    )
    .await;
    assert!(reply.events().iter().all(|e| e.get("usage").is_none()));
}

#[tokio::test]
async fn whole_answer_and_cached_tokens_on_the_second_request() {
    let fleet = fast().await;
    let base = fleet.base_url("medium");
    let first = post(&base, &chat("medium", PROMPT, json!({}))).await.json();
    assert_eq!(
        first["choices"][0]["message"]["content"],
        "The result is 42."
    );
    assert_eq!(first["choices"][0]["finish_reason"], "stop");
    let usage = |r: &Value| {
        let u = &r["usage"];
        (
            u["prompt_tokens"].as_u64().unwrap(),
            u["prompt_tokens_details"]["cached_tokens"]
                .as_u64()
                .unwrap(),
        )
    };
    let (prompt, cached) = usage(&first);
    assert_eq!(cached, 0);
    let second = post(&base, &chat("medium", PROMPT, json!({}))).await.json();
    assert_eq!(usage(&second), (prompt, (prompt - 1) / 16 * 16));
    assert!(prompt > 32);
    let metrics = get(&base, "/metrics").await.body;
    let line = format!(
        "vllm:prefix_cache_hits_total{{model_name=\"medium\",engine=\"0\"}} {}\n",
        (prompt - 1) / 16 * 16
    );
    assert!(metrics.contains(&line), "{metrics}");
}

#[tokio::test]
async fn salts_and_resets_isolate() {
    let fleet = fast().await;
    let base = fleet.base_url("small");
    let cached = async |salt: &str| {
        let body = chat("small", PROMPT, json!({"cache_salt": salt}));
        post(&base, &body).await.json()["usage"]["prompt_tokens_details"]["cached_tokens"].clone()
    };
    assert_eq!(cached("a").await, 0);
    assert_eq!(cached("b").await, 0);
    assert_ne!(cached("a").await, 0);
    assert_eq!(
        send(&base, "POST", "/reset_prefix_cache", "", "")
            .await
            .status,
        200
    );
    assert_eq!(cached("a").await, 0);
}

#[tokio::test]
async fn errors_have_the_shape_of_openai() {
    let fleet = fast().await;
    let base = fleet.base_url("small");
    let reply = post(&base, &chat("gigantic", "x", json!({}))).await;
    assert_eq!(reply.status, 404);
    assert_eq!(reply.json()["error"]["code"], "model_not_found");
    assert!(
        reply.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("gigantic")
    );
    let reply = send(&base, "POST", "/v1/chat/completions", "", "{not json").await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["error"]["type"], "invalid_request_error");
    assert_eq!(get(&base, "/nowhere").await.status, 404);
}

#[tokio::test]
async fn max_tokens_cuts_and_min_tokens_pads() {
    let fleet = fast().await;
    let base = fleet.base_url("large");
    let cut = post(&base, &chat("large", PROMPT, json!({"max_tokens": 2})))
        .await
        .json();
    assert_eq!(cut["choices"][0]["finish_reason"], "length");
    assert_eq!(cut["usage"]["completion_tokens"], 2);
    let extra = json!({"max_tokens": 64, "min_tokens": 64});
    let full = post(&base, &chat("large", PROMPT, extra)).await.json();
    assert_eq!(full["usage"]["completion_tokens"], 64);
}

#[tokio::test]
async fn models_health_and_ports_per_tier() {
    let config = FleetConfig {
        port_per_tier: true,
        speed: f64::INFINITY,
        ..Default::default()
    };
    let fleet = serve(config).await.unwrap();
    let (small, large) = (fleet.base_url("small"), fleet.base_url("large"));
    assert_ne!(small, large);
    assert_eq!(get(&small, "/health").await.status, 200);
    let ids: Vec<String> = get(&small, "/v1/models").await.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["nano", "small", "medium", "large"]);
    let body = json!({"messages": [{"role": "user", "content": "Compute 2 + 2"}]});
    assert_eq!(post(&large, &body).await.json()["model"], "large");
}

#[tokio::test]
async fn request_ids_come_back_and_join_the_log() {
    let fleet = fast().await;
    let base = fleet.base_url("small");
    let body = chat("small", PROMPT, json!({"stream": true})).to_string();
    let head = "x-request-id: my-7\r\n";
    let reply = send(&base, "POST", "/v1/chat/completions", head, &body).await;
    assert_eq!(reply.header("x-request-id"), Some("my-7"));
    let log = fleet.log();
    assert_eq!(log.len(), 1);
    assert_eq!(
        (log[0].request_id.as_str(), log[0].outcome),
        ("my-7", Outcome::Done)
    );
    let marks = [
        Some(log[0].arrived_us),
        log[0].admitted_us,
        log[0].first_token_us,
    ];
    assert!(marks.is_sorted() && log[0].first_token_us <= Some(log[0].done_us));
    let line: Value = serde_json::from_str(&get(&base, "/debug/log").await.body).unwrap();
    assert_eq!(line["request_id"], "my-7");
}

#[tokio::test]
async fn role_chunk_can_ride_with_the_first_token() {
    let config = FleetConfig {
        role_chunk: RoleChunk::WithFirstToken,
        ..Default::default()
    };
    let fleet = serve(config).await.unwrap();
    let reply = post(
        &fleet.base_url("nano"),
        &chat("nano", PROMPT, json!({"stream": true})),
    )
    .await;
    assert_eq!(
        reply.events()[0]["choices"][0]["delta"]["role"],
        "assistant"
    );
    assert_eq!(reply.streamed_text(), "42");
}

#[tokio::test]
async fn an_event_can_carry_several_tokens() {
    let config = FleetConfig {
        tokens_per_event: 3,
        ..Default::default()
    };
    let fleet = serve(config).await.unwrap();
    let extra = json!({"stream": true, "logprobs": true, "max_tokens": 8, "min_tokens": 8,
        "stream_options": {"include_usage": true}});
    let reply = post(&fleet.base_url("nano"), &chat("nano", PROMPT, extra)).await;
    let count = |e: &Value| {
        e["choices"][0]["logprobs"]["content"]
            .as_array()
            .map(Vec::len)
    };
    let events = reply.events();
    assert_eq!(
        events.iter().filter_map(count).collect::<Vec<_>>(),
        [1, 3, 3, 1]
    );
    assert_eq!(events[events.len() - 2]["usage"]["completion_tokens"], 8);
}

#[tokio::test]
async fn torn_events_arrive_whole() {
    let fleet = serve(FleetConfig {
        split_events: true,
        ..Default::default()
    })
    .await
    .unwrap();
    let body = chat("medium", PROMPT, json!({"stream": true}));
    let reply = post(&fleet.base_url("medium"), &body).await;
    assert_eq!(reply.streamed_text(), "The result is 42.");
    assert!(reply.complete && reply.body.ends_with("data: [DONE]\n\n"));
}

#[tokio::test]
async fn shutdown_lets_an_open_stream_finish_and_frees_the_port() {
    let fleet = serve(FleetConfig {
        speed: 0.2,
        ..Default::default()
    })
    .await
    .unwrap();
    let (addr, base) = (fleet.addr(), fleet.base_url("large"));
    let body = chat("large", PROMPT, json!({"stream": true}));
    let job = tokio::spawn(async move { post(&base, &body).await });
    while fleet_is_idle(&fleet).await {}
    fleet.shutdown().await;
    assert!(job.await.unwrap().body.ends_with("data: [DONE]\n\n"));
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}

async fn fleet_is_idle(fleet: &Fleet) -> bool {
    let metrics = get(&fleet.base_url("large"), "/metrics").await.body;
    metrics.contains("vllm:num_requests_running{model_name=\"large\",engine=\"0\"} 0")
}
