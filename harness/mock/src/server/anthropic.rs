//! Anthropic Messages as the fleet speaks it.

use super::asked::{Asked, Cache, Channel, Spoken, TOOL, text};
use super::format::{Frame, StreamWriter, reason};
use super::reply::Usage;
use super::wire::{WireMessage, plain_text};
use crate::completion::{Limits, Token};
use crate::message::Message;
use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;
use serde_json::{Value, json};

const REASONS: [&str; 3] = ["end_turn", "max_tokens", "tool_use"];

#[derive(Deserialize)]
struct Request {
    model: String,
    messages: Vec<WireMessage>,
    max_tokens: usize,
    #[serde(default)]
    system: Option<Value>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    thinking: Option<Thinking>,
    #[serde(default)]
    tools: Vec<Value>,
    #[serde(default)]
    tool_choice: Option<Kind>,
}

#[derive(Deserialize)]
struct Thinking {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

pub(super) fn parse(body: &[u8]) -> Result<Asked, String> {
    let request: Request = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    // Nothing is cached without a breakpoint somewhere.
    let is_marked = body.windows(15).any(|w| w == b"\"cache_control\"");
    let system = request.system.map(|s| Message::system(plain_text(&s)));
    let messages = request.messages.into_iter().map(WireMessage::plain);
    let is_forced = request.tool_choice.is_some_and(|c| c.kind != "auto");
    Ok(Asked {
        model: Some(request.model),
        messages: system.into_iter().chain(messages).collect(),
        stream: request.stream,
        limits: Limits {
            max: Some(request.max_tokens),
            min: 0,
        },
        cache: if is_marked {
            Cache::Written(String::new())
        } else {
            Cache::Off
        },
        reasoning: request.thinking.is_some_and(|t| t.kind != "disabled"),
        tool: is_forced && !request.tools.is_empty(),
        ..Asked::default()
    })
}

fn usage_json(usage: &Usage, output: usize) -> Value {
    json!({
        "input_tokens": usage.prompt - usage.cached - usage.written,
        "cache_creation_input_tokens": usage.written,
        "cache_read_input_tokens": usage.cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.written,
            "ephemeral_1h_input_tokens": 0
        },
        "output_tokens": output,
        "service_tier": "standard"
    })
}

/// A stream of named events.
pub(super) struct Writer {
    frame: Frame,
    /// Position of the open content block, and what it holds.
    open: Option<(usize, Channel)>,
}

impl Writer {
    pub(super) fn new(frame: &Frame) -> Self {
        Self {
            frame: frame.clone(),
            open: None,
        }
    }

    /// Opens a block for a part of the answer unless it is open already; its position.
    fn block(&mut self, out: &mut BytesMut, channel: Channel) -> usize {
        let index = match self.open {
            Some((index, open)) if open == channel => return index,
            Some((index, _)) => {
                event(out, "content_block_stop", &json!({ "index": index }));
                index + 1
            }
            None => 0,
        };
        let block = match channel {
            Channel::Reasoning => json!({"type":"thinking","thinking":"","signature":""}),
            Channel::Text => json!({"type":"text","text":""}),
            Channel::Tool => json!({"type":"tool_use","id":"toolu_0","name":TOOL,"input":{}}),
        };
        let start = json!({"index": index, "content_block": block});
        event(out, "content_block_start", &start);
        self.open = Some((index, channel));
        index
    }
}

/// One event; `data` gets its type.
fn event(out: &mut BytesMut, kind: &str, data: &Value) {
    let mut data = data.clone();
    data["type"] = kind.into();
    out.put_slice(format!("event: {kind}\ndata: {data}\n\n").as_bytes());
}

impl StreamWriter for Writer {
    fn early(&mut self, out: &mut BytesMut) {
        event(out, "ping", &json!({}));
    }

    fn head(&mut self, out: &mut BytesMut, usage: &Usage) {
        let message = json!({
            "id": self.frame.id, "type": "message", "role": "assistant", "content": [],
            "model": self.frame.model, "stop_reason": null, "usage": usage_json(usage, 1)
        });
        event(out, "message_start", &json!({ "message": message }));
    }

    fn tokens(&mut self, out: &mut BytesMut, tokens: &[Token], channel: Channel) {
        let index = self.block(out, channel);
        let text = text(tokens);
        let delta = match channel {
            Channel::Reasoning => json!({"type":"thinking_delta","thinking":text}),
            Channel::Text => json!({"type":"text_delta","text":text}),
            Channel::Tool => json!({"type":"input_json_delta","partial_json":text}),
        };
        event(
            out,
            "content_block_delta",
            &json!({"index":index,"delta":delta}),
        );
    }

    fn end(&mut self, out: &mut BytesMut, spoken: &Spoken, usage: &Usage) {
        if let Some((index, _)) = self.open {
            event(out, "content_block_stop", &json!({ "index": index }));
        }
        let delta = json!({"stop_reason": reason(spoken, REASONS), "stop_sequence": null});
        let usage = json!({
            "output_tokens": usage.completion,
            "output_tokens_details": {"thinking_tokens": usage.reasoning}
        });
        event(out, "message_delta", &json!({"delta":delta,"usage":usage}));
        event(out, "message_stop", &json!({}));
    }

    fn error(&mut self, out: &mut BytesMut, message: &str) {
        let error = json!({"error": {"type": "overloaded_error", "message": message}});
        event(out, "error", &error);
    }
}

/// The body of an answer that is not a stream.
pub(super) fn whole(frame: &Frame, spoken: &Spoken, usage: &Usage) -> Bytes {
    let mut content = Vec::new();
    if spoken.reasoning > 0 {
        content.push(json!({"type":"thinking","thinking":spoken.thoughts(),"signature":"s"}));
    }
    content.push(if spoken.tool {
        let input: Value = serde_json::from_str(&spoken.answer()).unwrap_or_default();
        json!({"type":"tool_use","id":"toolu_0","name":TOOL,"input":input})
    } else {
        json!({"type":"text","text":spoken.answer()})
    });
    let mut counts = usage_json(usage, usage.completion);
    counts["output_tokens_details"] = json!({"thinking_tokens": usage.reasoning});
    json!({
        "id": frame.id, "type": "message", "role": "assistant", "model": frame.model,
        "content": content, "stop_reason": reason(spoken, REASONS), "stop_sequence": null,
        "usage": counts
    })
    .to_string()
    .into()
}

pub(super) fn error_json(status: u16, message: &str) -> String {
    let kind = match status {
        400 => "invalid_request_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        _ => "api_error",
    };
    json!({"type":"error","error":{"type":kind,"message":message},"request_id":null}).to_string()
}
