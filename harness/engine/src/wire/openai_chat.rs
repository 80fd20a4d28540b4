//! OpenAI Chat Completions and its relatives (vLLM, SGLang, llama.cpp).

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::usage::{Timings, UsageBody};
use super::{Codec, Dialect, RequestBody, WireError, WireEvent};

/// The codec of Chat Completions in one of its dialects.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenaiChat {
    /// Whose additions are spoken.
    pub dialect: Dialect,
}

/// A text that is borrowed from the input where it holds no escape.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A streamed chunk, or a whole body: they differ in `delta` and `message` only.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    usage: Option<UsageBody>,
    #[serde(default)]
    timings: Option<Timings>,
    #[serde(default)]
    x_groq: Option<VendorUsage>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct VendorUsage {
    #[serde(default)]
    usage: Option<UsageBody>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: Option<u32>,
    #[serde(borrow, default, alias = "message")]
    delta: Option<Delta<'a>>,
    #[serde(default)]
    logprobs: Option<Logprobs>,
    #[serde(borrow, default)]
    finish_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    role: Option<Text<'a>>,
    #[serde(borrow, default)]
    content: Option<Text<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Text<'a>>,
    #[serde(borrow, default)]
    reasoning: Option<Text<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Text<'a>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    arguments: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Logprobs {
    #[serde(default)]
    content: Option<Vec<TokenLogprob>>,
}

#[derive(Deserialize)]
struct TokenLogprob {
    logprob: f64,
}

impl Codec for OpenaiChat {
    fn path(&self) -> &'static str {
        "/chat/completions"
    }

    fn encode(&self, request: &RequestBody<'_>) -> Bytes {
        serde_json::Value::Object(request.json(self.dialect))
            .to_string()
            .into()
    }

    fn decode(&self, data: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError> {
        let data = data.trim_ascii();
        if data.starts_with(b"[DONE]") {
            on(WireEvent::Done);
            return Ok(());
        }
        if data.is_empty() {
            return Ok(());
        }
        decode_chunk(data, on)
    }

    fn decode_body(&self, body: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError> {
        decode_chunk(body.trim_ascii(), on)?;
        on(WireEvent::Done);
        Ok(())
    }

    fn error_text(&self, body: &[u8]) -> String {
        error_text(body)
    }
}

fn decode_chunk(data: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError> {
    let chunk: Chunk<'_> = serde_json::from_slice(data).map_err(|e| WireError {
        problem: e.to_string(),
    })?;
    if let Some(error) = chunk.error {
        on(WireEvent::Error(&error_text(error.get().as_bytes())));
        return Ok(());
    }
    // One answer is asked for; a server that sends more is read as far as its first.
    let choices = chunk.choices.iter().flatten();
    for choice in choices.filter(|c| c.index.unwrap_or(0) == 0) {
        choice.tell(on);
    }
    let vendor = chunk.x_groq.and_then(|vendor| vendor.usage);
    match (chunk.usage.or(vendor), chunk.timings) {
        (Some(usage), _) => on(WireEvent::Usage(usage.normalised())),
        (None, Some(timings)) => on(WireEvent::Usage(timings.normalised())),
        (None, None) => {}
    }
    Ok(())
}

impl Choice<'_> {
    fn tell(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        if let Some(delta) = &self.delta {
            delta.tell(on);
        }
        let tokens = self
            .logprobs
            .iter()
            .flat_map(|l| l.content.iter().flatten());
        let (sum, count) = tokens.fold((0.0, 0), |(sum, n), token| (sum + token.logprob, n + 1));
        if count > 0 {
            on(WireEvent::Logprobs { sum, count });
        }
        if let Some(reason) = &self.finish_reason {
            on(WireEvent::Finish(&reason.0));
        }
    }
}

impl Delta<'_> {
    fn tell(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        let mut is_empty = true;
        let mut say = |event| {
            is_empty = false;
            on(event);
        };
        let reasoning = filled(&self.reasoning).or(filled(&self.reasoning_content));
        if let Some(text) = reasoning {
            say(WireEvent::Reasoning(text));
        }
        for text in [&self.content, &self.refusal]
            .into_iter()
            .filter_map(filled)
        {
            say(WireEvent::Content(text));
        }
        let functions = self.tool_calls.iter().flatten();
        for function in functions.filter_map(|call| call.function.as_ref()) {
            let parts = [&function.name, &function.arguments];
            for text in parts.into_iter().filter_map(filled) {
                say(WireEvent::ToolCall(text));
            }
        }
        if is_empty && self.role.is_some() {
            on(WireEvent::FirstRole);
        }
    }
}

