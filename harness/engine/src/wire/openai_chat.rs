//! OpenAI Chat Completions and its relatives (vLLM, SGLang, llama.cpp).

use std::fmt;

use bytes::Bytes;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::chat_content::ChatContent;
use super::error_text::error_text;
use super::logprobs::ChoiceLogprobs;
use super::prompt_cache::PromptCache;
use super::text::{Text, filled};
use super::usage::{Timings, UsageBody};
use super::{Codec, Dialect, RequestBody, WireError, WireEvent};

/// The codec of Chat Completions in one of its dialects.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenaiChat {
    /// Whose additions are spoken.
    pub dialect: Dialect,
    /// What requests say about the prompt cache.
    pub cache: PromptCache,
}

/// A streamed chunk, or a whole body: they differ in `delta` and `message` only.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Option<FirstChoice<'a>>,
    #[serde(borrow, default)]
    model: Option<Text<'a>>,
    // Boxed: a chunk is moved often, and these are in one chunk of an answer, or of few servers.
    #[serde(default)]
    usage: Option<Box<UsageBody>>,
    #[serde(default)]
    timings: Option<Box<Timings>>,
    #[serde(borrow, default)]
    x_groq: Option<Box<Groq<'a>>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    /// `error` in the flat error objects of SGLang and TensorRT-LLM.
    #[serde(borrow, default)]
    object: Option<Text<'a>>,
    #[serde(borrow, default)]
    provider: Option<Box<Text<'a>>>,
    #[serde(default)]
    openrouter_metadata: Option<Box<OpenrouterMetadata>>,
}

/// What OpenRouter adds where the `X-OpenRouter-Metadata` header asks for it.
#[derive(Deserialize)]
struct OpenrouterMetadata {
    /// Number of the try that answered, from 1.
    #[serde(default)]
    attempt: Option<u32>,
}

/// What Groq adds.
#[derive(Deserialize)]
struct Groq<'a> {
    #[serde(default)]
    usage: Option<Box<UsageBody>>,
    /// Why an answer stopped early.
    #[serde(borrow, default)]
    error: Option<Text<'a>>,
}

/// The first choice of a list. One answer is asked for; a server that sends more is read as far as its
/// first. No list is made: there is one of these in every chunk.
struct FirstChoice<'a>(Option<Choice<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for FirstChoice<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FirstChoice(None))
    }
}

