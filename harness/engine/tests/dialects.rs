//! Every wire format against the embedded fleet, over a socket: success, usage, cache, reasoning,
//! tool calls, probabilities, limits, and errors before and inside a stream.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::sync::Arc;

use serde_json::{Value, json};
use weighbridge_datasets::{Message, Role};
use weighbridge_engine::{
    Backend, Call, Clock, Dialect, HttpBackend, HttpConfig, PromptCache, Reply,
};
use weighbridge_mock::fault::{Fault, FaultRule};
use weighbridge_mock::{ChoiceReport, Fleet, FleetConfig, Gateway, serve};
use weighbridge_record::{Attempt, AttemptErrorKind, TokenSource};

/// Long enough for the prefix cache, which keeps whole blocks of tokens.
const SYSTEM: &str = "You are careful with numbers. Read the question twice before you answer it. \
    Say what you did in one short sentence. Do not add anything that was not asked for. If a number \
    is missing, say that it is missing. Use digits for numbers. Keep to the units of the question. \
    Do not round unless you are told to. Give the final number last.";

/// One format and what its requests need.
struct Row {
    dialect: Dialect,
    /// Path of the base address.
    base: &'static str,
    /// Body fields that make the model think aloud; `null` where it cannot.
    think: Value,
    /// Body fields that demand a tool call; `null` where it cannot.
    tool: Value,
}

