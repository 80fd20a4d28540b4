//! The HTTP backend against a hand-written server that sends awkward streams.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use weighbridge_datasets::{Message, Role};
use weighbridge_engine::backend::{BackendError, Timeouts};
use weighbridge_engine::{ApiKey, Backend, Call, Clock, Dialect, HttpBackend, HttpConfig, Reply};
use weighbridge_record::{AttemptErrorKind, TokenSource};

const CANARY: &str = "sk-canary-5f2a";

/// What the server does after it read a request.
#[derive(Clone)]
enum Act {
    /// Writes bytes as they are.
    Raw(Vec<u8>),
    /// Writes one chunk of a chunked body.
    Chunk(Vec<u8>),
    Wait(u64),
    /// Closes with a reset.
    Reset,
}

fn head(kind: &str) -> Act {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nx-request-id: r1\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    Act::Raw(head.into_bytes())
}

fn chunk(text: &str) -> Act {
    Act::Chunk(text.as_bytes().to_vec())
}

fn data(delta: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n")
}

fn content(text: &str) -> String {
    data(&format!("{{\"content\":\"{text}\"}}"))
}

const STOP: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

fn end() -> Act {
    Act::Raw(b"0\r\n\r\n".to_vec())
}

async fn serve_one(mut stream: TcpStream, acts: Arc<Vec<Act>>) {
    loop {
        if !read_request(&mut stream).await {
            return;
        }
        for act in acts.iter() {
            let result = match act {
                Act::Raw(bytes) => stream.write_all(bytes).await,
                Act::Chunk(bytes) => {
                    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
                    framed.extend_from_slice(bytes);
                    framed.extend_from_slice(b"\r\n");
                    stream.write_all(&framed).await
                }
                Act::Wait(ms) => {
                    tokio::time::sleep(Duration::from_millis(*ms)).await;
                    Ok(())
                }
                Act::Reset => {
                    let _ = stream.set_zero_linger();
                    return;
                }
            };
            if result.is_err() {
                return;
            }
        }
    }
}

/// Reads a request with its body; `false` at the end of the connection.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let Ok(n) = stream.read(&mut buffer).await else {
            return false;
        };
        if n == 0 {
            return false;
        }
        seen.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&seen).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).unwrap();
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            if body.len() >= length {
                return true;
            }
        }
    }
}

async fn backend(acts: Vec<Act>, change: impl FnOnce(&mut HttpConfig)) -> HttpBackend {
    counting(acts, Arc::default(), change).await
}

async fn counting(
    acts: Vec<Act>,
    opened: Arc<AtomicUsize>,
    change: impl FnOnce(&mut HttpConfig),
) -> HttpBackend {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acts = Arc::new(acts);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            opened.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve_one(stream, Arc::clone(&acts)));
        }
    });
    let mut config = HttpConfig::new(format!("http://{address}/v1"), "m", Dialect::Vllm);
    config.api_key = Some(ApiKey::new(CANARY));
    change(&mut config);
    HttpBackend::new(config).unwrap()
}

async fn send(backend: &HttpBackend) -> Reply {
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
        confidence: false,
        cache_salt: None,
        seed: None,
        try_number: 0,
    };
    backend.send(call, Clock::start()).await
}

async fn reply(acts: Vec<Act>) -> Reply {
    send(&backend(acts, |_| {}).await).await
}

fn stream(acts: impl IntoIterator<Item = Act>) -> Vec<Act> {
    [head("text/event-stream")]
        .into_iter()
        .chain(acts)
        .collect()
}

fn kind(reply: &Reply) -> AttemptErrorKind {
    assert!(reply.answer.is_none());
    reply.attempt.error.as_ref().unwrap().kind
}

