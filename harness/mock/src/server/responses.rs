//! OpenAI Responses as the fleet speaks it.

use super::asked::{Asked, Cache, Channel, Spoken, TOOL, text};
use super::format::{Frame, StreamWriter, reason};
use super::frame::Logprobs;
use super::reply::Usage;
use super::wire::WireMessage;
use crate::completion::{Limits, Token};
use crate::message::Message;
use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Request {
    model: String,
    input: Input,
    #[serde(default)]
    instructions: Option<String>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    max_output_tokens: Option<usize>,
    #[serde(default)]
    include: Vec<String>,
    #[serde(default)]
    reasoning: Option<Value>,
    #[serde(default)]
    tools: Vec<Value>,
    #[serde(default)]
    tool_choice: Option<Value>,
    #[serde(default)]
    prompt_cache_options: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Items(Vec<WireMessage>),
}

pub(super) fn parse(body: &[u8]) -> Result<Asked, String> {
    let request: Request = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    let system = request.instructions.map(Message::system);
    let spoken: Vec<Message> = match request.input {
        Input::Text(text) => vec![Message::user(text)],
        Input::Items(items) => items.into_iter().map(WireMessage::plain).collect(),
    };
    let wants_logprobs = request.include.iter().any(|i| i.ends_with("logprobs"));
    Ok(Asked {
        model: Some(request.model),
        messages: system.into_iter().chain(spoken).collect(),
        stream: request.stream,
        logprobs: if wants_logprobs {
            Logprobs::Chosen
        } else {
            Logprobs::Off
        },
        limits: Limits {
            max: request.max_output_tokens,
            min: 0,
        },
        cache: cache(request.prompt_cache_options.as_ref(), body, String::new()),
        reasoning: request.reasoning.is_some_and(|r| r["effort"] != "none"),
        tool: request.tool_choice.is_some_and(|c| c != "auto") && !request.tools.is_empty(),
        ..Asked::default()
    })
}

/// Explicit mode caches up to its breakpoints, and nothing without any.
pub(super) fn cache(options: Option<&Value>, body: &[u8], salt: String) -> Cache {
    let mark = b"\"prompt_cache_breakpoint\"";
    match options.map(|o| o["mode"] == "explicit") {
        Some(true) if !body.windows(mark.len()).any(|w| w == mark) => Cache::Off,
        Some(_) => Cache::Written(salt),
        None => Cache::Shared(salt),
    }
}

/// A stream of named and numbered events.
pub(super) struct Writer {
    frame: Frame,
    logprobs: bool,
    sequence: u64,
    open: Option<Channel>,
}

impl Writer {
    pub(super) fn new(frame: &Frame, asked: &Asked) -> Self {
        Self {
            frame: frame.clone(),
            logprobs: asked.logprobs != Logprobs::Off,
            sequence: 0,
            open: None,
        }
    }

    fn event(&mut self, out: &mut BytesMut, kind: &str, mut data: Value) {
        data["type"] = kind.into();
        data["sequence_number"] = self.sequence.into();
        self.sequence += 1;
        out.put_slice(format!("event: {kind}\ndata: {data}\n\n").as_bytes());
    }

    fn response(&self, status: &str) -> Value {
        json!({"id": self.frame.id, "object": "response", "created_at": self.frame.created,
            "model": self.frame.model, "status": status, "output": [], "usage": null,
            "error": null, "incomplete_details": null})
    }
}

impl StreamWriter for Writer {
    fn early(&mut self, out: &mut BytesMut) {
        for kind in ["response.created", "response.in_progress"] {
            let response = self.response("in_progress");
            self.event(out, kind, json!({ "response": response }));
        }
    }

    fn tokens(&mut self, out: &mut BytesMut, tokens: &[Token], channel: Channel) {
        if self.open.replace(channel) != Some(channel) {
            let kind = match channel {
                Channel::Reasoning => "reasoning",
                Channel::Text => "message",
                Channel::Tool => "function_call",
            };
            let item = json!({"item": {"type": kind, "name": TOOL}});
            self.event(out, "response.output_item.added", item);
        }
        let mut delta = json!({"output_index": 0, "delta": text(tokens)});
        let kind = match channel {
            Channel::Reasoning => "response.reasoning_summary_text.delta",
            Channel::Text => {
                delta["logprobs"] = logprobs(tokens, self.logprobs);
                "response.output_text.delta"
            }
            Channel::Tool => "response.function_call_arguments.delta",
        };
        self.event(out, kind, delta);
    }

    fn end(&mut self, out: &mut BytesMut, spoken: &Spoken, usage: &Usage) {
        let status = reason(spoken, ["completed", "incomplete", "completed"]);
        let mut response = self.response(status);
        finish(&mut response, status, usage);
        let kind = format!("response.{status}");
        self.event(out, &kind, json!({ "response": response }));
    }

    fn error(&mut self, out: &mut BytesMut, message: &str) {
        let error = json!({"code": "server_error", "message": message, "param": null});
        self.event(out, "error", error);
    }
}

fn logprobs(tokens: &[Token], wanted: bool) -> Value {
    let wanted = tokens.iter().filter(|_| wanted);
    wanted
        .map(|t| json!({"token": t.text, "logprob": t.logprob, "top_logprobs": []}))
        .collect()
}

fn finish(response: &mut Value, status: &str, usage: &Usage) {
    if status == "incomplete" {
        response["incomplete_details"] = json!({"reason": "max_output_tokens"});
    }
    response["usage"] = json!({
        "input_tokens": usage.prompt,
        "input_tokens_details": {
            "cached_tokens": usage.cached, "cache_write_tokens": usage.written
        },
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.completion
    });
}

/// The body of an answer that is not a stream.
pub(super) fn whole(frame: &Frame, asked: &Asked, spoken: &Spoken, usage: &Usage) -> Bytes {
    let writer = Writer::new(frame, asked);
    let status = reason(spoken, ["completed", "incomplete", "completed"]);
    let mut response = writer.response(status);
    let mut output = Vec::new();
    if spoken.reasoning > 0 {
        let summary = json!([{"type": "summary_text", "text": spoken.thoughts()}]);
        output.push(json!({"type": "reasoning", "summary": summary}));
    }
    output.push(if spoken.tool {
        json!({"type": "function_call", "name": TOOL, "arguments": spoken.answer()})
    } else {
        let logprobs = logprobs(spoken.answer_tokens(), writer.logprobs);
        let part = json!({"type": "output_text", "text": spoken.answer(), "logprobs": logprobs});
        json!({"type": "message", "role": "assistant", "content": [part]})
    });
    response["output"] = output.into();
    finish(&mut response, status, usage);
    response.to_string().into()
}
