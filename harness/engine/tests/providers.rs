//! The relatives of Chat Completions, each from a stream as its provider sends it, over a socket:
//! where it is asked, with which key, and where it puts usage, reasoning, ids and errors.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use weighbridge_datasets::{Message, Role};
use weighbridge_engine::{ApiKey, Backend, Call, Clock, Dialect, HttpBackend, HttpConfig, Reply};
use weighbridge_record::{Attempt, AttemptErrorKind};

/// Serves one request with these headers and this body; gives back what was asked.
async fn serve_once(headers: &str, body: &str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n{headers}\r\n{body}"
    );
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let request = read_request(&mut socket).await;
        // In two writes that tear an event in the middle.
        let (a, b) = reply.as_bytes().split_at(reply.len() * 2 / 3);
        socket.write_all(a).await.unwrap();
        socket.flush().await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        socket.write_all(b).await.unwrap();
        request
    });
    (address, served)
}

async fn read_request(socket: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let n = socket.read(&mut buffer).await.unwrap();
        request.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|l| l.strip_prefix("content-length: "));
        if n == 0 || body.len() >= length.unwrap().parse().unwrap() {
            return text;
        }
    }
}

async fn ask(dialect: Dialect, prefix: &str, headers: &str, body: &str) -> (Reply, String) {
    let (address, served) = serve_once(headers, body).await;
    let mut config = HttpConfig::new(format!("http://{address}{prefix}"), "m", dialect);
    config.api_key = Some(ApiKey::new("k-1"));
    config.record_gaps = true;
    let backend = HttpBackend::new(config).unwrap();
    let model: Arc<str> = "m".into();
    let messages = [Message {
        role: Role::User,
        content: "2+2?".to_owned(),
    }];
    let call = Call {
        model: &model,
        sample: "s",
        messages: &messages,
        max_output_tokens: Some(9),
        confidence: true,
        cache_salt: Some("salt"),
        seed: Some(5),
        try_number: 0,
    };
    let reply = backend.send(call, Clock::start()).await;
    (reply, served.await.unwrap())
}

async fn answered(dialect: Dialect, prefix: &str, headers: &str, body: &str) -> (Attempt, String) {
    let (reply, request) = ask(dialect, prefix, headers, body).await;
    let name = dialect.as_str();
    assert_eq!(
        reply.answer.as_deref(),
        Some("4"),
        "{name}: {:?}",
        reply.attempt.error
    );
    (reply.attempt, request)
}

fn kind(reply: &Reply) -> AttemptErrorKind {
    reply.attempt.error.as_ref().unwrap().kind
}

const FOUR: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"4\"}}]}\n\n";
const STOP: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

#[tokio::test]
async fn azure_filters_the_prompt_first() {
    let body = format!(
        "data: {{\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"prompt_filter_results\":[{{}}]}}\n\n\
         data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"role\":\"assistant\",\"content\":\"\"}}}}],\"model\":\"gpt-x-2026\"}}\n\n\
         {FOUR}data: {{\"choices\":[{{\"content_filter_offsets\":{{}},\"finish_reason\":null,\"index\":0}}]}}\n\n{STOP}\
         data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":10,\"completion_tokens\":1,\"prompt_tokens_details\":{{\"cached_tokens\":4}}}}}}\n\n{DONE}"
    );
    let headers = "apim-request-id: az-1\r\nretry-after-ms: 5\r\n";
    let (attempt, request) =
        answered(Dialect::Azure, "/openai/deployments/d", headers, &body).await;
    assert!(request.starts_with("POST /openai/deployments/d/chat/completions "));
    assert!(request.contains("api-key: k-1") && !request.contains("Bearer"));
    assert!(request.contains("\"max_completion_tokens\":9"));
    assert_eq!(attempt.chunks, Some(1));
    assert_eq!(attempt.usage.cache_read_tokens, Some(4));
    assert_eq!(attempt.request_id.as_deref(), Some("az-1"));
    assert_eq!(
        attempt.server.unwrap().served_model.unwrap().name,
        "gpt-x-2026"
    );
}

