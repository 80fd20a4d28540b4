//! The request as it arrives.

use super::frame::Logprobs;
use crate::completion::Limits;
use crate::message::{Message, Role};
use serde::Deserialize;

/// The fields of a Chat Completions request that matter here. Unknown fields are ignored, as vLLM
/// does.
#[derive(Debug, Deserialize)]
pub(super) struct ChatRequest {
    #[serde(default)]
    pub(super) model: Option<String>,
    messages: Vec<WireMessage>,
    #[serde(default)]
    pub(super) stream: bool,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    logprobs: Option<bool>,
    #[serde(default)]
    top_logprobs: Option<u8>,
    #[serde(default)]
    max_tokens: Option<usize>,
    #[serde(default)]
    max_completion_tokens: Option<usize>,
    #[serde(default)]
    min_tokens: Option<usize>,
    #[serde(default)]
    pub(super) cache_salt: Option<String>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Debug, Deserialize)]
struct WireMessage {
    role: Role,
    #[serde(default)]
    content: Option<Content>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
struct Part {
    #[serde(default)]
    text: String,
}

impl ChatRequest {
    /// Reads and checks a request body.
    ///
    /// # Errors
    ///
    /// The message for the client, naming what is wrong.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let request: Self = serde_json::from_slice(body)
            .map_err(|e| format!("the request body is not a valid chat request: {e}"))?;
        if request.messages.is_empty() {
            return Err("`messages` must hold at least one message".to_owned());
        }
        if request.limits().max == Some(0) {
            return Err("`max_tokens` must be at least 1".to_owned());
        }
        if request
            .limits()
            .max
            .is_some_and(|max| request.limits().min > max)
        {
            return Err("`min_tokens` must not exceed `max_tokens`".to_owned());
        }
        Ok(request)
    }

    pub(super) fn limits(&self) -> Limits {
        // Long enough for any load test, short enough to keep a typo from filling memory.
        const MOST_PADDING: usize = 100_000;
        let min = self.min_tokens.unwrap_or(0).min(MOST_PADDING);
        Limits {
            max: self.max_completion_tokens.or(self.max_tokens),
            min,
        }
    }

    pub(super) fn logprobs(&self) -> Logprobs {
        match (self.logprobs, self.top_logprobs) {
            (Some(true), Some(1..)) => Logprobs::Top,
            (Some(true), _) => Logprobs::Chosen,
            _ => Logprobs::Off,
        }
    }

    pub(super) fn include_usage(&self) -> bool {
        self.stream_options
            .as_ref()
            .is_some_and(|o| o.include_usage)
    }

    pub(super) fn take_messages(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.messages)
            .into_iter()
            .map(WireMessage::plain)
            .collect()
    }
}

impl WireMessage {
    /// Text parts are joined; images and other parts have no text and vanish.
    fn plain(self) -> Message {
        let content = match self.content {
            None => String::new(),
            Some(Content::Text(text)) => text,
            Some(Content::Parts(parts)) => parts.into_iter().map(|p| p.text).collect(),
        };
        Message {
            role: self.role,
            content,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_joined_and_null_content_is_empty() {
        let body =
            br#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},
            {"type":"text","text":"b"}]},{"role":"assistant","content":null}],"frobnicate":1}"#;
        let mut request = ChatRequest::parse(body).unwrap();
        let messages = request.take_messages();
        assert_eq!(
            (messages[0].content.as_str(), messages[1].content.as_str()),
            ("ab", "")
        );
        assert!(!request.include_usage() && !request.stream);
    }

    #[test]
    fn newer_limit_wins_and_nonsense_is_named() {
        let limits = |extra: &str| {
            let body = format!(r#"{{"messages":[{{"role":"user","content":"x"}}]{extra}}}"#);
            ChatRequest::parse(body.as_bytes()).map(|r| r.limits().max)
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
            ChatRequest::parse(b"{")
                .unwrap_err()
                .contains("not a valid chat request")
        );
    }
}
