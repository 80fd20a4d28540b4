//! The bytes of a stream: fixed text around each token is written once per request.

use super::asked::Channel;
use super::reply::Usage;
use crate::completion::Token;
use bytes::{BufMut, BytesMut};
use std::fmt::Write as _;

/// The end of every OpenAI-style stream.
pub(super) const DONE: &[u8] = b"data: [DONE]\n\n";

/// Writes the chunks of one stream.
#[derive(Debug)]
pub(super) struct ChunkWriter {
    /// Up to and including `"choices":`.
    head: String,
    /// Ordinary chunks carry `"usage":null` when the client asked for usage.
    tail: &'static str,
    logprobs: Logprobs,
}

/// What a client wants to know about probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Logprobs {
    /// Nothing.
    #[default]
    Off,
    /// The chosen tokens.
    Chosen,
    /// The chosen tokens, repeated as the only entry of `top_logprobs`: a solver has no runner-up.
    Top,
}

impl ChunkWriter {
    pub(super) fn new(
        id: &str,
        created: u64,
        model: &str,
        usage: bool,
        logprobs: Logprobs,
    ) -> Self {
        let model = json_string(model);
        let head = format!(
            "data: {{\"id\":{},\"object\":\"chat.completion.chunk\",\"created\":{created},\
             \"model\":{model},\"system_fingerprint\":\"fp_weighbridge\",\"choices\":",
            json_string(id)
        );
        let tail = if usage {
            ",\"usage\":null}\n\n"
        } else {
            "}\n\n"
        };
        Self {
            head,
            tail,
            logprobs,
        }
    }

    /// The first chunk: a role and no token.
    pub(super) fn role(&self, out: &mut BytesMut) {
        out.put_slice(self.head.as_bytes());
        out.put_slice(
            b"[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\
              \"logprobs\":null,\"finish_reason\":null}]",
        );
        out.put_slice(self.tail.as_bytes());
    }

    /// The event that opens a tool call: a name and no arguments.
    pub(super) fn call(&self, out: &mut BytesMut, name: &str) {
        out.put_slice(self.head.as_bytes());
        let delta = format!(
            "[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":0,\"id\":\"call_0\",\
             \"type\":\"function\",\"function\":{{\"name\":\"{name}\",\"arguments\":\"\"}}}}]}},\
             \"logprobs\":null,\"finish_reason\":null}}]"
        );
        out.put_slice(delta.as_bytes());
        out.put_slice(self.tail.as_bytes());
    }

    /// One event with some tokens.
    pub(super) fn tokens(&self, out: &mut BytesMut, tokens: &[Token], channel: Channel) {
        out.reserve(self.head.len() + 160);
        out.put_slice(self.head.as_bytes());
        out.put_slice(b"[{\"index\":0,\"delta\":{");
        let (before, after): (&[u8], &[u8]) = match channel {
            Channel::Text => (b"\"content\":\"", b"\""),
            Channel::Reasoning => (b"\"reasoning\":\"", b"\""),
            Channel::Tool => (
                b"\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"",
                b"\"}}]",
            ),
        };
        out.put_slice(before);
        tokens.iter().for_each(|t| put_escaped(out, &t.text));
        out.put_slice(after);
        out.put_slice(b"},\"logprobs\":");
        let wanted = match channel {
            Channel::Text => self.logprobs,
            Channel::Reasoning | Channel::Tool => Logprobs::Off,
        };
        put_logprobs(out, tokens, wanted);
        out.put_slice(b",\"finish_reason\":null}]");
        out.put_slice(self.tail.as_bytes());
    }

    /// The chunk with the finish reason.
    pub(super) fn finish(&self, out: &mut BytesMut, reason: &str) {
        out.put_slice(self.head.as_bytes());
        out.put_slice(b"[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"");
        out.put_slice(reason.as_bytes());
        out.put_slice(b"\"}]");
        out.put_slice(self.tail.as_bytes());
    }

    /// The usage-only chunk.
    pub(super) fn usage(&self, out: &mut BytesMut, usage: &Usage) {
        out.put_slice(self.head.as_bytes());
        out.put_slice(b"[],\"usage\":");
        out.put_slice(usage.json().as_bytes());
        out.put_slice(b"}\n\n");
    }
}

/// The `logprobs` member of a choice.
pub(super) fn put_logprobs(out: &mut BytesMut, tokens: &[Token], wanted: Logprobs) {
    if wanted == Logprobs::Off {
        out.put_slice(b"null");
        return;
    }
    out.put_slice(b"{\"content\":[");
    for (i, token) in tokens.iter().enumerate() {
        if i > 0 {
            out.put_u8(b',');
        }
        put_token_logprob(out, token, wanted);
    }
    out.put_slice(b"],\"refusal\":null}");
}

/// `{"token":…,"logprob":…,"bytes":[…],"top_logprobs":[…]}`.
fn put_token_logprob(out: &mut BytesMut, token: &Token, wanted: Logprobs) {
    put_entry(out, token);
    out.put_slice(b",\"top_logprobs\":[");
    if wanted == Logprobs::Top {
        put_entry(out, token);
        out.put_u8(b'}');
    }
    out.put_slice(b"]}");
}

/// The members that both levels of the logprobs object have, without the closing brace.
fn put_entry(out: &mut BytesMut, token: &Token) {
    out.put_slice(b"{\"token\":");
    put_json_string(out, &token.text);
    // Writing to memory cannot fail.
    let _ = write!(out, ",\"logprob\":{:.6},\"bytes\":[", token.logprob);
    for (i, byte) in token.text.bytes().enumerate() {
        let _ = write!(out, "{}{byte}", if i == 0 { "" } else { "," });
    }
    out.put_u8(b']');
}

/// Writes `text` as a JSON string without building a value.
pub(super) fn put_json_string(out: &mut BytesMut, text: &str) {
    out.put_u8(b'"');
    put_escaped(out, text);
    out.put_u8(b'"');
}

fn put_escaped(out: &mut BytesMut, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'"' => out.put_slice(b"\\\""),
            b'\\' => out.put_slice(b"\\\\"),
            b'\n' => out.put_slice(b"\\n"),
            0..0x20 => {
                let _ = write!(out, "\\u{byte:04x}");
            }
            _ => out.put_u8(byte),
        }
    }
}

pub(super) fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_json_whatever_the_token() {
        let writer = ChunkWriter::new("id\"1", 5, "small", true, Logprobs::Top);
        let mut out = BytesMut::new();
        let token = Token {
            text: "a\"\\\n\u{1}ü".into(),
            logprob: -0.25,
        };
        writer.role(&mut out);
        writer.tokens(&mut out, std::slice::from_ref(&token), Channel::Text);
        writer.finish(&mut out, "length");
        let text = String::from_utf8(out.to_vec()).unwrap();
        let events: Vec<serde_json::Value> = text
            .split_terminator("\n\n")
            .map(|e| serde_json::from_str(e.strip_prefix("data: ").unwrap()).unwrap())
            .collect();
        assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
        assert_eq!(
            events[1]["choices"][0]["delta"]["content"],
            token.text.as_str()
        );
        assert_eq!(
            events[1]["choices"][0]["logprobs"]["content"][0]["logprob"],
            -0.25
        );
        let entry = &events[1]["choices"][0]["logprobs"]["content"][0];
        assert_eq!(entry["top_logprobs"][0]["token"], entry["token"]);
        assert_eq!(events[2]["choices"][0]["finish_reason"], "length");
        assert!(events[1]["usage"].is_null());
    }
}
