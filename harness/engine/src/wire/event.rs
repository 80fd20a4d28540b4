//! What a server said, whatever the dialect.

use weighbridge_record::Usage;

/// One thing that a server said. Texts are borrowed from the decoded bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum WireEvent<'a> {
    /// The speaker was announced without any text: never a token.
    FirstRole,
    /// Non-empty visible text (a refusal is visible text too).
    Content(&'a str),
    /// Non-empty reasoning text.
    Reasoning(&'a str),
    /// Non-empty part of a tool call: its name or its arguments.
    ToolCall(&'a str),
    /// Natural logarithms of token probabilities: their sum and number.
    Logprobs {
        /// Sum over the tokens.
        sum: f64,
        /// Number of tokens.
        count: u32,
    },
    /// Number of tokens in this message, where the dialect sends one token a message.
    Tokens(u32),
    /// Token counts in disjoint buckets. Cumulative: the last one counts.
    Usage(Usage),
    /// Some token counts: known ones replace what was known before, unknown ones leave it.
    UsagePart(Usage),
    /// Name of the model that answers, in the server's words.
    Model(&'a str),
    /// Who serves the model behind a gateway.
    Provider(&'a str),
    /// Which try of a gateway answered, from 1: each goes to another endpoint.
    GatewayTry(u32),
    /// What the server says the call cost, in US dollars.
    CostUsd(f64),
    /// Time spent on loading the model before this call, in milliseconds.
    ModelLoadMs(f64),
    /// Why the model stopped, in the server's words.
    Finish(&'a str),
    /// The dialect's terminator.
    Done,
    /// The server reports a failure in the middle of an answer.
    Error(&'a str),
}

/// Bytes that are not what the dialect promises.
#[derive(Debug, thiserror::Error)]
#[error("not a chunk of this dialect: {problem}")]
pub struct WireError {
    /// What the parser said.
    pub(crate) problem: String,
}

impl From<serde_json::Error> for WireError {
    fn from(error: serde_json::Error) -> Self {
        Self {
            problem: error.to_string(),
        }
    }
}
