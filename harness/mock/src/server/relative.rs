//! Chat Completions with the habits of a provider.
//!
//! Without habits, `openai_chat` writes the same format much faster.

use super::asked::{Asked, Cache, Channel, Spoken, TOOL, text};
use super::format::{Frame, StreamWriter, reason};
use super::frame::Logprobs;
use super::relative_counts::{PROVIDER, counts, timings};
use super::reply::{Usage, error_json as object_error};
use super::style::{Counts, Errors, Opening, Probabilities, Style, Thoughts, Written};
use super::wire::ChatRequest;
use crate::completion::Token;
use bytes::{BufMut, Bytes, BytesMut};
use serde_json::{Map, Value, json};

/// Reads and checks a request as the provider does.
pub(super) fn parse(style: &Style, body: &[u8]) -> Result<Asked, String> {
    let fields: Map<String, Value> = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    if let Some(known) = style.known
        && let Some(name) = fields.keys().find(|k| !known.contains(&k.as_str()))
    {
        return Err(format!("extra fields are not permitted: `{name}`"));
    }
    let mut asked = ChatRequest::parse(body)?.asked();
    let fields = Value::Object(fields);
    let switch = fields
        .pointer(style.switch)
        .filter(|_| !style.switch.is_empty());
    asked.reasoning = switch.is_some_and(|on| {
        *on == true
            || on
                .as_str()
                .is_some_and(|on| !matches!(on, "none" | "disabled"))
    });
    asked.include_usage &= style.counts != Counts::Nowhere;
    if fields["prompt_cache_options"].is_null() {
        asked.cache = cache(style, &fields, body);
    }
    Ok(asked)
}

fn cache(style: &Style, fields: &Value, body: &[u8]) -> Cache {
    const MARK: &[u8] = b"\"cache_control\"";
    let salt = match &fields[style.isolation] {
        Value::Bool(false) => return Cache::Off,
        salt => salt.as_str().unwrap_or_default().to_owned(),
    };
    let is_marked = body.windows(MARK.len()).any(|w| w == MARK);
    match style.written {
        Written::Always(_) => Cache::Written(salt),
        Written::Marked(_) if is_marked => Cache::Written(salt),
        Written::Marked(_) | Written::Never => Cache::Shared(salt),
    }
}

/// A stream of chunks.
pub(super) struct Writer {
    frame: Frame,
    style: &'static Style,
    logprobs: bool,
    usage: bool,
    has_call: bool,
    /// TensorRT-LLM pads its first line.
    is_padded: bool,
}

impl Writer {
    pub(super) fn new(style: &'static Style, frame: &Frame, asked: &Asked) -> Self {
        Self {
            frame: frame.clone(),
            style,
            logprobs: asked.logprobs != Logprobs::Off,
            usage: asked.include_usage,
            has_call: false,
            is_padded: style.errors == Errors::Flat,
        }
    }

    fn send(&mut self, out: &mut BytesMut, chunk: &Value) {
        let pad = if std::mem::take(&mut self.is_padded) {
            " "
        } else {
            ""
        };
        out.put_slice(format!("data: {chunk}{pad}\n\n").as_bytes());
    }

    fn chunk(&self, choices: &Value) -> Value {
        let mut chunk = json!({"id": self.frame.id, "object": "chat.completion.chunk",
            "created": self.frame.created, "model": self.frame.model, "choices": choices});
        match self.style.counts {
            Counts::Repeated => chunk["provider"] = PROVIDER.into(),
            Counts::Vendor => chunk["x_groq"] = json!({"id": self.frame.id}),
            _ if self.style.nulls => chunk["usage"] = Value::Null,
            _ => {}
        }
        chunk
    }

    fn delta(&self, delta: Value) -> Value {
        let mut choice = json!({"index": 0, "delta": delta, "logprobs": null,
            "finish_reason": null});
        if self.style.nulls {
            for name in ["content", "reasoning_content", "tool_calls"] {
                let delta = &mut choice["delta"];
                delta[name] = delta[name].take();
            }
        }
        choice
    }

