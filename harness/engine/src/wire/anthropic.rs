//! Anthropic Messages.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use weighbridge_datasets::Role;

use super::error_text::error_text;
use super::prompt_cache::PromptCache;
use super::text::{Text, filled};
use super::usage::AnthropicUsage;
use super::{Codec, RequestBody, WireError, WireEvent};

/// The codec of Anthropic Messages.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anthropic {
    /// Where cache breakpoints are set.
    pub cache: PromptCache,
}

/// Output limit where none is given: the dialect demands one.
const LIMIT: u32 = 4096;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(default)]
    usage: Option<AnthropicUsage>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// A message: the beginning of a stream, or a whole answer.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    model: Option<Text<'a>>,
    #[serde(borrow, default)]
    content: Option<Vec<Block<'a>>>,
    #[serde(borrow, default)]
    stop_reason: Option<Text<'a>>,
    #[serde(default)]
    usage: Option<AnthropicUsage>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Block<'a> {
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Text<'a>>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Text<'a>>,
    #[serde(borrow, default)]
    partial_json: Option<Text<'a>>,
    #[serde(borrow, default)]
    stop_reason: Option<Text<'a>>,
}

impl Codec for Anthropic {
    fn path(&self, _: &str, _: bool) -> String {
        "/messages".to_owned()
    }

    fn encode(&self, request: &RequestBody<'_>) -> Bytes {
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
        let control = self.cache.anthropic_control();
        put("model", request.model.into());
        put("messages", messages(request, control.as_ref()));
        if let Some(system) = system(request, control.as_ref()) {
            put("system", system);
        }
        put(
            "max_tokens",
            request.max_output_tokens.unwrap_or(LIMIT).into(),
        );
        if request.stream {
            put("stream", true.into());
        }
        if let Some(temperature) = request.temperature {
            put("temperature", temperature.into());
        }
        request.add_extra(&mut body);
        Value::Object(body).to_string().into()
    }

    fn decode(&self, data: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError> {
        let data = data.trim_ascii();
        if data.is_empty() {
            return Ok(());
        }
        let event: Event<'_> = serde_json::from_slice(data)?;
        match &*event.kind.0 {
            "content_block_delta" => {
                if let Some(delta) = &event.delta {
                    delta.tell(on);
                }
            }
            "message_start" => {
                on(WireEvent::FirstRole);
                if let Some(message) = &event.message {
                    message.tell_head(on);
                }
            }
            "message_delta" => {
                let reason = event.delta.as_ref().and_then(|d| filled(&d.stop_reason));
                if let Some(reason) = reason {
                    on(WireEvent::Finish(reason));
                }
                if let Some(usage) = &event.usage {
                    on(WireEvent::UsagePart(usage.normalised()));
                }
            }
            "message_stop" => on(WireEvent::Done),
            "error" => {
                let error = event.error.map_or(data, |e| e.get().as_bytes());
                on(WireEvent::Error(&error_text(error)));
            }
            // Pings, starts and ends of blocks, and whatever will be added.
            _ => {}
        }
        Ok(())
    }

    fn decode_body(&self, body: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError> {
        let message: Message<'_> = serde_json::from_slice(body.trim_ascii())?;
        if let Some(error) = message.error {
            on(WireEvent::Error(&error_text(error.get().as_bytes())));
            return Ok(());
        }
        message.tell_head(on);
        for block in message.content.iter().flatten() {
            if let Some(text) = filled(&block.thinking) {
                on(WireEvent::Reasoning(text));
            }
            if let Some(text) = filled(&block.text) {
                on(WireEvent::Content(text));
            }
            if let Some(input) = block.input {
                on(WireEvent::ToolCall(input.get()));
            }
        }
        if let Some(reason) = filled(&message.stop_reason) {
            on(WireEvent::Finish(reason));
        }
        on(WireEvent::Done);
        Ok(())
    }
}

impl Message<'_> {
    fn tell_head(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        if let Some(model) = filled(&self.model) {
            on(WireEvent::Model(model));
        }
        if let Some(usage) = &self.usage {
            on(WireEvent::Usage(usage.normalised()));
        }
    }
}

impl Delta<'_> {
    /// Signatures and citations are no text.
    fn tell(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        if let Some(text) = filled(&self.thinking) {
            on(WireEvent::Reasoning(text));
        }
        if let Some(text) = filled(&self.text) {
            on(WireEvent::Content(text));
        }
        if let Some(text) = filled(&self.partial_json) {
            on(WireEvent::ToolCall(text));
        }
    }
}

fn block(text: &str, control: Option<&Value>) -> Value {
    let mut block = json!({"type": "text", "text": text});
    if let Some(control) = control {
        block["cache_control"] = control.clone();
    }
    block
}

/// The system prompts as blocks; a breakpoint after the last.
fn system(request: &RequestBody<'_>, control: Option<&Value>) -> Option<Value> {
    let texts = request.messages.iter().filter(|m| m.role == Role::System);
    let texts: Vec<&str> = texts.map(|m| m.content.as_str()).collect();
    let last = texts.len().checked_sub(1)?;
    let blocks = texts.iter().enumerate();
    Some(
        blocks
            .map(|(i, text)| block(text, control.filter(|_| i == last)))
            .collect(),
    )
}

