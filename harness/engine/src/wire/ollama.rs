//! Ollama's own chat route: one JSON document a line.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use weighbridge_record::Usage;

use super::codec::Framing;
use super::error_text::error_text;
use super::logprobs::LogprobList;
use super::text::{Text, filled};
use super::{Codec, RequestBody, WireError, WireEvent};

/// The codec of `/api/chat`.
#[derive(Debug, Clone, Copy, Default)]
pub struct OllamaChat;

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    model: Option<Text<'a>>,
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
    #[serde(default)]
    done: bool,
    #[serde(borrow, default)]
    done_reason: Option<Text<'a>>,
    #[serde(default)]
    logprobs: Option<LogprobList>,
    #[serde(default)]
    prompt_eval_count: Option<u64>,
    #[serde(default)]
    eval_count: Option<u64>,
    /// Nanoseconds.
    #[serde(default)]
    load_duration: Option<u64>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Option<Text<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Text<'a>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow, default)]
    function: Option<&'a RawValue>,
}

impl Codec for OllamaChat {
    fn path(&self, _: &str, _: bool) -> String {
        "/api/chat".to_owned()
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn encode(&self, request: &RequestBody<'_>) -> Bytes {
        let messages = request.messages.iter();
        let messages: Value = messages
            .map(|m| json!({"role": m.role.as_str(), "content": m.content}))
            .collect();
        let mut options = Map::new();
        let mut put = |key: &str, value: Value| options.insert(key.to_owned(), value);
        if let Some(limit) = request.max_output_tokens {
            put("num_predict", limit.into());
        }
        if let Some(temperature) = request.temperature {
            put("temperature", temperature.into());
        }
        if let Some(seed) = request.seed {
            put("seed", (seed & 0x7FFF_FFFF).into());
        }
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
        put("model", request.model.into());
        put("messages", messages);
        // It streams unless told otherwise.
        put("stream", request.stream.into());
        if !options.is_empty() {
            put("options", options.into());
        }
        if request.logprobs {
            put("logprobs", true.into());
        }
        request.add_extra(&mut body);
        Value::Object(body).to_string().into()
    }

    fn decode(&self, data: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError> {
        let line: Line<'_> = serde_json::from_slice(data)?;
        if let Some(error) = line.error {
            on(WireEvent::Error(&error_text(error.get().as_bytes())));
            return Ok(());
        }
        if let Some(model) = filled(&line.model) {
            on(WireEvent::Model(model));
        }
        if let Some(message) = &line.message {
            message.tell(on);
        }
        if let Some(logprobs) = &line.logprobs {
            logprobs.0.tell(on);
        }
        if line.done {
            line.tell_end(on);
        }
        Ok(())
    }

    fn decode_body(&self, body: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError> {
        self.decode(body, on)
    }
}

impl Message<'_> {
    fn tell(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        if let Some(text) = filled(&self.thinking) {
            on(WireEvent::Reasoning(text));
        }
        if let Some(text) = filled(&self.content) {
            on(WireEvent::Content(text));
        }
        let calls = self.tool_calls.iter().flatten();
        for function in calls.filter_map(|call| call.function) {
            on(WireEvent::ToolCall(function.get()));
        }
    }
}

impl Line<'_> {
    fn tell_end(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        if let Some(reason) = filled(&self.done_reason) {
            on(WireEvent::Finish(reason));
        }
        // Thinking is part of the output count; cached tokens are not told apart.
        if self.prompt_eval_count.is_some() || self.eval_count.is_some() {
            on(WireEvent::Usage(Usage {
                input_tokens: self.prompt_eval_count,
                output_tokens: self.eval_count,
                ..Usage::default()
            }));
        }
        if let Some(ns) = self.load_duration {
            on(WireEvent::ModelLoadMs(ns as f64 / 1e6));
        }
        on(WireEvent::Done);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{events_of, every_cut};
    use super::*;

    const STREAM: &str = concat!(
        r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"","thinking":"hm"},"done":false}"#,
        "\n",
        r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"vieré"},"logprobs":[{"token":"v","logprob":-0.5}],"done":false}"#,
        "\n",
        r#"{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"done":false}"#,
        "\n",
        r#"{"model":"m","message":{"role":"assistant","content":""},"done_reason":"stop","done":true,"total_duration":9000000,"load_duration":2500000,"prompt_eval_count":7,"prompt_eval_duration":1,"eval_count":3,"eval_duration":1}"#,
        "\n",
    );

    #[test]
    fn a_stream_of_lines_is_told() {
        let events = events_of(&OllamaChat, [STREAM.as_bytes()]);
        let rest: Vec<_> = events.iter().filter(|e| !e.starts_with("Model(")).collect();
        assert_eq!(
            rest[..5],
            [
                r#"Reasoning("hm")"#,
                "Content(\"vieré\")",
                "Logprobs { sum: -0.5, count: 1 }",
                r#"ToolCall("{\"name\":\"f\",\"arguments\":{\"a\":1}}")"#,
                r#"Finish("stop")"#
            ]
        );
        assert!(rest[5].contains("input_tokens: Some(7)"));
        assert_eq!(rest[6..], ["ModelLoadMs(2.5)", "Done"]);
    }

    #[test]
    fn every_cut_of_the_stream_is_the_same_answer() {
        every_cut(&OllamaChat, STREAM);
    }

    #[test]
    fn an_error_line_is_told() {
        let line = "{\"error\":\"an error was encountered while running the model\"}\n";
        assert_eq!(
            events_of(&OllamaChat, [line.as_bytes()]),
            [r#"Error("an error was encountered while running the model")"#]
        );
    }

    #[test]
    fn a_request_says_whether_it_streams() {
        let request = RequestBody {
            model: "m",
            max_output_tokens: Some(5),
            ..RequestBody::default()
        };
        let body: Value = serde_json::from_slice(&OllamaChat.encode(&request)).unwrap();
        let expected =
            json!({"model":"m","messages":[],"stream":false,"options":{"num_predict":5}});
        assert_eq!(body, expected);
    }
}