#[tokio::test]
async fn deepseek_keeps_alive_and_begins_with_empty_reasoning() {
    let usage = "\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":7,\"prompt_cache_hit_tokens\":8,\"prompt_cache_miss_tokens\":2,\"completion_tokens_details\":{\"reasoning_tokens\":6}}";
    let body = format!(
        ": keep-alive\n\n: keep-alive\n\n\
         data: {{\"choices\":[{{\"delta\":{{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"\"}}}}]}}\n\n\
         data: {{\"choices\":[{{\"delta\":{{\"content\":null,\"reasoning_content\":\"hm\"}}}}]}}\n\n{FOUR}\
         data: {{\"choices\":[{{\"delta\":{{\"content\":\"\"}},\"finish_reason\":\"stop\"}}],{usage}}}\n\n\
         data: {{\"choices\":[],{usage}}}\n\n{DONE}"
    );
    let headers = "x-deepseek-request-id: ds-1\r\n";
    let (attempt, request) = answered(Dialect::Deepseek, "", headers, &body).await;
    assert!(request.starts_with("POST /chat/completions "));
    assert!(request.contains("\"user_id\":\"salt\""));
    assert_eq!(attempt.chunks, Some(2));
    assert_eq!(attempt.first_token_ms, attempt.first_reasoning_ms);
    assert_eq!(attempt.usage.input_tokens, Some(2));
    assert_eq!(attempt.usage.cache_read_tokens, Some(8));
    assert_eq!(
        (attempt.usage.output_tokens, attempt.usage.reasoning_tokens),
        (Some(1), Some(6))
    );
    assert_eq!(attempt.request_id.as_deref(), Some("ds-1"));
    let full = format!(
        "{FOUR}data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"insufficient_system_resource\"}}]}}\n\n{DONE}"
    );
    let (reply, _) = ask(Dialect::Deepseek, "", "", &full).await;
    assert_eq!(kind(&reply), AttemptErrorKind::ErrorEvent);
}

#[tokio::test]
async fn groq_counts_in_a_field_of_its_own() {
    let body = format!(
        "data: {{\"choices\":[{{\"delta\":{{\"role\":\"assistant\",\"content\":\"\"}}}}],\"x_groq\":{{\"id\":\"req_1\"}}}}\n\n\
         data: {{\"choices\":[{{\"delta\":{{\"reasoning\":\"hm\"}}}}]}}\n\n{FOUR}\
         data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"stop\"}}],\"x_groq\":{{\"id\":\"req_1\",\"usage\":{{\"queue_time\":0.1,\"prompt_tokens\":10,\"completion_tokens\":3,\"prompt_tokens_details\":{{\"cached_tokens\":4}}}}}}}}\n\n{DONE}"
    );
    let headers = "x-request-id: g-1\r\nx-ratelimit-limit-requests: 14400\r\n\
        x-ratelimit-remaining-tokens: 17997\r\nx-ratelimit-reset-tokens: 7.66s\r\n";
    let (attempt, request) = answered(Dialect::Groq, "/openai/v1", headers, &body).await;
    assert!(request.starts_with("POST /openai/v1/chat/completions "));
    assert!(!request.contains("logprobs"), "it has none");
    assert_eq!(attempt.usage.cache_read_tokens, Some(4));
    let said = attempt.server.unwrap();
    assert_eq!(said.requests.limit, Some(14_400));
    assert_eq!(said.tokens.reset_ms, Some(7660.0));
    let early = format!(
        "{FOUR}data: {{\"choices\":[],\"x_groq\":{{\"error\":\"over capacity\"}}}}\n\n{DONE}"
    );
    let (reply, _) = ask(Dialect::Groq, "", "", &early).await;
    assert_eq!(kind(&reply), AttemptErrorKind::ErrorEvent);
}

