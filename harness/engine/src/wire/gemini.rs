//! Google Gemini, on the Gemini API and on Vertex AI.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use weighbridge_datasets::Role;

use super::error_text::error_text;
use super::logprobs::LogprobList;
use super::text::{Text, filled};
use super::usage::GeminiUsage;
use super::{Codec, RequestBody, WireError, WireEvent};

/// The codec of `generateContent` and `streamGenerateContent`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Gemini {
    /// Vertex AI: project and location are part of the base address.
    pub is_vertex: bool,
}

/// A streamed chunk, or a whole body: they are the same.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    #[serde(borrow, default)]
    candidates: Option<Vec<Candidate<'a>>>,
    #[serde(default)]
    usage_metadata: Option<GeminiUsage>,
    #[serde(borrow, default)]
    model_version: Option<Text<'a>>,
    #[serde(borrow, default)]
    prompt_feedback: Option<PromptFeedback<'a>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PromptFeedback<'a> {
    #[serde(borrow, default)]
    block_reason: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(default)]
    index: Option<u32>,
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Text<'a>>,
    #[serde(default)]
    logprobs_result: Option<LogprobsResult>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    parts: Option<Vec<Part<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(default)]
    thought: bool,
    #[serde(borrow, default)]
    function_call: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogprobsResult {
    #[serde(default)]
    chosen_candidates: Option<LogprobList>,
}

impl Codec for Gemini {
    fn path(&self, model: &str, stream: bool) -> String {
        let publisher = if self.is_vertex {
            "/publishers/google"
        } else {
            ""
        };
        // A tuned or cached model may be named with its kind.
        let kind = if model.contains('/') { "" } else { "models/" };
        let verb = if stream {
            // Without it the stream is one JSON list.
            "streamGenerateContent?alt=sse"
        } else {
            "generateContent"
        };
        format!("{publisher}/{kind}{model}:{verb}")
    }

    fn ends_with_connection(&self) -> bool {
        true
    }

    fn encode(&self, request: &RequestBody<'_>) -> Bytes {
        let mut body = Map::new();
        body.insert("contents".to_owned(), contents(request));
        let system = request.messages.iter().filter(|m| m.role == Role::System);
        let parts: Vec<Value> = system.map(|m| json!({"text": m.content})).collect();
        if !parts.is_empty() {
            body.insert("systemInstruction".to_owned(), json!({"parts": parts}));
        }
        let mut config = Map::new();
        let mut put = |key: &str, value: Value| config.insert(key.to_owned(), value);
        if let Some(limit) = request.max_output_tokens {
            put("maxOutputTokens", limit.into());
        }
        if let Some(temperature) = request.temperature {
            put("temperature", temperature.into());
        }
        if let Some(seed) = request.seed {
            // The field is a signed number of 32 bits.
            put("seed", (seed & 0x7FFF_FFFF).into());
        }
        if request.logprobs {
            put("responseLogprobs", true.into());
        }
        if !config.is_empty() {
            body.insert("generationConfig".to_owned(), config.into());
        }
        request.add_extra(&mut body);
        if body.contains_key("cachedContent") {
            // The cache holds the system prompt; a request that says it again is refused.
            body.remove("systemInstruction");
        }
        Value::Object(body).to_string().into()
    }