    fn open(&mut self, out: &mut BytesMut, opening: Opening) {
        let delta = match opening {
            Opening::Comment(text) => return out.put_slice(format!(":{text}\n\n").as_bytes()),
            Opening::Filter => {
                let filter = json!({"choices": [], "created": 0, "id": "", "model": "",
                    "object": "", "prompt_filter_results": [{"prompt_index": 0}]});
                return self.send(out, &filter);
            }
            Opening::Progress => {
                let mut chunk = self.chunk(&json!([
                    self.delta(json!({"role": "assistant", "content": null}))
                ]));
                chunk["prompt_progress"] = json!({"total": 9, "cache": 0, "processed": 9});
                return self.send(out, &chunk);
            }
            Opening::Role => json!({"role": "assistant", "content": ""}),
            Opening::RoleNull => json!({"role": "assistant", "content": null}),
            Opening::RoleOnly => json!({"role": "assistant"}),
            Opening::RoleThinking => {
                json!({"role": "assistant", "content": null, "reasoning_content": ""})
            }
        };
        let chunk = self.chunk(&json!([self.delta(delta)]));
        self.send(out, &chunk);
    }

    /// The delta of some tokens; `None` where they are not shown.
    fn shown(&mut self, tokens: &[Token], channel: Channel) -> Option<Value> {
        let text = text(tokens);
        Some(match (channel, self.style.thoughts) {
            (Channel::Reasoning, Thoughts::Hidden) => return None,
            (Channel::Reasoning, Thoughts::Field(name)) => json!({ name: text }),
            (Channel::Reasoning, Thoughts::Parts) => json!({"content": [thinking(&text)]}),
            (Channel::Text, Thoughts::Parts) => {
                json!({"content": [{"type": "text", "text": text}]})
            }
            (Channel::Text, _) => json!({ "content": text }),
            (Channel::Tool, _) => {
                let mut call = json!({"index": 0, "function": {"arguments": text}});
                if !std::mem::replace(&mut self.has_call, true) {
                    call["id"] = "call_0".into();
                    call["type"] = "function".into();
                    call["function"]["name"] = TOOL.into();
                }
                json!({ "tool_calls": [call] })
            }
        })
    }

    /// The chunk with the finish reason, and counts where they are in it.
    fn finish(&mut self, out: &mut BytesMut, spoken: &Spoken, usage: &Usage) {
        let delta = match self.style.counts {
            Counts::Both | Counts::Finish | Counts::Repeated => json!({"content": ""}),
            _ => json!({}),
        };
        let mut choice = self.delta(delta);
        choice["finish_reason"] = reason(spoken, self.style.reasons).into();
        let mut chunk = self.chunk(&json!([choice]));
        match self.style.counts {
            Counts::Finish | Counts::Both => chunk["usage"] = counts(self.style, usage),
            Counts::Vendor => chunk["x_groq"]["usage"] = counts(self.style, usage),
            _ => {}
        }
        self.send(out, &chunk);
        let mut last = match self.style.counts {
            Counts::Repeated => self.chunk(&json!([choice])),
            Counts::Both => self.chunk(&json!([])),
            Counts::Asked if self.usage => self.chunk(&json!([])),
            Counts::Beside if self.usage => self.chunk(&json!([{"index": 0, "delta": {}}])),
            _ => return,
        };
        last["usage"] = counts(self.style, usage);
        if self.style.isolation == "cache_prompt" {
            last["timings"] = timings(usage);
        }
        self.send(out, &last);
    }
}

fn thinking(text: &str) -> Value {
    json!({"type": "thinking", "thinking": [{"type": "text", "text": text}]})
}

impl StreamWriter for Writer {
    fn early(&mut self, out: &mut BytesMut) {
        let openings = self.style.early;
        openings.iter().for_each(|o| self.open(out, *o));
    }

    fn head(&mut self, out: &mut BytesMut, _: &Usage) {
        let openings = self.style.late;
        openings.iter().for_each(|o| self.open(out, *o));
    }

    fn tokens(&mut self, out: &mut BytesMut, tokens: &[Token], channel: Channel) {
        let Some(delta) = self.shown(tokens, channel) else {
            return;
        };
        let mut choice = self.delta(delta);
        if self.logprobs && channel == Channel::Text {
            choice["logprobs"] = match self.style.probabilities {
                Probabilities::None => Value::Null,
                Probabilities::Object => json!({"content": entries(tokens)}),
                // One number a chunk: all tokens of it together.
                Probabilities::Numbers => tokens.iter().map(|t| t.logprob).sum::<f64>().into(),
            };
        }
        let chunk = self.chunk(&json!([choice]));
        self.send(out, &chunk);
    }

