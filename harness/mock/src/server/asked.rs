//! A request as the engine understands it, whatever format it came in.

use super::frame::Logprobs;
use crate::completion::{Completion, Limits, Token};
use crate::message::Message;

/// What a client wants.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) model: Option<String>,
    pub(super) messages: Vec<Message>,
    pub(super) stream: bool,
    /// Whether a stream ends with token counts, in formats where that is a choice.
    pub(super) include_usage: bool,
    pub(super) logprobs: Logprobs,
    pub(super) limits: Limits,
    pub(super) cache: Cache,
    /// Whether the model thinks aloud before it answers.
    pub(super) reasoning: bool,
    /// Whether the answer must be a tool call.
    pub(super) tool: bool,
    /// Name of an explicit cache, which holds the system prompt.
    pub(super) explicit: Option<String>,
}

/// What a request may do with the prefix cache.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cache {
    /// Share it with all requests of the same salt.
    Shared(String),
    /// The same, and report what was written.
    Written(String),
    /// Nothing.
    Off,
}

impl Default for Cache {
    fn default() -> Self {
        Self::Shared(String::new())
    }
}

impl Asked {
    /// # Errors
    /// The message for the client, naming what is wrong.
    pub(super) fn checked(self) -> Result<Self, String> {
        if self.messages.is_empty() {
            return Err("`messages` must hold at least one message".to_owned());
        }
        if self.limits.max == Some(0) {
            return Err("`max_tokens` must be at least 1".to_owned());
        }
        if self.limits.max.is_some_and(|max| self.limits.min > max) {
            return Err("`min_tokens` must not exceed `max_tokens`".to_owned());
        }
        Ok(self)
    }
}

/// What a thinking model says to itself. It is for show: the solvers do not think in words.
const THOUGHTS: [&str; 4] = ["Let", " me", " think", "."];

/// An answer with the parts it consists of.
#[derive(Debug)]
pub(super) struct Spoken {
    pub(super) completion: Completion,
    /// Tokens at the beginning that are reasoning.
    pub(super) reasoning: usize,
    /// Whether the rest is the arguments of a tool call.
    pub(super) tool: bool,
}

/// Which part of an answer tokens belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Reasoning,
    Text,
    Tool,
}

impl Spoken {
    /// Puts thoughts before an answer, and an answer into the arguments of a tool call, as asked.
    pub(super) fn new(mut completion: Completion, asked: &Asked) -> Self {
        if asked.tool {
            as_arguments(&mut completion.tokens);
        }
        let mut reasoning = 0;
        if asked.reasoning {
            let thoughts = THOUGHTS.map(|text| Token {
                text: text.to_owned(),
                logprob: -0.1,
            });
            reasoning = thoughts.len();
            completion.tokens.splice(0..0, thoughts);
        }
        Self {
            completion,
            reasoning,
            tool: asked.tool,
        }
    }

    /// The part that token `index` belongs to.
    pub(super) fn channel(&self, index: usize) -> Channel {
        match (index < self.reasoning, self.tool) {
            (true, _) => Channel::Reasoning,
            (false, true) => Channel::Tool,
            (false, false) => Channel::Text,
        }
    }

    /// The text of the thoughts.
    pub(super) fn thoughts(&self) -> String {
        text(&self.completion.tokens[..self.reasoning])
    }

    /// The text of the answer, or the arguments of the call.
    pub(super) fn answer(&self) -> String {
        text(self.answer_tokens())
    }

    /// The tokens of the answer without the thoughts.
    pub(super) fn answer_tokens(&self) -> &[Token] {
        &self.completion.tokens[self.reasoning..]
    }
}

pub(super) fn text(tokens: &[Token]) -> String {
    tokens.iter().map(|t| t.text.as_str()).collect()
}

/// The tool that every tool call is for.
pub(super) const TOOL: &str = "answer";

/// Makes `{"answer":"…"}` of an answer, token by token.
fn as_arguments(tokens: &mut [Token]) {
    for token in tokens.iter_mut() {
        let quoted = super::frame::json_string(&token.text);
        token.text = quoted[1..quoted.len() - 1].to_owned();
    }
    if let Some(first) = tokens.first_mut() {
        first.text.insert_str(0, "{\"answer\":\"");
    }
    if let Some(last) = tokens.last_mut() {
        last.text.push_str("\"}");
    }
}