    fn decode(&self, data: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError> {
        let data = data.trim_ascii();
        match data.first() {
            None => Ok(()),
            // Errors, and streams without `alt=sse`, come as a list.
            Some(b'[') => {
                let chunks: Vec<Chunk<'_>> = serde_json::from_slice(data)?;
                chunks.iter().for_each(|chunk| chunk.tell(on));
                Ok(())
            }
            Some(_) => {
                serde_json::from_slice::<Chunk<'_>>(data)?.tell(on);
                Ok(())
            }
        }
    }

    fn decode_body(&self, body: &[u8], on: &mut dyn FnMut(WireEvent<'_>)) -> Result<(), WireError> {
        self.decode(body, on)?;
        on(WireEvent::Done);
        Ok(())
    }
}

impl Chunk<'_> {
    fn tell(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        if let Some(error) = self.error {
            on(WireEvent::Error(&error_text(error.get().as_bytes())));
            return;
        }
        if let Some(model) = filled(&self.model_version) {
            on(WireEvent::Model(model));
        }
        // One answer is asked for.
        let candidates = self.candidates.iter().flatten();
        for candidate in candidates.filter(|c| c.index.unwrap_or(0) == 0) {
            candidate.tell(on);
        }
        let feedback = self.prompt_feedback.as_ref();
        if let Some(reason) = feedback.and_then(|f| filled(&f.block_reason)) {
            on(WireEvent::Finish(reason));
        }
        if let Some(usage) = &self.usage_metadata {
            on(WireEvent::Usage(usage.normalised()));
        }
    }
}

impl Candidate<'_> {
    fn tell(&self, on: &mut dyn FnMut(WireEvent<'_>)) {
        let parts = self.content.iter().flat_map(|c| c.parts.iter().flatten());
        for part in parts {
            match filled(&part.text) {
                Some(text) if part.thought => on(WireEvent::Reasoning(text)),
                Some(text) => on(WireEvent::Content(text)),
                None => {}
            }
            if let Some(call) = part.function_call {
                on(WireEvent::ToolCall(call.get()));
            }
        }
        let result = self.logprobs_result.as_ref();
        if let Some(chosen) = result.and_then(|r| r.chosen_candidates.as_ref()) {
            chosen.0.tell(on);
        }
        if let Some(reason) = filled(&self.finish_reason) {
            on(WireEvent::Finish(reason));
        }
    }
}

fn contents(request: &RequestBody<'_>) -> Value {
    let spoken = request.messages.iter().filter(|m| m.role != Role::System);
    spoken
        .map(|message| {
            let role = match message.role {
                Role::Assistant => "model",
                _ => "user",
            };
            json!({"role": role, "parts": [{"text": message.content}]})
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{events_of, every_cut};
    use super::*;

    const STREAM: &str = concat!(
        r#"data: {"candidates":[{"content":{"parts":[{"text":"hm","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":90,"totalTokenCount":90},"modelVersion":"gemini-x","responseId":"r"}"#,
        "\r\n\r\n",
        r#"data: {"candidates":[{"content":{"parts":[{"text":"four\u00e9"},{"functionCall":{"name":"f","args":{"a":1}}}],"role":"model"},"index":0,"logprobsResult":{"chosenCandidates":[{"token":"four","tokenId":1,"logProbability":-0.5}]}}]}"#,
        "\r\n\r\n",
        r#"data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":90,"cachedContentTokenCount":60,"candidatesTokenCount":30,"thoughtsTokenCount":20,"totalTokenCount":140},"modelVersion":"gemini-x"}"#,
        "\r\n\r\n",
    );

    #[test]
    fn a_stream_is_told() {
        let events = events_of(&Gemini::default(), [STREAM.as_bytes()]);
        assert_eq!(events[0], r#"Model("gemini-x")"#);
        assert_eq!(events[1], r#"Reasoning("hm")"#);
        assert_eq!(
            events[3..6],
            [
                "Content(\"fouré\")",
                r#"ToolCall("{\"name\":\"f\",\"args\":{\"a\":1}}")"#,
                "Logprobs { sum: -0.5, count: 1 }"
            ]
        );
        assert_eq!(events[7], r#"Finish("STOP")"#);
        assert!(events[8].contains("cache_read_tokens: Some(60)"));
        assert_eq!(events.len(), 9, "there is no terminator: {events:?}");
    }

    #[test]
    fn every_cut_of_the_stream_is_the_same_answer() {
        every_cut(&Gemini::default(), STREAM);
    }

    #[test]
    fn errors_and_blocked_prompts_are_told() {
        let codec = Gemini::default();
        for error in [
            r#"{"error":{"code":503,"status":"UNAVAILABLE","message":"m"}}"#,
            r#"[{"error":{"code":503,"status":"UNAVAILABLE","message":"m"}}]"#,
        ] {
            let data = format!("data: {error}\n\n");
            assert_eq!(
                events_of(&codec, [data.as_bytes()]),
                [r#"Error("m (UNAVAILABLE)")"#]
            );
            // Without the field name that belongs before it.
            assert_eq!(
                events_of(&codec, [error.as_bytes()]),
                [r#"Error("m (UNAVAILABLE)")"#]
            );
        }
        let blocked = r#"data: {"promptFeedback":{"blockReason":"SAFETY"}}"#;
        assert_eq!(
            events_of(&codec, [blocked.as_bytes()]),
            [r#"Finish("SAFETY")"#]
        );
    }

    #[test]
    fn paths_name_the_model() {
        let codec = Gemini::default();
        assert_eq!(
            codec.path("g", true),
            "/models/g:streamGenerateContent?alt=sse"
        );
        assert_eq!(
            codec.path("tunedModels/g", false),
            "/tunedModels/g:generateContent"
        );
        let vertex = Gemini { is_vertex: true };
        assert_eq!(
            vertex.path("g", false),
            "/publishers/google/models/g:generateContent"
        );
    }

    #[test]
    fn a_request_is_put_in_their_words() {
        use weighbridge_datasets::Message;
        let message = |role, content: &str| Message {
            role,
            content: content.to_owned(),
        };
        let messages = [
            message(Role::System, "s"),
            message(Role::User, "u"),
            message(Role::Assistant, "a"),
        ];
        let extra = json!({"generationConfig":{"thinkingConfig":{"thinkingBudget":0}},
            "cachedContent":"cachedContents/c"});
        let request = RequestBody {
            model: "m",
            messages: &messages,
            max_output_tokens: Some(9),
            logprobs: true,
            extra: extra.as_object(),
            ..RequestBody::default()
        };
        let body: Value = serde_json::from_slice(&Gemini::default().encode(&request)).unwrap();
        assert_eq!(
            body,
            json!({"contents":[{"role":"user","parts":[{"text":"u"}]},
                {"role":"model","parts":[{"text":"a"}]}],
                "generationConfig":{"maxOutputTokens":9,"responseLogprobs":true,
                    "thinkingConfig":{"thinkingBudget":0}},
                "cachedContent":"cachedContents/c"})
        );
        let request = RequestBody {
            extra: None,
            ..request
        };
        let body: Value = serde_json::from_slice(&Gemini::default().encode(&request)).unwrap();
        assert_eq!(body["systemInstruction"], json!({"parts":[{"text":"s"}]}));
    }
}
