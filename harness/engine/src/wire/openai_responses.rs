//! OpenAI Responses.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use weighbridge_datasets::Role;

use super::error_text::error_text;
use super::logprobs::LogprobList;
use super::prompt_cache::PromptCache;
use super::text::{Lenient, Text, filled};
use super::usage::ResponsesUsage;
use super::{Codec, RequestBody, WireError, WireEvent};

/// The codec of OpenAI Responses.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenaiResponses {
    /// What requests say about the prompt cache.
    pub cache: PromptCache,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    delta: Lenient<'a>,
    #[serde(default)]
    logprobs: Option<LogprobList>,
    #[serde(borrow, default)]
    response: Option<Response<'a>>,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow, default)]
    model: Option<Text<'a>>,
    #[serde(borrow, default)]
    status: Option<Text<'a>>,
    #[serde(borrow, default)]
    output: Option<Vec<Item<'a>>>,
    #[serde(default)]
    usage: Option<ResponsesUsage>,
    #[serde(borrow, default)]
    incomplete_details: Option<Incomplete<'a>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Incomplete<'a> {
    #[serde(borrow, default)]
    reason: Option<Text<'a>>,
}

/// An item of a whole answer.
#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default)]
    content: Option<Vec<Part<'a>>>,
    #[serde(borrow, default)]
    summary: Option<Vec<Part<'a>>>,
    #[serde(borrow, default)]
    arguments: Option<Text<'a>>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Text<'a>>,
    #[serde(default)]
    logprobs: Option<LogprobList>,
}

impl Codec for OpenaiResponses {
    fn path(&self, _: &str, _: bool) -> String {
        "/responses".to_owned()
    }

    fn encode(&self, request: &RequestBody<'_>) -> Bytes {
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| body.insert(key.to_owned(), value);
        put("model", request.model.into());
        put("input", self.input(request));
        // Nothing may be left behind that a later call could find.
        put("store", false.into());
        if request.stream {
            put("stream", true.into());
            put("stream_options", json!({"include_obfuscation": false}));
        }
        if let Some(limit) = request.max_output_tokens {
            put("max_output_tokens", limit.into());
        }
        if let Some(temperature) = request.temperature {
            put("temperature", temperature.into());
        }
        if request.logprobs {
            put("include", json!(["message.output_text.logprobs"]));
        }
        if let Some(key) = request.cache_key {
            put("prompt_cache_key", key.into());
        }
        if let Some(options) = self.cache.openai_options() {
            put("prompt_cache_options", options);
        }
        request.add_extra(&mut body);
        Value::Object(body).to_string().into()
    }