fn filled<'t>(text: &'t Option<Text<'_>>) -> Option<&'t str> {
    text.as_ref().map(|text| &*text.0).filter(|t| !t.is_empty())
}

/// Message and code of an error: `{"error": {…}}`, a flat object, or a bare text.
fn error_text(body: &[u8]) -> String {
    use serde_json::Value;
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(_) => return String::from_utf8_lossy(body).trim().to_owned(),
    };
    let error = value
        .get("error")
        .filter(|e| !e.is_null())
        .unwrap_or(&value);
    let text = |key| match error.get(key) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let message = text("message").or_else(|| error.as_str().map(str::to_owned));
    let message = message.unwrap_or_else(|| error.to_string());
    match text("code").or_else(|| text("type")) {
        Some(code) => format!("{message} ({code})"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(data: &str) -> Vec<String> {
        let mut events = Vec::new();
        let codec = OpenaiChat::default();
        let result = codec.decode(data.as_bytes(), &mut |e| events.push(format!("{e:?}")));
        if result.is_err() {
            events.push("malformed".to_owned());
        }
        events
    }

    fn delta(delta: &str) -> Vec<String> {
        events(&format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#))
    }

    #[test]
    fn empty_chunks_hold_no_token() {
        let role = ["FirstRole"];
        assert_eq!(delta(r#"{"role":"assistant","content":""}"#), role);
        assert_eq!(delta(r#"{"role":"assistant","content":null}"#), role);
        let nulls = r#"{"content":null,"reasoning_content":null,"tool_calls":null}"#;
        assert!(delta(nulls).is_empty());
        assert!(events(r#"{"choices":[]}"#).is_empty());
        assert!(events(r#"{"choices":null,"usage":null}"#).is_empty());
        assert!(events(r#"{"choices":[{"delta":null}]}"#).is_empty());
        assert!(events(" ").is_empty());
    }

    #[test]
    fn every_kind_of_token_is_told() {
        assert_eq!(delta(r#"{"content":"a\nb"}"#), [r#"Content("a\nb")"#]);
        assert_eq!(delta(r#"{"refusal":"no"}"#), [r#"Content("no")"#]);
        assert_eq!(delta(r#"{"reasoning":"r"}"#), [r#"Reasoning("r")"#]);
        let both = r#"{"reasoning":"","reasoning_content":"r"}"#;
        assert_eq!(delta(both), [r#"Reasoning("r")"#]);
        let tool = r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":""}}]}"#;
        assert_eq!(delta(tool), [r#"ToolCall("f")"#]);
    }

    #[test]
    fn the_end_is_told_as_it_came() {
        assert_eq!(events("[DONE]"), ["Done"]);
        assert_eq!(events(" [DONE] trailing"), ["Done"]);
        let finish = r#"{"choices":[{"delta":{},"finish_reason":"future_reason"}]}"#;
        assert_eq!(events(finish), [r#"Finish("future_reason")"#]);
        let error = r#"{"error":{"message":"boom","code":500}}"#;
        assert_eq!(events(error), [r#"Error("boom (500)")"#]);
        assert_eq!(events(r#"{"error":"plain"}"#), [r#"Error("plain")"#]);
        assert_eq!(events("{"), ["malformed"]);
    }

    #[test]
    fn logprobs_are_summed() {
        let data = r#"{"choices":[{"delta":{"content":"a"},
            "logprobs":{"content":[{"token":"a","logprob":-0.5},{"token":"b","logprob":-1.5}]}}]}"#;
        assert_eq!(events(data)[1], "Logprobs { sum: -2.0, count: 2 }");
    }

    #[test]
    fn a_whole_body_is_read_like_a_chunk() {
        let body = br#"
            {"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},
            "finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#;
        let mut events = Vec::new();
        let codec = OpenaiChat::default();
        codec
            .decode_body(body, &mut |e| events.push(format!("{e:?}")))
            .unwrap();
        assert_eq!(events[0], r#"Content("hi")"#);
        assert_eq!(events[3], "Done");
    }

    #[test]
    fn error_bodies_of_all_shapes_are_read() {
        for (body, text) in [
            (r#"{"error":{"message":"m","code":"c"}}"#, "m (c)"),
            (r#"{"object":"error","message":"m","type":"t"}"#, "m (t)"),
            ("<html>bad gateway</html>", "<html>bad gateway</html>"),
        ] {
            assert_eq!(error_text(body.as_bytes()), text);
        }
    }
}