#[tokio::test]
async fn together_sends_bare_probabilities() {
    let body = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"4\",\"token_id\":1}},\"logprobs\":-0.5,\"finish_reason\":null}}]}}\n\n\
         data: {{\"choices\":[{{\"delta\":{{\"content\":\"\"}},\"finish_reason\":\"eos\"}}],\"usage\":{{\"prompt_tokens\":10,\"completion_tokens\":1}}}}\n\n{DONE}"
    );
    let (attempt, request) = answered(
        Dialect::Together,
        "/v1",
        "x-ratelimit-remaining: 59\r\nx-tokenlimit-remaining: 900\r\n",
        &body,
    )
    .await;
    assert!(request.contains("\"logprobs\":1"));
    assert!((attempt.confidence.unwrap() - (-0.5f64).exp()).abs() < 1e-12);
    assert_eq!(attempt.finish.as_deref(), Some("eos"));
    assert_eq!(attempt.usage.cache_read_tokens, None, "unknown is not zero");
    let said = attempt.server.unwrap();
    assert_eq!(
        (said.requests.remaining, said.tokens.remaining),
        (Some(59), Some(900))
    );
}

#[tokio::test]
async fn fireworks_is_kept_from_shortening() {
    let body = format!(
        "{FOUR}data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":10,\"completion_tokens\":1,\"prompt_tokens_details\":{{\"cached_tokens\":8}}}},\"perf_metrics\":{{\"server-time-to-first-token\":0.05}}}}\n\n{DONE}"
    );
    let (attempt, request) = answered(Dialect::Fireworks, "/inference/v1", "", &body).await;
    assert!(request.starts_with("POST /inference/v1/chat/completions "));
    assert!(request.contains("\"context_length_exceeded_behavior\":\"error\""));
    assert!(request.contains("\"prompt_cache_isolation_key\":\"salt\""));
    assert_eq!(attempt.usage.cache_read_tokens, Some(8));
}

