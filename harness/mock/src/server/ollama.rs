//! Ollama's chat route as the fleet speaks it.

use super::asked::{Asked, Channel, Spoken, TOOL, text};
use super::format::{Frame, StreamWriter, reason};
use super::frame::Logprobs;
use super::reply::Usage;
use super::wire::WireMessage;
use crate::completion::{Limits, Token};
use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;
use serde_json::{Value, json};

const REASONS: [&str; 3] = ["stop", "length", "stop"];

#[derive(Deserialize)]
struct Request {
    model: String,
    messages: Vec<WireMessage>,
    #[serde(default = "streams")]
    stream: bool,
    #[serde(default)]
    options: Options,
    #[serde(default)]
    think: Option<Value>,
    #[serde(default)]
    logprobs: bool,
    #[serde(default)]
    tools: Vec<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Options {
    num_predict: Option<usize>,
}

fn streams() -> bool {
    true
}

pub(super) fn parse(body: &[u8]) -> Result<Asked, String> {
    let request: Request = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    Ok(Asked {
        model: Some(request.model),
        messages: request
            .messages
            .into_iter()
            .map(WireMessage::plain)
            .collect(),
        stream: request.stream,
        logprobs: if request.logprobs {
            Logprobs::Chosen
        } else {
            Logprobs::Off
        },
        limits: Limits {
            max: request.options.num_predict,
            min: 0,
        },
        reasoning: request.think.is_some_and(|t| t != false),
        tool: !request.tools.is_empty(),
        ..Asked::default()
    })
}

/// A stream of JSON lines.
pub(super) struct Writer {
    model: String,
    logprobs: bool,
    /// Arguments so far: a call arrives whole.
    arguments: String,
}

impl Writer {
    pub(super) fn new(frame: &Frame, asked: &Asked) -> Self {
        Self {
            model: frame.model.clone(),
            logprobs: asked.logprobs != Logprobs::Off,
            arguments: String::new(),
        }
    }

    fn line(&self, message: &Value, tokens: &[Token]) -> Value {
        let mut line = json!({"model": self.model, "created_at": "2026-01-01T00:00:00Z",
            "message": message, "done": false});
        if self.logprobs && !tokens.is_empty() {
            let entries = tokens.iter();
            line["logprobs"] = entries
                .map(|t| json!({"token": t.text, "logprob": t.logprob}))
                .collect();
        }
        line
    }
}

fn send(out: &mut BytesMut, line: &Value) {
    out.put_slice(format!("{line}\n").as_bytes());
}

fn call(arguments: &str) -> Value {
    let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
    json!([{"function": {"name": TOOL, "arguments": arguments}}])
}

fn close(line: &mut Value, spoken: &Spoken, usage: &Usage) {
    line["done"] = true.into();
    line["done_reason"] = reason(spoken, REASONS).into();
    // Nanoseconds.
    line["load_duration"] = 1_500_000.into();
    line["prompt_eval_count"] = usage.prompt.into();
    line["eval_count"] = usage.completion.into();
}

impl StreamWriter for Writer {
    fn malformed(&self) -> &'static [u8] {
        b"{\"message\": {\"content\"\n"
    }

    fn early(&mut self, _: &mut BytesMut) {}

    fn tokens(&mut self, out: &mut BytesMut, tokens: &[Token], channel: Channel) {
        let text = text(tokens);
        let line = match channel {
            Channel::Reasoning => self.line(
                &json!({"role":"assistant","content":"","thinking":text}),
                &[],
            ),
            Channel::Text => self.line(&json!({"role":"assistant","content":text}), tokens),
            Channel::Tool => {
                self.arguments.push_str(&text);
                return;
            }
        };
        send(out, &line);
    }

    fn end(&mut self, out: &mut BytesMut, spoken: &Spoken, usage: &Usage) {
        if spoken.tool {
            let calls = call(&self.arguments);
            let message = json!({"role":"assistant","content":"","tool_calls":calls});
            send(out, &self.line(&message, &[]));
        }
        let mut line = self.line(&json!({"role":"assistant","content":""}), &[]);
        close(&mut line, spoken, usage);
        send(out, &line);
    }

    fn error(&mut self, out: &mut BytesMut, message: &str) {
        send(out, &json!({ "error": message }));
    }
}

/// The body of an answer that is not a stream.
pub(super) fn whole(frame: &Frame, asked: &Asked, spoken: &Spoken, usage: &Usage) -> Bytes {
    let mut message = json!({"role": "assistant", "content": ""});
    if spoken.tool {
        message["tool_calls"] = call(&spoken.answer());
    } else {
        message["content"] = spoken.answer().into();
    }
    if spoken.reasoning > 0 {
        message["thinking"] = spoken.thoughts().into();
    }
    let mut line = Writer::new(frame, asked).line(&message, spoken.answer_tokens());
    close(&mut line, spoken, usage);
    line.to_string().into()
}