impl<'de: 'a, 'a> Visitor<'de> for FirstChoice<'a> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of choices")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self, A::Error> {
        while let Some(choice) = list.next_element::<Choice<'a>>()? {
            if self.0.is_none() && choice.index.unwrap_or(0) == 0 {
                self.0 = Some(choice);
            }
        }
        Ok(self)
    }
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: Option<u32>,
    #[serde(borrow, default, alias = "message")]
    delta: Option<Delta<'a>>,
    #[serde(default)]
    logprobs: Option<Box<ChoiceLogprobs>>,
    #[serde(borrow, default)]
    finish_reason: Option<Box<Text<'a>>>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(default)]
    role: Option<IgnoredAny>,
    #[serde(borrow, default)]
    content: Option<ChatContent<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Box<Text<'a>>>,
    #[serde(borrow, default)]
    reasoning: Option<Box<Text<'a>>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Box<Text<'a>>>,
    #[serde(borrow, default)]
    tool_calls: Option<Box<[ToolCall<'a>]>>,
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

/// Finish reasons that are failures of the server: the answer is not the model's.
const FAILURES: [&str; 2] = ["error", "insufficient_system_resource"];

impl Codec for OpenaiChat {
    fn path(&self, _: &str, _: bool) -> String {
        "/chat/completions".to_owned()
    }

    fn encode(&self, request: &RequestBody<'_>) -> Bytes {
        let body = request.chat(self.dialect, self.cache);
        Value::Object(body).to_string().into()
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
}

fn decode_chunk(data: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError> {
    let chunk: Chunk<'_> = match str::from_utf8(data) {
        // Looked at once as a whole, not string by string.
        Ok(text) => serde_json::from_str(text)?,
        Err(_) => serde_json::from_slice(data)?,
    };
    if let Some(error) = chunk.error {
        on(WireEvent::Error(&error_text(error.get().as_bytes())));
        return Ok(());
    }
    if chunk.object.is_some_and(|object| object.is("error")) {
        on(WireEvent::Error(&error_text(data)));
        return Ok(());
    }
    if let Some(model) = filled(&chunk.model) {
        on(WireEvent::Model(model));
    }
    if let Some(provider) = filled(&chunk.provider) {
        on(WireEvent::Provider(provider));
    }
    if let Some(number) = chunk.openrouter_metadata.as_ref().and_then(|m| m.attempt) {
        on(WireEvent::GatewayTry(number));
    }
    if let Some(FirstChoice(Some(choice))) = &chunk.choices {
        choice.tell(on);
    }
    let mut vendor = None;
    if let Some(groq) = chunk.x_groq {
        if let Some(error) = filled(&groq.error) {
            on(WireEvent::Error(error));
        }
        vendor = groq.usage;
    }
    match (chunk.usage.or(vendor), chunk.timings) {
        (Some(usage), _) => {
            on(WireEvent::Usage(usage.normalised()));
            if let Some(cost) = usage.cost {
                on(WireEvent::CostUsd(cost));
            }
        }
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
        if let Some(logprobs) = &self.logprobs {
            logprobs.0.tell(on);
        }
        if let Some(reason) = &self.finish_reason {
            on(WireEvent::Finish(&reason.0));
            if FAILURES.contains(&&*reason.0) {
                on(WireEvent::Error(&reason.0));
            }
        }
    }
}

impl Delta<'_> {
    fn tell(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        let mut is_empty = true;
        let mut say = |event: WireEvent<'_>| {
            is_empty = false;
            on(event);
        };
        let reasoning = filled(&self.reasoning).or(filled(&self.reasoning_content));
        if let Some(text) = reasoning {
            say(WireEvent::Reasoning(text));
        }
        if let Some(content) = &self.content {
            content.tell(&mut say);
        }
        if let Some(text) = filled(&self.refusal) {
            say(WireEvent::Content(text));
        }
        let functions = self.tool_calls.iter().flat_map(|calls| calls.iter());
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

#[cfg(test)]
mod tests {
    use super::super::tests::every_cut;
    use super::*;

    /// As vLLM sends it, with reasoning, probabilities, a tool call and usage.
    const STREAM: &str = concat!(
        r#"data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"reasoning_content":"hm é"},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"4\n"},"logprobs":{"content":[{"token":"4","logprob":-0.5}]},"finish_reason":null}]}"#,
        "\n\n",
        r#"data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]},"finish_reason":"future_reason"}]}"#,
        "\n\n",
        r#"data: {"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
        "\n\ndata: [DONE]\n\n",
    );

    #[test]
    fn every_cut_of_the_stream_is_the_same_answer() {
        every_cut(&OpenaiChat::default(), STREAM);
    }

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
    fn of_several_choices_the_first_is_read() {
        let both = r#"{"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}},
            {"index":0,"delta":{"content":"c"}}]}"#;
        assert_eq!(events(both), [r#"Content("a")"#]);
        assert_eq!(events(r#"{"choices":{}}"#), ["malformed"]);
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
    fn additions_of_providers_are_read() {
        let together = r#"{"choices":[{"delta":{"content":"a"},"logprobs":-0.5}]}"#;
        assert_eq!(events(together)[1], "Logprobs { sum: -0.5, count: 1 }");
        let azure = r#"{"choices":[{"index":0,"content_filter_offsets":{},"finish_reason":null}]}"#;
        assert!(events(azure).is_empty());
        let filter = r#"{"id":"","model":"","choices":[],"prompt_filter_results":[{}]}"#;
        assert!(events(filter).is_empty());
        let thinking = r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"h"}]},
            {"type":"text","text":"a"}]}"#;
        assert_eq!(delta(thinking), [r#"Reasoning("h")"#, r#"Content("a")"#]);
        let groq = r#"{"choices":[],"x_groq":{"id":"r","error":"over capacity"}}"#;
        assert_eq!(events(groq), [r#"Error("over capacity")"#]);
        let flat = r#"{"object":"error","message":"m","type":"t","param":null,"code":400}"#;
        assert_eq!(events(flat), [r#"Error("m (400)")"#]);
        let full = r#"{"choices":[{"delta":{},"finish_reason":"insufficient_system_resource"}]}"#;
        assert_eq!(events(full)[1], r#"Error("insufficient_system_resource")"#);
        let openrouter = r#"{"model":"a/b","provider":"P","choices":[],"usage":{"cost":0.25}}"#;
        let events = events(openrouter);
        assert_eq!(events[..2], [r#"Model("a/b")"#, r#"Provider("P")"#]);
        assert_eq!(events[3], "CostUsd(0.25)");
        let second = r#"{"choices":[],"openrouter_metadata":{"strategy":"fallback","attempt":2}}"#;
        assert_eq!(self::events(second), ["GatewayTry(2)"]);
    }
}