#[tokio::test]
async fn mistral_thinks_in_typed_parts() {
    let body = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":[{{\"type\":\"thinking\",\"thinking\":[{{\"type\":\"text\",\"text\":\"hm\"}}]}}]}}}}]}}\n\n\
         data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":[{{\"type\":\"text\",\"text\":\"4\"}}]}}}}]}}\n\n\
         data: {{\"choices\":[{{\"delta\":{{\"content\":\"\"}},\"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":10,\"completion_tokens\":3}}}}\n\n{DONE}"
    );
    let (attempt, request) = answered(Dialect::Mistral, "/v1", "", &body).await;
    assert!(request.contains("\"random_seed\":5") && !request.contains("stream_options"));
    assert_eq!(attempt.first_token_ms, attempt.first_reasoning_ms);
    assert_eq!(attempt.usage.output_tokens, Some(3));
}

#[tokio::test]
async fn openrouter_says_who_answered_and_for_how_much() {
    let body = format!(
        ": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n\
         data: {{\"id\":\"gen-1\",\"provider\":\"Acme\",\"model\":\"a/strong\",\"choices\":[{{\"index\":0,\"delta\":{{\"role\":\"assistant\",\"content\":\"4\"}}}}]}}\n\n\
         data: {{\"id\":\"gen-1\",\"provider\":\"Acme\",\"model\":\"a/strong\",\"choices\":[{{\"delta\":{{\"content\":\"\"}},\"finish_reason\":\"stop\"}}]}}\n\n\
         data: {{\"id\":\"gen-1\",\"model\":\"a/strong\",\"choices\":[{{\"delta\":{{\"role\":\"assistant\",\"content\":\"\"}},\"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":100,\"completion_tokens\":1,\"cost\":0.00125,\"prompt_tokens_details\":{{\"cached_tokens\":60,\"cache_write_tokens\":10}}}}}}\n\n{DONE}"
    );
    let headers = "x-generation-id: gen-1\r\n";
    let (attempt, request) = answered(Dialect::Openrouter, "/api/v1", headers, &body).await;
    assert!(request.contains("x-openrouter-metadata: enabled"));
    assert_eq!(attempt.usage.input_tokens, Some(30));
    assert_eq!(attempt.usage.cache_write_tokens, Some(10));
    assert_eq!(attempt.request_id.as_deref(), Some("gen-1"));
    let said = attempt.server.unwrap();
    assert_eq!(said.cost_usd, Some(0.00125));
    assert_eq!(said.provider.as_deref(), Some("Acme"));
    let served = said.served_model.unwrap();
    assert_eq!((&*served.name, served.is_alias), ("a/strong", false));
    let broken = format!(
        "{FOUR}data: {{\"error\":{{\"code\":502,\"message\":\"provider gone\"}},\"choices\":[{{\"delta\":{{\"content\":\"\"}},\"finish_reason\":\"error\"}}]}}\n\n"
    );
    let (reply, _) = ask(Dialect::Openrouter, "", "", &broken).await;
    assert_eq!(kind(&reply), AttemptErrorKind::ErrorEvent);
    assert_eq!(reply.attempt.error.unwrap().message, "provider gone (502)");
}

#[tokio::test]
async fn self_hosted_servers_have_their_quirks() {
    // TensorRT-LLM pads its first line.
    let padded = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"role\":\"assistant\"}}}}]}} \n\n{FOUR}{STOP}data: [DONE] \n\n"
    );
    let (attempt, request) = answered(Dialect::Trtllm, "/v1", "", &padded).await;
    assert!(request.contains("\"cache_salt\":\"salt\""));
    assert_eq!(attempt.chunks, Some(1));
    // SGLang writes nulls, and named frames of its own.
    let nulls = format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"role\":\"assistant\",\"content\":\"4\",\"reasoning_content\":null,\"tool_calls\":null}},\"logprobs\":null,\"finish_reason\":null}}],\"usage\":null}}\n\n{STOP}\
         event: sglext_ids\ndata: {{\"ids\":[1]}}\n\n\
         data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":10,\"completion_tokens\":1,\"reasoning_tokens\":0,\"prompt_tokens_details\":{{\"cached_tokens\":4}}}}}}\n\n{DONE}"
    );
    let (attempt, _) = answered(Dialect::Sglang, "/v1", "", &nulls).await;
    assert_eq!(attempt.usage.cache_read_tokens, Some(4));
    let flat =
        "data: {\"object\":\"error\",\"message\":\"queue full\",\"type\":\"t\",\"code\":503}\n\n";
    let (reply, _) = ask(Dialect::Sglang, "", "", &format!("{flat}{DONE}")).await;
    assert_eq!(kind(&reply), AttemptErrorKind::ErrorEvent);
    // llama.cpp reports progress and timings.
    let progress = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}],\"prompt_progress\":{\"total\":9,\"cache\":4,\"processed\":5}}\n\n";
    let timings =
        "data: {\"choices\":[],\"timings\":{\"cache_n\":4,\"prompt_n\":6,\"predicted_n\":1}}\n\n";
    let body = format!("{progress}:\n\n{FOUR}{STOP}{timings}{DONE}");
    let (attempt, request) = answered(Dialect::LlamaCpp, "/v1", "", &body).await;
    assert!(request.contains("\"cache_prompt\":false"));
    assert_eq!(attempt.usage.total_input(), Some(10));
    assert_eq!(attempt.chunks, Some(1));
    // TGI's chat route.
    let (attempt, _) = answered(Dialect::TgiChat, "/v1", "", &format!("{FOUR}{STOP}{DONE}")).await;
    assert_eq!(attempt.usage.cache_read_tokens, None);
}

