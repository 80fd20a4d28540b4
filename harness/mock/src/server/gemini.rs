//! Gemini's `generateContent` as the fleet speaks it.

use super::asked::{Asked, Channel, Spoken, TOOL, text};
use super::format::{Frame, StreamWriter, reason};
use super::frame::Logprobs;
use super::reply::Usage;
use crate::completion::{Limits, Token};
use crate::message::{Message, Role};
use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;
use serde_json::{Value, json};

const REASONS: [&str; 3] = ["STOP", "MAX_TOKENS", "STOP"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    contents: Vec<Content>,
    #[serde(default)]
    system_instruction: Option<Content>,
    #[serde(default)]
    generation_config: Config,
    #[serde(default)]
    tool_config: Option<Value>,
    #[serde(default)]
    cached_content: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    max_output_tokens: Option<usize>,
    response_logprobs: bool,
    thinking_config: Option<Value>,
}

impl Content {
    fn message(self) -> Message {
        let role = match self.role.as_deref() {
            Some("model") => Role::Assistant,
            Some("system") => Role::System,
            _ => Role::User,
        };
        let texts = self.parts.into_iter().map(|p| p.text);
        Message::new(role, texts.collect::<String>())
    }
}

pub(super) fn parse(body: &[u8], stream: bool) -> Result<Asked, String> {
    let request: Request = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    if request.cached_content.is_some() && request.system_instruction.is_some() {
        return Err("a request with `cachedContent` must not set `systemInstruction`".to_owned());
    }
    let system = request.system_instruction.map(|content| Message {
        role: Role::System,
        ..content.message()
    });
    let config = request.generation_config;
    let mode = request
        .tool_config
        .map(|c| c["functionCallingConfig"]["mode"].clone());
    Ok(Asked {
        messages: system
            .into_iter()
            .chain(request.contents.into_iter().map(Content::message))
            .collect(),
        stream,
        logprobs: if config.response_logprobs {
            Logprobs::Chosen
        } else {
            Logprobs::Off
        },
        limits: Limits {
            max: config.max_output_tokens,
            min: 0,
        },
        reasoning: config
            .thinking_config
            .is_some_and(|t| t["includeThoughts"] == true),
        tool: mode.is_some_and(|mode| mode == "ANY"),
        explicit: request.cached_content,
        ..Asked::default()
    })
}

/// A stream of response objects; it ends with its connection.
pub(super) struct Writer {
    frame: Frame,
    logprobs: bool,
    /// Arguments so far: a call arrives whole.
    arguments: String,
}

impl Writer {
    pub(super) fn new(frame: &Frame, asked: &Asked) -> Self {
        Self {
            frame: frame.clone(),
            logprobs: asked.logprobs != Logprobs::Off,
            arguments: String::new(),
        }
    }

    fn chunk(&self, parts: &Value, tokens: &[Token]) -> Value {
        let mut candidate = json!({"content": {"role": "model", "parts": parts}, "index": 0});
        if self.logprobs && !tokens.is_empty() {
            let entry =
                |t: &Token| json!({"token": t.text, "tokenId": 0, "logProbability": t.logprob});
            let chosen: Vec<Value> = tokens.iter().map(entry).collect();
            candidate["logprobsResult"] = json!({"chosenCandidates": chosen});
        }
        json!({"candidates": [candidate], "modelVersion": self.frame.model,
            "responseId": self.frame.id})
    }
}

fn send(out: &mut BytesMut, data: &Value) {
    out.put_slice(format!("data: {data}\r\n\r\n").as_bytes());
}

impl StreamWriter for Writer {
    fn early(&mut self, _: &mut BytesMut) {}

    fn tokens(&mut self, out: &mut BytesMut, tokens: &[Token], channel: Channel) {
        let text = text(tokens);
        match channel {
            Channel::Reasoning => {
                let chunk = self.chunk(&json!([{"text": text, "thought": true}]), &[]);
                send(out, &chunk);
            }
            Channel::Text => {
                let chunk = self.chunk(&json!([{ "text": text }]), tokens);
                send(out, &chunk);
            }
            Channel::Tool => self.arguments.push_str(&text),
        }
    }

    fn end(&mut self, out: &mut BytesMut, spoken: &Spoken, usage: &Usage) {
        let parts = if spoken.tool {
            let args: Value = serde_json::from_str(&self.arguments).unwrap_or_default();
            json!([{"functionCall": {"name": TOOL, "args": args}}])
        } else {
            json!([{"text": ""}])
        };
        let mut chunk = self.chunk(&parts, &[]);
        close(&mut chunk, spoken, usage);
        send(out, &chunk);
    }

    /// Without the field name that belongs before it, as the real service does.
    fn error(&mut self, out: &mut BytesMut, message: &str) {
        let error: Value = serde_json::from_str(&error_json(503, message)).unwrap_or_default();
        let list = format!("{:#}", json!([error]));
        out.put_slice(list.as_bytes());
    }
}

fn close(chunk: &mut Value, spoken: &Spoken, usage: &Usage) {
    chunk["candidates"][0]["finishReason"] = reason(spoken, REASONS).into();
    let mut counts = json!({
        "promptTokenCount": usage.prompt,
        "candidatesTokenCount": usage.completion - usage.reasoning,
        "totalTokenCount": usage.prompt + usage.completion
    });
    if usage.cached > 0 {
        counts["cachedContentTokenCount"] = usage.cached.into();
    }
    if usage.reasoning > 0 {
        counts["thoughtsTokenCount"] = usage.reasoning.into();
    }
    chunk["usageMetadata"] = counts;
}

/// The body of an answer that is not a stream.
pub(super) fn whole(frame: &Frame, asked: &Asked, spoken: &Spoken, usage: &Usage) -> Bytes {
    let mut parts = Vec::new();
    if spoken.reasoning > 0 {
        parts.push(json!({"text": spoken.thoughts(), "thought": true}));
    }
    parts.push(if spoken.tool {
        let args: Value = serde_json::from_str(&spoken.answer()).unwrap_or_default();
        json!({"functionCall": {"name": TOOL, "args": args}})
    } else {
        json!({"text": spoken.answer()})
    });
    let writer = Writer::new(frame, asked);
    let mut chunk = writer.chunk(&parts.into(), spoken.answer_tokens());
    close(&mut chunk, spoken, usage);
    chunk.to_string().into()
}

pub(super) fn error_json(status: u16, message: &str) -> String {
    let name = match status {
        400 => "INVALID_ARGUMENT",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        _ => "INTERNAL",
    };
    json!({"error": {"code": status, "message": message, "status": name}}).to_string()
}
