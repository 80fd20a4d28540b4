//! What a backend can have, and how it is called in the matrix.

/// One thing that is tested for every backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feature {
    Answer,
    Usage,
    CacheRead,
    CacheWrite,
    CacheOff,
    Breakpoints,
    Flush,
    Counters,
    Thoughts,
    ThoughtTokens,
    Tool,
    Logprobs,
    Limits,
    ErrorBefore,
    ErrorInside,
    Cut,
    Chosen,
}

impl Feature {
    /// All of them, in the order of the matrix.
    pub(crate) const ALL: [Self; 17] = [
        Self::Answer,
        Self::Usage,
        Self::CacheRead,
        Self::CacheWrite,
        Self::CacheOff,
        Self::Breakpoints,
        Self::Flush,
        Self::Counters,
        Self::Thoughts,
        Self::ThoughtTokens,
        Self::Tool,
        Self::Logprobs,
        Self::Limits,
        Self::ErrorBefore,
        Self::ErrorInside,
        Self::Cut,
        Self::Chosen,
    ];

    /// The head of its column, and what the column means.
    pub(crate) fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Answer => ("answer", "the same answer as a stream and whole"),
            Self::Usage => ("usage", "token counts at the end of a stream"),
            Self::CacheRead => ("cached", "input tokens read from the prompt cache"),
            Self::CacheWrite => ("written", "input tokens written to the prompt cache"),
            Self::CacheOff => (
                "off",
                "`prompt_cache = \"off\"`: no request reads what another left",
            ),
            Self::Breakpoints => ("marks", "`prompt_cache = \"breakpoints\"`"),
            Self::Flush => (
                "flush",
                "`flush_cache = true` empties the server's cache before a run",
            ),
            Self::Counters => ("counters", "the server's own counters, read around a run"),
            Self::Thoughts => ("thoughts", "reasoning is shown, and is a first token"),
            Self::ThoughtTokens => ("reasoning", "reasoning tokens counted apart"),
            Self::Tool => ("tool", "a tool call is a first token"),
            Self::Logprobs => ("logprobs", "probabilities of tokens"),
            Self::Limits => ("limits", "rate-limit headers"),
            Self::ErrorBefore => (
                "refused",
                "429 with `Retry-After`, 500, 503 before any answer",
            ),
            Self::ErrorInside => (
                "broken",
                "an error inside a 200 stream, and inside a whole 200",
            ),
            Self::Cut => ("cut", "a connection that breaks in the middle"),
            Self::Chosen => ("chosen", "the model that a gateway chose"),
        }
    }
}