#[tokio::test]
async fn gateways_say_what_they_chose_in_headers() {
    let body = format!(
        "data: {{\"model\":\"m\",\"choices\":[{{\"delta\":{{\"content\":\"4\"}}}}]}}\n\n{STOP}{DONE}"
    );
    for (dialect, headers, from, name) in [
        (
            Dialect::Litellm,
            "x-litellm-model-id: d1\r\nx-litellm-model-name: openai/a\r\nx-litellm-response-cost: 0.5\r\n",
            "x-litellm-model-name",
            "openai/a",
        ),
        (
            Dialect::SemanticRouter,
            "x-vsr-selected-model: a\r\nx-vsr-selected-decision: d\r\n",
            "x-vsr-selected-model",
            "a",
        ),
        (
            Dialect::Portkey,
            "x-portkey-last-used-option-index: config.targets[1]\r\nx-portkey-trace-id: t\r\n",
            "x-portkey-last-used-option-index",
            "config.targets[1]",
        ),
    ] {
        let (attempt, _) = answered(dialect, "/v1", headers, &body).await;
        let served = attempt.server.unwrap().served_model.unwrap();
        assert_eq!((&*served.from, &*served.name), (from, name));
    }
    // Nothing but the name that was asked for: the choice cannot be observed, and that is said.
    let (attempt, _) = answered(Dialect::EnvoyAi, "/v1", "", &body).await;
    assert!(attempt.server.unwrap().served_model.unwrap().is_alias);
}

/// As LiteLLM 1.106.10 sent it: headers before the cost is known, then a chunk with counts and cost
/// beside an empty delta.
#[tokio::test]
async fn litellm_tells_the_cost_of_a_stream_beside_its_counts() {
    let body = "data: {\"id\":\"chatcmpl-4\",\"created\":1795520339,\"model\":\"m\",\"object\":\"chat.completion.chunk\",\"system_fingerprint\":\"fp\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\",\"role\":\"assistant\"}}]}\n\n\
         data: {\"id\":\"chatcmpl-4\",\"created\":1795520339,\"model\":\"m\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"4\"},\"logprobs\":{\"content\":[{\"token\":\"4\",\"bytes\":[52],\"logprob\":-0.059606,\"top_logprobs\":[]}]}}]}\n\n\
         data: {\"id\":\"chatcmpl-4\",\"created\":1795520339,\"model\":\"m\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"finish_reason\":\"stop\",\"index\":0,\"delta\":{}}]}\n\n\
         data: {\"id\":\"chatcmpl-4\",\"created\":1795520339,\"model\":\"m\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{}}],\"usage\":{\"completion_tokens\":1,\"prompt_tokens\":9,\"total_tokens\":10,\"completion_tokens_details\":{\"reasoning_tokens\":0,\"text_tokens\":1},\"prompt_tokens_details\":{\"cached_tokens\":0},\"cost\":1.2999999999999998e-6}}\n\n\
         data: [DONE]\n\n";
    let headers = "x-litellm-call-id: 5f6d8980\r\nx-litellm-model-id: d-nano\r\n\
        x-litellm-model-name: openai/nano\r\nx-litellm-response-cost-original: 0.0\r\n\
        x-litellm-response-duration-ms: 75.76\r\nx-litellm-overhead-duration-ms: 50.055\r\n\
        llm_provider-x-request-id: req-4\r\nrequest-id: req-4\r\nx-litellm-model-group: m\r\n";
    let (attempt, _) = answered(Dialect::Litellm, "/v1", headers, body).await;
    assert_eq!(attempt.chunks, Some(1));
    assert_eq!(attempt.usage.total_input(), Some(9));
    assert_eq!(attempt.usage.cache_read_tokens, Some(0));
    assert_eq!(attempt.request_id.as_deref(), Some("5f6d8980"));
    let said = attempt.server.unwrap();
    assert_eq!(said.cost_usd, Some(1.2999999999999998e-6));
    assert_eq!(said.gateway_ms, Some(50.055));
    assert_eq!(&*said.served_model.unwrap().name, "openai/nano");
}

