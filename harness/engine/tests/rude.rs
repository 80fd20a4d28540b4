//! The HTTP backend against servers without manners: they close without a word, refuse without
//! listening, and answer with what is no answer.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use weighbridge_datasets::{Message, Role};
use weighbridge_engine::{Backend, Call, Clock, Dialect, HttpBackend, HttpConfig, Reply};
use weighbridge_record::{AttemptErrorKind, TokenSource};

const EVENTS: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"4\"}}]}\n\n\
                      data: {\"choices\":[],\"usage\":USAGE}\n\ndata: [DONE]\n\n";

fn answer(usage: &str) -> String {
    let body = EVENTS.replace("USAGE", usage);
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Reads until the end of a short request.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut read = Vec::new();
    while !read.ends_with(b"}") {
        match stream.read_buf(&mut read).await {
            Ok(0) | Err(_) => return false,
            Ok(_) => {}
        }
    }
    true
}

fn backend(address: std::net::SocketAddr) -> HttpBackend {
    let config = HttpConfig::new(format!("http://{address}"), "m", Dialect::OpenaiChat);
    HttpBackend::new(config).unwrap()
}

async fn send(backend: &HttpBackend, prompt: &str) -> Reply {
    let model: Arc<str> = "m".into();
    let messages = [Message {
        role: Role::User,
        content: prompt.into(),
    }];
    let call = Call {
        model: &model,
        sample: "s",
        messages: &messages,
        max_output_tokens: None,
        confidence: false,
        cache_salt: None,
        seed: None,
        try_number: 0,
    };
    backend.send(call, Clock::start()).await
}

/// A server that says one thing to every request.
async fn saying(response: String) -> HttpBackend {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let backend = backend(listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            read_request(&mut stream).await;
            stream.write_all(response.as_bytes()).await.unwrap();
        }
    });
    backend
}

/// Every connection is closed when the second request comes on it, which the server never looks at.
#[tokio::test]
async fn a_server_that_closes_what_it_seems_to_keep_loses_three_requests_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let backend = backend(listener.local_addr().unwrap());
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                read_request(&mut stream).await;
                let said = answer("{\"prompt_tokens\":3,\"completion_tokens\":1}");
                stream.write_all(said.as_bytes()).await.unwrap();
                let _ = stream.readable().await;
            });
        }
    });
    let mut lost = 0;
    for _ in 0..20 {
        let reply = send(&backend, "2 + 2 =").await;
        let Some(error) = reply.attempt.error else {
            assert_eq!(reply.answer.as_deref(), Some("4"));
            continue;
        };
        lost += 1;
        assert_eq!(error.kind, AttemptErrorKind::Reset);
        assert!(error.message.contains("kept open"), "{}", error.message);
    }
    assert_eq!(lost, 3);
    assert_eq!(opened.load(Ordering::SeqCst), 17);
}

#[tokio::test]
async fn a_refusal_before_the_request_was_read_is_no_timeout() {
    for first in ["", "HTTP/1.1 100 Continue\r\n\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backend = backend(listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut [0; 64]).await.unwrap();
            let said =
                format!("{first}HTTP/1.1 413 Too Large\r\ncontent-length: 9\r\n\r\ntoo large");
            stream.write_all(said.as_bytes()).await.unwrap();
            // The rest is never read, and the connection stays open.
            stream
        });
        let reply = send(&backend, &"word ".repeat(8_000_000)).await;
        let error = reply.attempt.error.unwrap();
        assert_eq!(error.kind, AttemptErrorKind::Rejected, "{}", error.message);
        assert_eq!((error.status, &*error.message), (Some(413), "too large"));
        drop(serving.await);
    }
}

#[tokio::test]
async fn an_answer_that_begins_before_the_request_was_read_is_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let backend = backend(listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_exact(&mut [0; 64]).await.unwrap();
        let said = answer("{\"prompt_tokens\":3,\"completion_tokens\":1}");
        let (early, late) = said.split_at(said.len() - 20);
        stream.write_all(early.as_bytes()).await.unwrap();
        assert!(read_request(&mut stream).await);
        stream.write_all(late.as_bytes()).await.unwrap();
    });
    let reply = send(&backend, &"word ".repeat(8_000_000)).await;
    assert_eq!(
        reply.answer.as_deref(),
        Some("4"),
        "{:?}",
        reply.attempt.error
    );
    assert_eq!(reply.attempt.usage.input_tokens, Some(3));
}

#[tokio::test]
async fn counts_that_are_null_are_estimated_and_huge_ones_do_not_wrap() {
    let backend = saying(answer(
        "{\"prompt_tokens\":null,\"completion_tokens\":null}",
    ))
    .await;
    let usage = send(&backend, "2 + 2 =").await.attempt.usage;
    assert_eq!(usage.source, TokenSource::Estimated);
    assert_eq!(
        (usage.input_tokens, usage.output_tokens),
        (Some(2), Some(1))
    );
    let most = u64::MAX;
    let counts = format!(
        "{{\"prompt_tokens\":{most},\"completion_tokens\":{most},\
         \"prompt_tokens_details\":{{\"cached_tokens\":{most},\"cache_write_tokens\":{most}}},\
         \"completion_tokens_details\":{{\"reasoning_tokens\":{most}}}}}"
    );
    let usage = send(&saying(answer(&counts)).await, "2 + 2 =")
        .await
        .attempt
        .usage;
    assert_eq!(usage.total_input(), Some(most));
    assert_eq!(usage.total_output(), Some(most));
}

#[tokio::test]
async fn pages_and_redirects_say_what_is_wrong() {
    let page = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>";
    let error = send(&saying(page.to_owned()).await, "q")
        .await
        .attempt
        .error
        .unwrap();
    assert_eq!(error.kind, AttemptErrorKind::Malformed);
    assert!(error.message.contains("`base_url`"), "{}", error.message);
    // A stream that is called a page is read all the same.
    let odd = answer("null").replace("text/event-stream", "text/html");
    assert_eq!(
        send(&saying(odd).await, "q").await.answer.as_deref(),
        Some("4")
    );
    let away = "HTTP/1.1 302 Found\r\nlocation: https://h/x?key=1\r\ncontent-length: 0\r\n\r\n";
    let error = send(&saying(away.to_owned()).await, "q")
        .await
        .attempt
        .error
        .unwrap();
    assert_eq!(error.kind, AttemptErrorKind::Rejected);
    let expected = "redirected to https://h/x: redirects are not followed";
    assert!(error.message.starts_with(expected), "{}", error.message);
}