    fn end(&mut self, out: &mut BytesMut, spoken: &Spoken, usage: &Usage) {
        if self.style.early.contains(&Opening::Filter) {
            // The filter of the answer runs behind it.
            let late = json!([{"content_filter_offsets": {}, "finish_reason": null, "index": 0}]);
            let chunk = self.chunk(&late);
            self.send(out, &chunk);
        }
        self.finish(out, spoken, usage);
        out.put_slice(b"data: [DONE]\n\n");
    }

    fn error(&mut self, out: &mut BytesMut, message: &str) {
        let error = match self.style.errors {
            Errors::Object => json!({"error": {"message": message, "code": 500}}),
            Errors::Flat | Errors::Typed => {
                serde_json::from_str(&error_json(self.style, 500, message, "server_error", ""))
                    .unwrap_or_default()
            }
            Errors::FlatWrapped => json!({"error": {"object": "error", "message": message,
                "type": "InternalServerError", "param": null, "code": 500}}),
            Errors::Vendor => json!({"choices": [], "x_groq": {"error": message}}),
            Errors::WithChoice => json!({"error": {"code": 502, "message": message},
                "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]}),
        };
        self.send(out, &error);
        out.put_slice(b"data: [DONE]\n\n");
    }
}

/// OpenAI's list of probabilities.
fn entries(tokens: &[Token]) -> Value {
    let entry = |t: &Token| {
        json!({"token": t.text, "logprob": t.logprob, "bytes": t.text.as_bytes(),
            "top_logprobs": []})
    };
    tokens.iter().map(entry).collect()
}

/// The body of an answer that is not a stream.
pub(super) fn whole(
    style: &'static Style,
    frame: &Frame,
    asked: &Asked,
    spoken: &Spoken,
    usage: &Usage,
) -> Bytes {
    let answer = spoken.answer();
    let mut message = json!({"role": "assistant", "content": answer});
    if spoken.tool {
        let function = json!({"name": TOOL, "arguments": answer});
        message["content"] = Value::Null;
        message["tool_calls"] = json!([{"id": "call_0", "type": "function", "function": function}]);
    }
    match style.thoughts {
        _ if spoken.reasoning == 0 => {}
        Thoughts::Hidden => {}
        Thoughts::Field(name) => message[name] = spoken.thoughts().into(),
        Thoughts::Parts => {
            let text = json!({"type": "text", "text": answer});
            message["content"] = json!([thinking(&spoken.thoughts()), text]);
        }
    }
    let tokens = spoken.answer_tokens();
    let logprobs = match style.probabilities {
        _ if asked.logprobs == Logprobs::Off => Value::Null,
        Probabilities::None => Value::Null,
        Probabilities::Object => json!({"content": entries(tokens)}),
        Probabilities::Numbers => {
            let (texts, numbers): (Vec<&str>, Vec<f64>) =
                tokens.iter().map(|t| (t.text.as_str(), t.logprob)).unzip();
            json!({"tokens": texts, "token_logprobs": numbers})
        }
    };
    let choice = json!({"index": 0, "message": message, "logprobs": logprobs,
        "finish_reason": reason(spoken, style.reasons)});
    let mut body = Writer::new(style, frame, asked).chunk(&json!([choice]));
    body["object"] = "chat.completion".into();
    body["usage"] = counts(style, usage);
    if style.isolation == "cache_prompt" {
        body["timings"] = timings(usage);
    }
    // DeepSeek keeps a connection open with blank lines while a request waits.
    let before = if style.isolation == "user_id" {
        "\n\n"
    } else {
        ""
    };
    format!("{before}{body}").into()
}

/// An error body with its HTTP status.
pub(super) fn error_json(
    style: &Style,
    status: u16,
    message: &str,
    kind: &str,
    code: &str,
) -> String {
    match style.errors {
        Errors::Flat | Errors::FlatWrapped => json!({"object": "error", "message": message,
            "type": kind, "param": null, "code": status})
        .to_string(),
        Errors::Typed => super::tgi::error_json(status, message),
        _ => object_error(message, kind, code),
    }
}