/// llama.cpp promises to keep a connection and closes it; a request that is sent at that moment is lost.
#[tokio::test]
async fn a_connection_to_llama_cpp_is_used_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let mut connections = Vec::new();
        for _ in 0..3 {
            let (mut socket, _) = listener.accept().await.unwrap();
            read_request(&mut socket).await;
            let body = format!("{FOUR}{STOP}{DONE}");
            let head = format!(
                "HTTP/1.1 200 OK\r\nserver: llama.cpp\r\nkeep-alive: timeout=5, max=100\r\n\
                 content-type: text/event-stream\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            socket.write_all(head.as_bytes()).await.unwrap();
            socket.write_all(body.as_bytes()).await.unwrap();
            // Left open: only the client can decide against it.
            connections.push(socket);
        }
    });
    let config = HttpConfig::new(format!("http://{address}"), "m", Dialect::OpenaiChat);
    let backend = HttpBackend::new(config).unwrap();
    let model: Arc<str> = "m".into();
    for _ in 0..3 {
        let call = Call {
            model: &model,
            sample: "s",
            messages: &[],
            max_output_tokens: None,
            confidence: false,
            cache_salt: None,
            seed: None,
            try_number: 0,
        };
        let reply = backend.send(call, Clock::start()).await;
        assert_eq!(
            reply.answer.as_deref(),
            Some("4"),
            "{:?}",
            reply.attempt.error
        );
    }
    served.await.unwrap();
}

/// As llama.cpp (in llama-cpp-python 0.3.36) sent them: no sequence numbers, no written tokens, and no
/// `[DONE]`.
#[tokio::test]
async fn llama_cpp_speaks_responses_and_messages_too() {
    let responses = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_m\",\"object\":\"response\",\"status\":\"in_progress\"}}\n\n\
         event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"item\":{\"content\":[],\"id\":\"msg_9\",\"role\":\"assistant\",\"status\":\"in_progress\",\"type\":\"message\"}}\n\n\
         event: response.content_part.added\ndata: {\"type\":\"response.content_part.added\",\"item_id\":\"msg_9\",\"part\":{\"type\":\"output_text\",\"text\":\"\"}}\n\n\
         event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_9\",\"delta\":\"4\"}\n\n\
         event: response.output_text.done\ndata: {\"type\":\"response.output_text.done\",\"item_id\":\"msg_9\",\"text\":\"4\"}\n\n\
         event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_m\",\"object\":\"response\",\"status\":\"completed\",\"model\":\"tiny\",\"output\":[],\"usage\":{\"input_tokens\":7,\"output_tokens\":3,\"total_tokens\":10,\"input_tokens_details\":{\"cached_tokens\":6}}},\"timings\":{\"cache_n\":6,\"prompt_n\":1}}\n\n";
    let messages = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"chatcmpl-D\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[],\"model\":\"tiny\",\"stop_reason\":null,\"usage\":{\"cache_read_input_tokens\":6,\"input_tokens\":1,\"output_tokens\":0}}}\n\n\
         event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n\
         event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"4\"}}\n\n\
         event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
         event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":3}}\n\n\
         event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    for (dialect, body, finish) in [
        (Dialect::OpenaiResponses, responses, "completed"),
        (Dialect::Anthropic, messages, "max_tokens"),
    ] {
        let (attempt, _) = answered(dialect, "/v1", "server: llama.cpp\r\n", body).await;
        assert_eq!(attempt.chunks, Some(1));
        assert_eq!(attempt.usage.input_tokens, Some(1));
        assert_eq!(attempt.usage.cache_read_tokens, Some(6));
        assert_eq!(attempt.usage.output_tokens, Some(3));
        assert_eq!(attempt.finish.as_deref(), Some(finish));
    }
}
