//! A hand-written HTTP client: what a server really sent, without a library's opinion.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A response taken apart.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// The body without chunk framing.
    pub(crate) body: String,
    /// Whether the framing ended as it should.
    pub(crate) complete: bool,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let wanted = format!("{name}: ");
        self.head
            .lines()
            .find_map(|l| l.strip_prefix(wanted.as_str()))
    }

    /// The data of all events; `[DONE]` becomes null.
    pub(crate) fn events(&self) -> Vec<Value> {
        let data = self
            .body
            .split("\n\n")
            .filter_map(|e| e.strip_prefix("data: "));
        data.map(|d| {
            if d == "[DONE]" {
                Value::Null
            } else {
                serde_json::from_str(d).unwrap()
            }
        })
        .collect()
    }

    /// The text of all deltas.
    pub(crate) fn streamed_text(&self) -> String {
        let text = |e: &Value| {
            e["choices"][0]["delta"]["content"]
                .as_str()
                .map(str::to_owned)
        };
        self.events().iter().filter_map(text).collect()
    }
}

/// Sends one request on a connection of its own and reads to the end.
pub(crate) async fn send(base: &str, method: &str, path: &str, extra: &str, body: &str) -> Reply {
    let mut socket = TcpStream::connect(base.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n\
         content-length: {}\r\n{extra}\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut raw = Vec::new();
    // A reset after the last byte is one of the things under test.
    let _ = socket.read_to_end(&mut raw).await;
    take_apart(&raw)
}

pub(crate) async fn get(base: &str, path: &str) -> Reply {
    send(base, "GET", path, "", "").await
}

pub(crate) async fn post(base: &str, body: &Value) -> Reply {
    send(base, "POST", "/v1/chat/completions", "", &body.to_string()).await
}

/// A chat request with one user message; `extra` is merged in.
pub(crate) fn chat(model: &str, prompt: &str, extra: Value) -> Value {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": prompt}]});
    for (key, value) in extra.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn take_apart(raw: &[u8]) -> Reply {
    let text = String::from_utf8_lossy(raw);
    let (head, rest) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|s| s.parse().ok())
        .unwrap_or(0);
    let head = head.replace("\r\n", "\n").to_lowercase();
    if !head.contains("transfer-encoding: chunked") {
        return Reply {
            status,
            head,
            body: rest.to_owned(),
            complete: true,
        };
    }
    let (body, complete) = unchunk(rest);
    Reply {
        status,
        head,
        body,
        complete,
    }
}

fn unchunk(mut rest: &str) -> (String, bool) {
    let mut body = String::new();
    while let Some((size, tail)) = rest.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size, 16) else {
            break;
        };
        if size == 0 {
            return (body, true);
        }
        let Some(chunk) = tail.get(..size) else { break };
        body.push_str(chunk);
        rest = tail.get(size + 2..).unwrap_or("");
    }
    (body, false)
}