#[tokio::test]
async fn the_first_token_is_no_role_no_comment_and_no_empty_text() {
    let early = data(r#"{"role":"assistant","content":""}"#) + ": keep-alive\n\n" + &data("{}");
    let usage =
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":8}}\n\n";
    let acts = stream([
        chunk(&early),
        Act::Wait(60),
        chunk(&content("one two three four ")),
        chunk(&content("five six seven eight")),
        chunk(&format!("{STOP}{usage}{DONE}")),
        end(),
    ]);
    let reply = reply(acts).await;
    let attempt = &reply.attempt;
    assert_eq!(
        reply.answer.as_deref(),
        Some("one two three four five six seven eight")
    );
    // The server waited between its first byte and its first token.
    let gap = attempt.first_token_ms.unwrap() - attempt.first_byte_ms.unwrap();
    assert!(gap >= 40.0, "{gap}");
    let marks = [
        attempt.intended_ms,
        attempt.sent_ms,
        attempt.headers_ms,
        attempt.first_byte_ms,
        attempt.first_token_ms,
        attempt.last_token_ms,
        attempt.end_ms,
    ];
    assert!(
        marks.iter().all(Option::is_some) && marks.is_sorted(),
        "{marks:?}"
    );
    // Tokens come from the usage, never from the number of chunks.
    assert_eq!(attempt.chunks, Some(2));
    assert_eq!(attempt.usage.output_tokens, Some(8));
    assert_eq!(attempt.usage.source, TokenSource::Server);
    assert_eq!(attempt.finish.as_deref(), Some("stop"));
    assert_eq!(attempt.request_id.as_deref(), Some("r1"));
}

#[tokio::test]
async fn reasoning_is_a_token_and_text_has_its_own_mark() {
    let acts = stream([
        chunk(&data(r#"{"reasoning_content":"hm"}"#)),
        Act::Wait(30),
        chunk(&content("4")),
        chunk(&format!("{STOP}{DONE}")),
        end(),
    ]);
    let reply = reply(acts).await;
    assert_eq!(reply.answer.as_deref(), Some("4"));
    assert!(reply.attempt.first_text_ms > reply.attempt.first_token_ms);
    assert_eq!(reply.attempt.usage.source, TokenSource::Estimated);
}

#[tokio::test]
async fn any_framing_of_the_same_answer_is_the_same_answer() {
    let plain = format!("{}{}{STOP}{DONE}", content("a"), content("b"));
    let at = plain.find("data:").unwrap() + 5;
    let split = [
        chunk(&plain[..at]),
        Act::Wait(5),
        chunk(&plain[at..]),
        end(),
    ];
    let big = "x".repeat(1 << 20);
    for (acts, answer) in [
        (split.to_vec(), "ab"),
        (vec![chunk(&format!("\u{FEFF}{plain}")), end()], "ab"),
        (vec![chunk(&plain.replace('\n', "\r")), end()], "ab"),
        (vec![chunk(&plain.replace('\n', "\r\n")), end()], "ab"),
        (vec![chunk(plain.trim_end()), end()], "ab"),
        (
            vec![chunk(&format!("{}{STOP}{DONE}", content(&big))), end()],
            &big,
        ),
    ] {
        let reply = reply(stream(acts)).await;
        assert!(
            reply.answer.as_deref() == Some(answer),
            "{:?}",
            reply.attempt
        );
    }
}

#[tokio::test]
async fn broken_streams_are_told_apart() {
    use AttemptErrorKind::{Empty, ErrorEvent, Malformed, Reset, Truncated};
    let error = "data: {\"error\":{\"message\":\"out of memory\"}}\n\n";
    let named = "event: error\ndata: {\"choices\":[]}\n\n";
    let half = "data: {\"choices\":[{\"del";
    for (acts, expected) in [
        (
            vec![
                chunk(&content("a")),
                chunk(&format!("{error}{DONE}")),
                end(),
            ],
            ErrorEvent,
        ),
        (vec![chunk(&format!("{named}{DONE}")), end()], ErrorEvent),
        (
            vec![chunk(&format!("{}{STOP}", content("a"))), end()],
            Truncated,
        ),
        (
            vec![chunk(&format!("{}{half}", content("a"))), end()],
            Truncated,
        ),
        (vec![chunk(&content("a")), Act::Reset], Reset),
        (vec![chunk(&format!("{half}\n\n")), end()], Malformed),
        (vec![chunk(&format!("{STOP}{DONE}")), end()], Empty),
    ] {
        assert_eq!(kind(&reply(stream(acts)).await), expected);
    }
}

#[tokio::test]
async fn an_end_after_the_terminator_is_no_failure() {
    let acts = stream([chunk(&format!("{}{STOP}{DONE}", content("a"))), Act::Reset]);
    assert_eq!(reply(acts).await.answer.as_deref(), Some("a"));
}

#[tokio::test]
async fn silence_is_a_timeout_and_a_huge_event_is_refused() {
    let short = |config: &mut HttpConfig| {
        config.timeouts = Timeouts {
            idle: Duration::from_millis(30),
            first_byte: Duration::from_millis(300),
            ..Timeouts::default()
        };
        config.max_event_bytes = 1000;
    };
    let stalled = stream([chunk(&content("a")), Act::Wait(5_000)]);
    let reply = send(&backend(stalled, short).await).await;
    assert_eq!(kind(&reply), AttemptErrorKind::Timeout);
    let silent = vec![Act::Wait(5_000)];
    let reply = send(&backend(silent, short).await).await;
    assert_eq!(kind(&reply), AttemptErrorKind::Timeout);
    let huge = stream([chunk(&content(&"x".repeat(2000))), end()]);
    let reply = send(&backend(huge, short).await).await;
    assert_eq!(kind(&reply), AttemptErrorKind::Malformed);
}

#[tokio::test]
async fn a_whole_body_is_an_answer_too() {
    let body = r#"{"choices":[{"message":{"content":"4"},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":3,"completion_tokens":1}}"#;
    let acts = vec![head("application/json"), chunk(body), end()];
    let reply = reply(acts).await;
    assert_eq!(reply.answer.as_deref(), Some("4"));
    assert_eq!(reply.attempt.usage.input_tokens, Some(3));
}

#[tokio::test]
async fn refusals_carry_their_status_and_never_the_key() {
    let body = format!("{{\"error\":{{\"message\":\"bad key {CANARY}\",\"code\":\"nope\"}}}}");
    for (status, expected) in [
        (401, AttemptErrorKind::Rejected),
        (429, AttemptErrorKind::RateLimited),
        (503, AttemptErrorKind::Server),
        (307, AttemptErrorKind::Rejected),
    ] {
        let text = format!(
            "HTTP/1.1 {status} X\r\nretry-after: 2\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let backend = backend(vec![Act::Raw(text.into_bytes())], |_| {}).await;
        let reply = send(&backend).await;
        assert_eq!(kind(&reply), expected);
        let error = reply.attempt.error.as_ref().unwrap();
        assert_eq!(error.status, Some(status));
        assert_eq!(error.message, "bad key [key] (nope)");
        assert_eq!(reply.retry_after, Some(Duration::from_secs(2)));
        assert!(!format!("{reply:?}").contains("canary"));
    }
}

#[tokio::test]
async fn a_connection_is_used_again_unless_its_answer_broke_off() {
    let whole = format!("{}{STOP}{DONE}", content("a"));
    for (acts, connections) in [
        (stream([chunk(&whole), end()]), 1),
        // The server never ends the body: what follows on this connection cannot be trusted.
        (stream([chunk(&whole)]), 3),
        (stream([chunk(&content("a")), Act::Reset]), 3),
    ] {
        let opened = Arc::new(AtomicUsize::new(0));
        let backend = counting(acts, Arc::clone(&opened), |_| {}).await;
        for _ in 0..3 {
            send(&backend).await;
        }
        assert_eq!(opened.load(Ordering::SeqCst), connections);
    }
}

#[tokio::test]
async fn nobody_listening_is_a_connect_error_and_a_bad_address_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let config = HttpConfig::new(format!("http://{address}"), "m", Dialect::OpenaiChat);
    let reply = send(&HttpBackend::new(config).unwrap()).await;
    assert_eq!(kind(&reply), AttemptErrorKind::Connect);
    for url in ["localhost:8000", "ftp://x/", "", "http://"] {
        let config = HttpConfig::new(url, "m", Dialect::OpenaiChat);
        let error = HttpBackend::new(config).err().unwrap();
        assert!(matches!(error, BackendError::Url { .. }), "{url}");
    }
    let mut config = HttpConfig::new("http://h", "m", Dialect::OpenaiChat);
    config.api_key = Some(ApiKey::new(format!("{CANARY}\n")));
    assert!(!format!("{config:?}").contains("canary"));
    let error = HttpBackend::new(config).err().unwrap();
    assert!(!error.to_string().contains("canary"));
}
