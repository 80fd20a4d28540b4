//! The wire formats that the fleet speaks, told apart by their paths.

use super::asked::{Asked, Channel, Spoken};
use super::provider::Provider;
use super::reply::Usage;
use super::style::Style;
use super::{anthropic, gemini, ollama, openai_chat, relative, responses, tgi};
use crate::completion::{Finish, Token};
use bytes::{Bytes, BytesMut};

/// A wire format. Those whose path says whether to stream carry that.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(PartialEq))]
pub(super) enum Format {
    Chat,
    /// Chat Completions with habits.
    Relative(&'static Style),
    Responses,
    Anthropic,
    Gemini {
        stream: bool,
    },
    Tgi {
        stream: bool,
    },
    Ollama,
}

/// What the answers to one request have in common.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) id: String,
    pub(super) created: u64,
    /// The model's name as the client is told.
    pub(super) model: String,
}

/// Writes one stream.
pub(super) trait StreamWriter: Send {
    /// What is sent before the request has a slot; may be nothing.
    fn early(&mut self, out: &mut BytesMut);
    /// What comes before the first token.
    fn head(&mut self, _: &mut BytesMut, _: &Usage) {}
    /// One event with some tokens.
    fn tokens(&mut self, out: &mut BytesMut, tokens: &[Token], channel: Channel);
    /// A regular end.
    fn end(&mut self, out: &mut BytesMut, spoken: &Spoken, usage: &Usage);
    /// A failure in the middle of the answer.
    fn error(&mut self, out: &mut BytesMut, message: &str);
    /// A message that is no JSON.
    fn malformed(&self) -> &'static [u8] {
        b"data: {\"choices\": [{\"delta\"\n\n"
    }
}

impl Format {
    /// The format of a `POST` path, whatever stands before it, and the model where the path names
    /// it.
    pub(super) fn of(path: &str) -> Option<(Self, Option<&str>)> {
        let tier = path
            .strip_prefix("/tiers/")
            .and_then(|rest| rest.split('/').next());
        let format = match path {
            _ if path.ends_with("/chat/completions") => Self::Chat,
            _ if path.ends_with("/responses") => Self::Responses,
            _ if path.ends_with("/messages") => Self::Anthropic,
            _ if path.ends_with("/generate") => Self::Tgi { stream: false },
            _ if path.ends_with("/generate_stream") => Self::Tgi { stream: true },
            _ if path.ends_with("/api/chat") => Self::Ollama,
            _ => {
                let (model, verb) = path.rsplit_once('/')?.1.split_once(':')?;
                let stream = match verb {
                    "generateContent" => false,
                    "streamGenerateContent" => true,
                    _ => return None,
                };
                return Some((Self::Gemini { stream }, Some(model)));
            }
        };
        Some((format, tier))
    }

    /// The format as a provider speaks it.
    pub(super) fn spoken_by(self, provider: Provider) -> Self {
        match (self, provider.style()) {
            (Self::Chat, Some(style)) => Self::Relative(style),
            _ => self,
        }
    }

    /// Reads and checks a request body.
    ///
    /// # Errors
    /// The message for the client, naming what is wrong.
    pub(super) fn parse(self, body: &[u8]) -> Result<Asked, String> {
        let asked = match self {
            Self::Chat => openai_chat::parse(body),
            Self::Relative(style) => relative::parse(style, body),
            Self::Responses => responses::parse(body),
            Self::Anthropic => anthropic::parse(body),
            Self::Gemini { stream } => gemini::parse(body, stream),
            Self::Tgi { stream } => tgi::parse(body, stream),
            Self::Ollama => ollama::parse(body),
        };
        asked
            .map_err(|e| format!("the request body is not a valid chat request: {e}"))?
            .checked()
    }

    /// The writer of one stream.
    pub(super) fn writer(self, frame: &Frame, asked: &Asked) -> Box<dyn StreamWriter> {
        match self {
            Self::Chat => Box::new(openai_chat::writer(frame, asked)),
            Self::Relative(style) => Box::new(relative::Writer::new(style, frame, asked)),
            Self::Responses => Box::new(responses::Writer::new(frame, asked)),
            Self::Anthropic => Box::new(anthropic::Writer::new(frame)),
            Self::Gemini { .. } => Box::new(gemini::Writer::new(frame, asked)),
            Self::Tgi { .. } => Box::new(tgi::Writer::default()),
            Self::Ollama => Box::new(ollama::Writer::new(frame, asked)),
        }
    }

    /// The body of an answer that is not a stream.
    pub(super) fn whole(
        self,
        frame: &Frame,
        asked: &Asked,
        spoken: &Spoken,
        usage: &Usage,
    ) -> Bytes {
        match self {
            Self::Chat => openai_chat::whole(frame, asked, spoken, usage),
            Self::Relative(style) => relative::whole(style, frame, asked, spoken, usage),
            Self::Responses => responses::whole(frame, asked, spoken, usage),
            Self::Anthropic => anthropic::whole(frame, spoken, usage),
            Self::Gemini { .. } => gemini::whole(frame, asked, spoken, usage),
            Self::Tgi { .. } => tgi::whole(spoken, usage),
            Self::Ollama => ollama::whole(frame, asked, spoken, usage),
        }
    }

    /// An error object with its HTTP status.
    pub(super) fn error_json(self, status: u16, message: &str, kind: &str, code: &str) -> String {
        match self {
            Self::Chat | Self::Responses => super::reply::error_json(message, kind, code),
            Self::Relative(style) => relative::error_json(style, status, message, kind, code),
            Self::Anthropic => anthropic::error_json(status, message),
            Self::Gemini { .. } => gemini::error_json(status, message),
            Self::Tgi { .. } => tgi::error_json(status, message),
            Self::Ollama => serde_json::json!({ "error": message }).to_string(),
        }
    }

    /// The content type of a stream.
    pub(super) fn stream_type(self) -> &'static str {
        match self {
            Self::Ollama => "application/x-ndjson",
            _ => "text/event-stream; charset=utf-8",
        }
    }
}

/// Why an answer ended, in the words of a format: complete, cut at the limit, a tool call.
pub(super) fn reason(spoken: &Spoken, words: [&'static str; 3]) -> &'static str {
    match (spoken.completion.finish, spoken.tool) {
        (Finish::Length, _) => words[1],
        (Finish::Stop, true) => words[2],
        (Finish::Stop, false) => words[0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_apart_whatever_stands_before_them() {
        for (path, format, model) in [
            ("/v1/chat/completions", Format::Chat, None),
            ("/openai/deployments/d/chat/completions", Format::Chat, None),
            ("/v1/responses", Format::Responses, None),
            ("/v1/messages", Format::Anthropic, None),
            ("/api/chat", Format::Ollama, None),
            (
                "/tiers/nano/generate",
                Format::Tgi { stream: false },
                Some("nano"),
            ),
            (
                "/v1beta1/projects/p/locations/l/publishers/google/models/m:generateContent",
                Format::Gemini { stream: false },
                Some("m"),
            ),
        ] {
            assert_eq!(Format::of(path), Some((format, model)), "{path}");
        }
        assert_eq!(Format::of("/v1/embeddings"), None);
        assert_eq!(Format::of("/v1beta/models/m:countTokens"), None);
    }
}