/// The conversation without system prompts; a breakpoint after the last message.
fn messages(request: &RequestBody<'_>, control: Option<&Value>) -> Value {
    let spoken = request.messages.iter().filter(|m| m.role != Role::System);
    let spoken: Vec<_> = spoken.collect();
    let last = spoken.len().saturating_sub(1);
    let one = |(i, message): (usize, &&weighbridge_datasets::Message)| {
        let content = match control.filter(|_| i == last) {
            None => message.content.as_str().into(),
            Some(control) => json!([block(&message.content, Some(control))]),
        };
        json!({"role": message.role.as_str(), "content": content})
    };
    spoken.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{events_of, every_cut};
    use super::*;

    const STREAM: &str = concat!(
        "event: message_start\n",
        r#"data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-x","stop_reason":null,"usage":{"input_tokens":30,"cache_creation_input_tokens":10,"cache_read_input_tokens":60,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":0},"output_tokens":1,"service_tier":"standard"}}}"#,
        "\n\nevent: ping\ndata: {\"type\": \"ping\"}\n\n",
        "event: content_block_start\n",
        r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        "\n\nevent: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":""}}"#,
        "\n\nevent: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm é"}}"#,
        "\n\nevent: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"abc"}}"#,
        "\n\nevent: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "event: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"4\n"}}"#,
        "\n\nevent: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\""}}"#,
        "\n\nevent: message_delta\n",
        r#"data: {"type":"message_delta","delta":{"stop_reason":"future_reason","stop_sequence":null},"usage":{"output_tokens":50,"output_tokens_details":{"thinking_tokens":20}}}"#,
        "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );

    #[test]
    fn a_stream_is_told_without_its_noise() {
        let events = events_of(&Anthropic::default(), [STREAM.as_bytes()]);
        let short: Vec<_> = events
            .iter()
            .map(|e| e.split('{').next().unwrap().trim())
            .collect();
        assert_eq!(
            short,
            [
                "FirstRole",
                r#"Model("claude-x")"#,
                "Usage(Usage",
                r#"Reasoning("hm é")"#,
                r#"Content("4\n")"#,
                r#"ToolCall(""#,
                r#"Finish("future_reason")"#,
                "UsagePart(Usage",
                "Done"
            ]
        );
        assert!(events[7].contains("output_tokens: Some(30)"));
        assert!(events[7].contains("input_tokens: None"));
    }

    #[test]
    fn every_cut_of_the_stream_is_the_same_answer() {
        every_cut(&Anthropic::default(), STREAM);
    }

    #[test]
    fn errors_inside_the_stream_are_told() {
        let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"},\"request_id\":\"r\"}\n\n";
        let events = events_of(&Anthropic::default(), [error.as_bytes()]);
        assert_eq!(events, [r#"Error("Overloaded (overloaded_error)")"#]);
    }

    #[test]
    fn a_whole_body_is_read() {
        let body = r#"{"id":"m","type":"message","role":"assistant","model":"c","content":[
            {"type":"thinking","thinking":"h","signature":"s"},{"type":"text","text":"4"},
            {"type":"tool_use","id":"t","name":"f","input":{"a":1}}],
            "stop_reason":"tool_use","usage":{"input_tokens":3,"output_tokens":9}}"#;
        let mut events = Vec::new();
        let codec = Anthropic::default();
        codec
            .decode_body(body.as_bytes(), &mut |e| events.push(format!("{e:?}")))
            .unwrap();
        assert_eq!(
            events[2..5],
            [
                r#"Reasoning("h")"#,
                r#"Content("4")"#,
                r#"ToolCall("{\"a\":1}")"#
            ]
        );
        assert_eq!(events[6], "Done");
    }

    #[test]
    fn a_request_has_system_limit_and_breakpoints() {
        use weighbridge_datasets::Message;
        let message = |role, content: &str| Message {
            role,
            content: content.to_owned(),
        };
        let messages = [message(Role::System, "s"), message(Role::User, "u")];
        let request = RequestBody {
            model: "m",
            messages: &messages,
            seed: Some(1),
            logprobs: true,
            ..RequestBody::default()
        };
        let body = |cache| -> Value {
            serde_json::from_slice(&Anthropic { cache }.encode(&request)).unwrap()
        };
        assert_eq!(
            body(PromptCache::Default),
            json!({"model":"m","max_tokens":LIMIT,"system":[{"type":"text","text":"s"}],
                "messages":[{"role":"user","content":"u"}]})
        );
        let marked = body(PromptCache::BreakpointsLong);
        let control = json!({"type":"ephemeral","ttl":"1h"});
        assert_eq!(marked["system"][0]["cache_control"], control);
        assert_eq!(
            marked["messages"][0]["content"][0]["cache_control"],
            control
        );
    }
}