    fn decode(&self, data: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError> {
        let data = data.trim_ascii();
        // Not promised, but some servers end with it.
        if data.is_empty() || data.starts_with(b"[DONE]") {
            return Ok(());
        }
        let event: Event<'_> = serde_json::from_slice(data)?;
        let (delta, response) = (event.delta.filled(), &event.response);
        match (&*event.kind.0, delta, response) {
            ("response.output_text.delta", Some(text), _) => {
                on(WireEvent::Content(text));
                event.logprobs.unwrap_or_default().0.tell(on);
            }
            ("response.refusal.delta", Some(text), _) => on(WireEvent::Content(text)),
            (
                "response.reasoning_summary_text.delta" | "response.reasoning_text.delta",
                Some(text),
                _,
            ) => on(WireEvent::Reasoning(text)),
            (
                "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta",
                Some(text),
                _,
            ) => on(WireEvent::ToolCall(text)),
            ("response.created", _, Some(response)) => {
                on(WireEvent::FirstRole);
                response.tell_head(on);
            }
            (
                "response.completed" | "response.incomplete" | "response.failed",
                _,
                Some(response),
            ) => response.tell_end(on),
            ("error", ..) => on(WireEvent::Error(&error_text(data))),
            // Starts and ends of items and parts, and whatever will be added.
            _ => {}
        }
        Ok(())
    }

    fn decode_body(&self, body: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError> {
        let response: Response<'_> = serde_json::from_slice(body.trim_ascii())?;
        response.tell_head(on);
        for item in response.output.iter().flatten() {
            item.tell(on);
        }
        response.tell_end(on);
        Ok(())
    }
}

impl OpenaiResponses {
    fn input(&self, request: &RequestBody<'_>) -> Value {
        let last = request.messages.len().saturating_sub(1);
        let one = |(i, message): (usize, &weighbridge_datasets::Message)| {
            let is_marked = i == last || message.role == Role::System;
            if !self.cache.has_breakpoints() || !is_marked || message.role == Role::Assistant {
                return json!({"role": message.role.as_str(), "content": message.content});
            }
            let part = json!({"type": "input_text", "text": message.content,
                "prompt_cache_breakpoint": {"mode": "explicit"}});
            json!({"role": message.role.as_str(), "content": [part]})
        };
        request.messages.iter().enumerate().map(one).collect()
    }
}

impl Response<'_> {
    fn tell_head(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        if let Some(model) = filled(&self.model) {
            on(WireEvent::Model(model));
        }
    }

    fn tell_end(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        if let Some(error) = self.error {
            on(WireEvent::Error(&error_text(error.get().as_bytes())));
            return;
        }
        let details = self.incomplete_details.as_ref();
        let reason = details
            .and_then(|d| filled(&d.reason))
            .or(filled(&self.status));
        if let Some(reason) = reason {
            on(WireEvent::Finish(reason));
        }
        if let Some(usage) = &self.usage {
            on(WireEvent::Usage(usage.normalised()));
        }
        if self.status.as_ref().is_some_and(|s| s.is("failed")) {
            on(WireEvent::Error("the response failed"));
        }
        on(WireEvent::Done);
    }
}

impl Item<'_> {
    fn tell(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        let is_reasoning = self.kind.as_ref().is_some_and(|kind| kind.is("reasoning"));
        for part in self.summary.iter().chain(&self.content).flatten() {
            match filled(&part.text) {
                Some(text) if is_reasoning => on(WireEvent::Reasoning(text)),
                Some(text) => on(WireEvent::Content(text)),
                None => {}
            }
            if let Some(text) = filled(&part.refusal) {
                on(WireEvent::Content(text));
            }
            if let Some(logprobs) = &part.logprobs {
                logprobs.0.tell(on);
            }
        }
        if let Some(text) = filled(&self.arguments) {
            on(WireEvent::ToolCall(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{events_of, every_cut};
    use super::*;

    const STREAM: &str = concat!(
        "event: response.created\n",
        r#"data: {"type":"response.created","sequence_number":0,"response":{"id":"r","model":"gpt-x","status":"in_progress","output":[],"usage":null,"error":null}}"#,
        "\n\nevent: response.output_item.added\n",
        r#"data: {"type":"response.output_item.added","sequence_number":1,"item":{"type":"reasoning","summary":[]}}"#,
        "\n\nevent: response.reasoning_summary_text.delta\n",
        r#"data: {"type":"response.reasoning_summary_text.delta","sequence_number":2,"delta":"hm"}"#,
        "\n\nevent: response.output_text.delta\n",
        r#"data: {"type":"response.output_text.delta","sequence_number":3,"delta":"","logprobs":[]}"#,
        "\n\nevent: response.output_text.delta\n",
        r#"data: {"type":"response.output_text.delta","sequence_number":4,"delta":"vier\u00e9","logprobs":[{"token":"x","logprob":-0.5,"top_logprobs":[]}]}"#,
        "\n\nevent: response.function_call_arguments.delta\n",
        r#"data: {"type":"response.function_call_arguments.delta","delta":"{}"}"#,
        "\n\nevent: response.future.delta\n",
        r#"data: {"type":"response.future.delta","delta":{"x":1}}"#,
        "\n\nevent: response.completed\n",
        r#"data: {"type":"response.completed","response":{"id":"r","model":"gpt-x","status":"completed","incomplete_details":null,"error":null,"output":[],"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":60,"cache_write_tokens":10},"output_tokens":50,"output_tokens_details":{"reasoning_tokens":20},"total_tokens":150}}}"#,
        "\n\n",
    );

    fn last(kind: &str, rest: &str) -> Vec<String> {
        let data = format!("event: {kind}\ndata: {{\"type\":\"{kind}\",{rest}}}\n\n");
        events_of(&OpenaiResponses::default(), [data.as_bytes()])
    }

    #[test]
    fn a_stream_is_told_without_its_noise() {
        let events = events_of(&OpenaiResponses::default(), [STREAM.as_bytes()]);
        assert_eq!(
            events[..7],
            [
                "FirstRole",
                r#"Model("gpt-x")"#,
                r#"Reasoning("hm")"#,
                "Content(\"vieré\")",
                "Logprobs { sum: -0.5, count: 1 }",
                r#"ToolCall("{}")"#,
                r#"Finish("completed")"#
            ]
        );
        assert!(events[7].contains("input_tokens: Some(30)"));
        assert_eq!(events[8..], ["Done"]);
    }

    #[test]
    fn every_cut_of_the_stream_is_the_same_answer() {
        every_cut(&OpenaiResponses::default(), STREAM);
    }

    #[test]
    fn other_ends_are_told_apart() {
        let incomplete = r#""response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}"#;
        let events = last("response.incomplete", incomplete);
        assert_eq!(events, [r#"Finish("max_output_tokens")"#, "Done"]);
        let failed =
            r#""response":{"status":"failed","error":{"code":"server_error","message":"m"}}"#;
        assert_eq!(
            last("response.failed", failed),
            [r#"Error("m (server_error)")"#]
        );
        let error =
            r#""code":"rate_limit_exceeded","message":"m","param":null,"sequence_number":3"#;
        assert_eq!(
            last("error", error),
            [r#"Error("m (rate_limit_exceeded)")"#]
        );
    }

    #[test]
    fn a_whole_body_is_read() {
        let body = r#"{"id":"r","model":"g","status":"completed","error":null,"output":[
            {"type":"reasoning","summary":[{"type":"summary_text","text":"h"}]},
            {"type":"message","role":"assistant","content":[{"type":"output_text","text":"4",
             "logprobs":[{"logprob":-1}]},{"type":"refusal","refusal":"no"}]},
            {"type":"function_call","name":"f","arguments":"{}"}],
            "usage":{"input_tokens":3,"output_tokens":1}}"#;
        let mut events = Vec::new();
        OpenaiResponses::default()
            .decode_body(body.as_bytes(), &mut |e| events.push(format!("{e:?}")))
            .unwrap();
        assert_eq!(events[1..3], [r#"Reasoning("h")"#, r#"Content("4")"#]);
        assert_eq!(events[4..6], [r#"Content("no")"#, r#"ToolCall("{}")"#]);
        assert_eq!(events.last().unwrap(), "Done");
    }

    #[test]
    fn a_request_leaves_nothing_behind() {
        let request = RequestBody {
            model: "m",
            stream: true,
            logprobs: true,
            max_output_tokens: Some(9),
            cache_key: Some("k"),
            ..RequestBody::default()
        };
        let cache = PromptCache::Off;
        let body = OpenaiResponses { cache }.encode(&request);
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            body,
            json!({"model":"m","input":[],"store":false,"stream":true,"max_output_tokens":9,
                "stream_options":{"include_obfuscation":false},"prompt_cache_key":"k",
                "include":["message.output_text.logprobs"],
                "prompt_cache_options":{"mode":"explicit"}})
        );
    }
}