fn rows() -> Vec<Row> {
    let tools = json!([{"type": "function", "name": "answer"}]);
    let row = |dialect, base, think, tool| Row {
        dialect,
        base,
        think,
        tool,
    };
    let chat_tool = json!({"tools": tools, "tool_choice": "required"});
    let think = json!({"reasoning_effort": "low"});
    vec![
        row(Dialect::Vllm, "/v1", think.clone(), chat_tool.clone()),
        row(Dialect::Openai, "", think, chat_tool.clone()),
        row(
            Dialect::OpenaiResponses,
            "",
            json!({"reasoning": {"effort": "low"}}),
            chat_tool,
        ),
        row(
            Dialect::Anthropic,
            "",
            json!({"thinking": {"type": "adaptive"}}),
            json!({"tools": tools, "tool_choice": {"type": "any"}}),
        ),
        row(
            Dialect::Gemini,
            "",
            json!({"generationConfig": {"thinkingConfig": {"includeThoughts": true}}}),
            json!({"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}),
        ),
        row(
            Dialect::Vertex,
            "/v1beta1/projects/p/locations/l",
            json!({"generationConfig": {"thinkingConfig": {"includeThoughts": true}}}),
            Value::Null,
        ),
        row(Dialect::Tgi, "/tiers/medium", Value::Null, Value::Null),
        row(
            Dialect::Ollama,
            "",
            json!({"think": true}),
            json!({"tools": tools}),
        ),
    ]
}

async fn fleet(change: impl FnOnce(&mut FleetConfig)) -> Fleet {
    let mut config = FleetConfig {
        speed: 50.0,
        limit_headers: true,
        ..FleetConfig::default()
    };
    change(&mut config);
    serve(config).await.unwrap()
}

fn client(row: &Row, fleet: &Fleet, change: impl FnOnce(&mut HttpConfig)) -> HttpBackend {
    let url = format!("http://{}{}", fleet.addr(), row.base);
    let mut config = HttpConfig::new(url, "medium", row.dialect);
    config.record_gaps = true;
    change(&mut config);
    HttpBackend::new(config).unwrap()
}

fn with_extra(extra: &Value) -> impl FnOnce(&mut HttpConfig) + use<'_> {
    |config| config.extra = extra.as_object().unwrap().clone()
}

async fn ask(backend: &HttpBackend, prompt: &str) -> Reply {
    let model: Arc<str> = "m".into();
    let message = |role, content: &str| Message {
        role,
        content: content.to_owned(),
    };
    let messages = [message(Role::System, SYSTEM), message(Role::User, prompt)];
    let call = Call {
        model: &model,
        sample: "s",
        messages: &messages,
        max_output_tokens: Some(64),
        confidence: true,
        cache_salt: None,
        seed: Some(1),
        try_number: 0,
    };
    backend.send(call, Clock::start()).await
}

fn ok(reply: &Reply, what: &str) -> Attempt {
    assert!(reply.answer.is_some(), "{what}: {:?}", reply.attempt.error);
    reply.attempt.clone()
}

#[tokio::test]
async fn every_format_streams_and_answers_whole() {
    let fleet = fleet(|_| {}).await;
    for row in rows() {
        let name = row.dialect.as_str();
        let mut answers = Vec::new();
        for stream in [true, false] {
            let backend = client(&row, &fleet, |config| config.stream = stream);
            let reply = ask(&backend, "Compute 12 + 30.").await;
            let attempt = ok(&reply, name);
            let answer = reply.answer.unwrap();
            assert!(answer.contains("42"), "{name}: {answer}");
            answers.push(answer);
            assert_eq!(attempt.usage.source, TokenSource::Server, "{name}");
            assert!(attempt.usage.total_input().unwrap() > 80, "{name}");
            assert!(attempt.usage.output_tokens.unwrap() > 2, "{name}");
            assert!(
                attempt.finish.is_some() && attempt.request_id.is_some(),
                "{name}"
            );
            assert!(attempt.first_token_ms <= attempt.last_token_ms, "{name}");
            // Only Anthropic has no probabilities.
            let is_sure = attempt.confidence.is_some_and(|c| c > 0.0 && c <= 1.0);
            assert_eq!(is_sure, row.dialect != Dialect::Anthropic, "{name}");
            if stream {
                assert!(attempt.chunks.unwrap() > 2, "{name}");
                assert_eq!(attempt.gaps.len() as u32, attempt.chunks.unwrap(), "{name}");
            }
        }
        assert_eq!(answers[0], answers[1], "{name}");
    }
}

#[tokio::test]
async fn the_server_and_the_client_agree_about_tokens() {
    let fleet = fleet(|_| {}).await;
    for row in rows() {
        let name = row.dialect.as_str();
        let backend = client(&row, &fleet, |_| {});
        let usage = ok(&ask(&backend, "Compute 1 + 1.").await, name).usage;
        let record = fleet.log().pop().unwrap();
        assert_eq!(
            usage.total_input(),
            Some(record.prompt_tokens as u64),
            "{name}"
        );
        assert_eq!(
            usage.total_output(),
            Some(record.completion_tokens as u64),
            "{name}"
        );
    }
}

#[tokio::test]
async fn cached_tokens_are_told_where_the_format_can() {
    let fleet = fleet(|_| {}).await;
    for row in rows() {
        let name = row.dialect.as_str();
        let is_marked = row.dialect == Dialect::Anthropic;
        fleet.reset_prefix_caches();
        let backend = client(&row, &fleet, |config| {
            if is_marked {
                config.prompt_cache = PromptCache::Breakpoints;
            }
        });
        let cold = ok(&ask(&backend, "Compute 2 + 2.").await, name).usage;
        let warm = ok(&ask(&backend, "Compute 2 + 2.").await, name).usage;
        match row.dialect {
            // They never say.
            Dialect::Tgi | Dialect::Ollama => {
                assert_eq!(warm.cache_read_tokens, None, "{name}");
                continue;
            }
            _ => {}
        }
        assert_eq!(cold.cache_read_tokens.unwrap_or(0), 0, "{name}");
        let read = warm.cache_read_tokens.unwrap();
        assert!(read > 40, "{name}: {read}");
        assert_eq!(warm.total_input(), cold.total_input(), "{name}");
        assert_eq!(
            fleet.log().pop().unwrap().cached_tokens as u64,
            read,
            "{name}"
        );
        if is_marked {
            assert_eq!(cold.cache_write_tokens, cold.total_input());
            assert_eq!(cold.input_tokens, Some(0));
        }
    }
}

#[tokio::test]
async fn a_cache_that_is_off_is_cold_every_time() {
    let fleet = fleet(|_| {}).await;
    for row in rows() {
        let name = row.dialect.as_str();
        if PromptCache::Off.check(row.dialect).is_err() {
            continue;
        }
        let backend = client(&row, &fleet, |config| {
            config.prompt_cache = PromptCache::Off
        });
        for _ in 0..2 {
            ok(&ask(&backend, "Compute 3 + 3.").await, name);
            assert_eq!(fleet.log().pop().unwrap().cached_tokens, 0, "{name}");
        }
    }
}

#[tokio::test]
async fn reasoning_comes_first_and_is_counted_apart() {
    let fleet = fleet(|_| {}).await;
    for row in rows().into_iter().filter(|row| !row.think.is_null()) {
        let name = row.dialect.as_str();
        for stream in [true, false] {
            let backend = client(&row, &fleet, |config| {
                with_extra(&row.think)(config);
                config.stream = stream;
            });
            let reply = ask(&backend, "Compute 12 + 30.").await;
            let attempt = ok(&reply, name);
            // Thoughts are no part of the answer.
            let answer = reply.answer.unwrap();
            assert!(
                answer.contains("42") && !answer.contains("think"),
                "{name}: {answer}"
            );
            assert!(attempt.first_reasoning_ms.is_some(), "{name}");
            if stream {
                assert_eq!(attempt.first_token_ms, attempt.first_reasoning_ms, "{name}");
                // Absent where both came in one read.
                let text_ms = attempt.first_text_ms;
                assert!(
                    text_ms.is_none_or(|t| Some(t) > attempt.first_reasoning_ms),
                    "{name}"
                );
            }
            // Ollama counts thoughts as output and says no more.
            let expected = (row.dialect != Dialect::Ollama).then_some(4);
            assert_eq!(attempt.usage.reasoning_tokens, expected, "{name}");
        }
    }
}

#[tokio::test]
async fn a_tool_call_is_a_first_token_too() {
    let fleet = fleet(|_| {}).await;
    for row in rows().into_iter().filter(|row| !row.tool.is_null()) {
        let name = row.dialect.as_str();
        for stream in [true, false] {
            let backend = client(&row, &fleet, |config| {
                with_extra(&row.tool)(config);
                config.stream = stream;
            });
            let reply = ask(&backend, "Compute 12 + 30.").await;
            let attempt = ok(&reply, name);
            let answer = reply.answer.unwrap();
            assert!(answer.contains("42"), "{name}: {answer}");
            assert_eq!(attempt.first_tool_ms, attempt.first_token_ms, "{name}");
            assert_eq!(attempt.first_text_ms, None, "{name}");
        }
    }
}

#[tokio::test]
async fn limits_are_read_from_headers() {
    let fleet = fleet(|_| {}).await;
    for row in rows() {
        let backend = client(&row, &fleet, |_| {});
        let attempt = ok(&ask(&backend, "Compute 4 + 4.").await, row.dialect.as_str());
        let said = attempt.server.unwrap_or_default();
        let has_limits = matches!(
            row.dialect,
            Dialect::Vllm | Dialect::Openai | Dialect::OpenaiResponses | Dialect::Anthropic
        );
        let left = (said.requests.remaining, said.tokens.remaining);
        let expected = has_limits.then_some(49);
        assert_eq!(left, (expected, expected.map(|_| 39_000)));
    }
}

#[tokio::test]
async fn errors_before_and_inside_a_stream_are_told_apart() {
    use AttemptErrorKind::{ErrorEvent, RateLimited, Rejected, Reset, Server};
    for row in rows() {
        let name = row.dialect.as_str();
        let cut = Fault::Cut { after_tokens: 2 };
        let event = Fault::ErrorEvent { after_tokens: 2 };
        for (fault, kind) in [
            (Fault::TooManyRequests { retry_after_s: 3 }, RateLimited),
            (Fault::ServerError, Server),
            (Fault::Unavailable, Server),
            (cut, Reset),
            (event, ErrorEvent),
        ] {
            let fleet = fleet(|config| config.faults = vec![FaultRule::every(1, fault)]).await;
            let backend = client(&row, &fleet, |_| {});
            let reply = ask(&backend, "Compute 5 + 5.").await;
            let error = reply.attempt.error.as_ref().unwrap();
            assert_eq!(error.kind, kind, "{name} {fault:?}: {}", error.message);
            assert!(reply.answer.is_none());
            if kind == RateLimited {
                assert_eq!(reply.retry_after.unwrap().as_secs(), 3);
            }
            if kind != Reset {
                assert!(
                    error.message.contains("scripted"),
                    "{name}: {}",
                    error.message
                );
            }
        }
        let fleet = fleet(|_| {}).await;
        let backend = client(&row, &fleet, |config| config.model = "absent".to_owned());
        let reply = ask(&backend, "Compute 5 + 5.").await;
        // TGI serves one model and asks for none.
        if row.dialect != Dialect::Tgi {
            let error = reply.attempt.error.unwrap();
            assert_eq!((error.kind, error.status), (Rejected, Some(404)), "{name}");
            assert!(
                error.message.contains("absent"),
                "{name}: {}",
                error.message
            );
        }
    }
}

#[tokio::test]
async fn torn_events_and_many_tokens_a_chunk_change_nothing() {
    let plain = fleet(|_| {}).await;
    let torn = fleet(|config| {
        config.split_events = true;
        config.tokens_per_event = 4;
    })
    .await;
    for row in rows() {
        let name = row.dialect.as_str();
        let one = ask(&client(&row, &plain, |_| {}), "Compute 6 + 6.").await;
        let other = ask(&client(&row, &torn, |_| {}), "Compute 6 + 6.").await;
        assert_eq!(one.answer, other.answer, "{name}");
        let (one, other) = (ok(&one, name), ok(&other, name));
        assert_eq!(
            one.usage.total_output(),
            other.usage.total_output(),
            "{name}"
        );
        let confidence = (
            one.confidence.unwrap_or(0.0),
            other.confidence.unwrap_or(0.0),
        );
        assert!(
            (confidence.0 - confidence.1).abs() < 1e-9,
            "{name}: {confidence:?}"
        );
    }
}

#[tokio::test]
async fn the_choice_of_a_gateway_is_read_where_it_is_reported() {
    for (dialect, report, from) in [
        (
            Dialect::Litellm,
            ChoiceReport::Litellm,
            Some("x-litellm-model-name"),
        ),
        (
            Dialect::SemanticRouter,
            ChoiceReport::SemanticRouter,
            Some("x-vsr-selected-model"),
        ),
        (Dialect::Routellm, ChoiceReport::Body, Some("body")),
        (Dialect::Openrouter, ChoiceReport::Body, Some("body")),
        (Dialect::EnvoyAi, ChoiceReport::Nowhere, None),
    ] {
        let fleet = fleet(|config| {
            config.gateway = Some(Gateway {
                alias: "auto".to_owned(),
                tier: "large".to_owned(),
                report,
            });
        })
        .await;
        let url = format!("http://{}/v1", fleet.addr());
        let backend = HttpBackend::new(HttpConfig::new(url, "auto", dialect)).unwrap();
        let attempt = ok(&ask(&backend, "Compute 7 + 7.").await, dialect.as_str());
        let said = attempt.server.unwrap();
        let served = said.served_model.unwrap();
        assert_eq!(served.is_alias, from.is_none(), "{served:?}");
        if let Some(from) = from {
            assert_eq!((&*served.name, &*served.from), ("large", from));
        }
        let overhead = (dialect == Dialect::Litellm).then_some(1.5);
        assert_eq!(said.gateway_ms, overhead);
        assert_eq!(fleet.log().pop().unwrap().tier, "large");
    }
}
