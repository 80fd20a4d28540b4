//! A Chat Completions request as it arrives.

use super::asked::{Asked, Cache};
use super::frame::Logprobs;
use super::responses::cache;
use crate::completion::Limits;
use crate::message::{Message, Role};
use serde::Deserialize;
use serde_json::Value;

/// The fields of a Chat Completions request that matter here. Unknown fields are ignored, as vLLM
/// does.
#[derive(Debug, Deserialize)]
pub(super) struct ChatRequest {
    #[serde(default)]
    model: Option<String>,
    messages: Vec<WireMessage>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    /// A switch, or a number at Together.
    #[serde(default)]
    logprobs: Option<Value>,
    #[serde(default)]
    top_logprobs: Option<u8>,
    #[serde(default)]
    max_tokens: Option<usize>,
    #[serde(default)]
    max_completion_tokens: Option<usize>,
    #[serde(default)]
    min_tokens: Option<usize>,
    #[serde(default)]
    cache_salt: Option<String>,
    #[serde(default)]
    reasoning_effort: Option<String>,
    #[serde(default)]
    tools: Vec<Value>,
    #[serde(default)]
    tool_choice: Option<Value>,
    #[serde(default)]
    prompt_cache_options: Option<Value>,
    /// Whether a part of the body asks for a cache breakpoint.
    #[serde(skip)]
    cache: Cache,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

/// A message of any format whose messages have a role and a content.
#[derive(Debug, Deserialize)]
pub(super) struct WireMessage {
    role: Role,
    #[serde(default)]
    content: Value,
}

impl ChatRequest {
    /// Reads a request body.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let mut request: Self = serde_json::from_slice(body).map_err(|e| e.to_string())?;
        let salt = request.cache_salt.take().unwrap_or_default();
        request.cache = cache(request.prompt_cache_options.as_ref(), body, salt);
        Ok(request)
    }

    /// The request as the engine understands it.
    pub(super) fn asked(self) -> Asked {
        let is_forced = self
            .tool_choice
            .as_ref()
            .is_some_and(|c| c != "auto" && c != "none");
        Asked {
            logprobs: self.logprobs(),
            limits: self.limits(),
            include_usage: self.stream_options.is_some_and(|o| o.include_usage),
            model: self.model,
            messages: self.messages.into_iter().map(WireMessage::plain).collect(),
            stream: self.stream,
            cache: self.cache,
            reasoning: self.reasoning_effort.is_some_and(|effort| effort != "none"),
            tool: is_forced && !self.tools.is_empty(),
            explicit: None,
        }
    }

    fn limits(&self) -> Limits {
        // Long enough for any load test, short enough to keep a typo from filling memory.
        const MOST_PADDING: usize = 100_000;
        let min = self.min_tokens.unwrap_or(0).min(MOST_PADDING);
        Limits {
            max: self.max_completion_tokens.or(self.max_tokens),
            min,
        }
    }

    fn logprobs(&self) -> Logprobs {
        let is_on = match &self.logprobs {
            Some(Value::Bool(on)) => *on,
            Some(Value::Number(n)) => n.as_u64() != Some(0),
            _ => false,
        };
        match (is_on, self.top_logprobs) {
            (true, Some(1..)) => Logprobs::Top,
            (true, _) => Logprobs::Chosen,
            (false, _) => Logprobs::Off,
        }
    }
}

impl WireMessage {
    pub(super) fn plain(self) -> Message {
        Message {
            role: self.role,
            content: plain_text(&self.content),
        }
    }
}

/// The text of a content. Text parts are joined; images and other parts have no text and vanish.
pub(super) fn plain_text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|p| p["text"].as_str()).collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::Format;
    use super::*;

    #[test]
    fn parts_are_joined_and_null_content_is_empty() {
        let body =
            br#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},
            {"type":"text","text":"b"}]},{"role":"assistant","content":null}],"frobnicate":1}"#;
        let asked = ChatRequest::parse(body).unwrap().asked();
        let messages = &asked.messages;
        assert_eq!(
            (messages[0].content.as_str(), messages[1].content.as_str()),
            ("ab", "")
        );
        assert!(!asked.include_usage && !asked.stream);
    }

    #[test]
    fn newer_limit_wins_and_nonsense_is_named() {
        let limits = |extra: &str| {
            let body = format!(r#"{{"messages":[{{"role":"user","content":"x"}}]{extra}}}"#);
            Format::Chat
                .parse(body.as_bytes())
                .map(|asked| asked.limits.max)
        };
        assert_eq!(
            limits(r#","max_tokens":5,"max_completion_tokens":7"#),
            Ok(Some(7))
        );
        assert!(
            limits(r#","max_tokens":0"#)
                .unwrap_err()
                .contains("max_tokens")
        );
        assert!(
            limits(r#","max_tokens":2,"min_tokens":3"#)
                .unwrap_err()
                .contains("min_tokens")
        );
        assert!(
            Format::Chat
                .parse(b"{")
                .unwrap_err()
                .contains("not a valid chat request")
        );
    }
}
