//! The habits of each provider of Chat Completions, in one table.
//!
//! From the providers' API descriptions and client libraries and from the servers' sources, as of
//! November 2026.

use super::provider::Provider;

/// What comes before the first token and holds none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// A comment line, without its colon.
    Comment(&'static str),
    /// Azure's chunk about the prompt: no choice, no id, no model.
    Filter,
    /// llama.cpp's report on the prompt.
    Progress,
    /// The role with an empty text.
    Role,
    /// The role with `null` for a text.
    RoleNull,
    /// The role alone.
    RoleOnly,
    /// The role with an empty thought.
    RoleThinking,
}

/// How thoughts are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thoughts {
    /// Counted, never shown.
    Hidden,
    /// In a field of the delta.
    Field(&'static str),
    /// As a typed part of the content.
    Parts,
}

/// How probabilities are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probabilities {
    None,
    Object,
    /// One number a chunk; lists in a whole answer.
    Numbers,
}

/// Where a stream has its token counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counts {
    Nowhere,
    /// In a chunk of their own, if they were asked for.
    Asked,
    /// In the chunk with the finish reason.
    Finish,
    /// In that and in a chunk of their own.
    Both,
    /// In `x_groq` of the chunk with the finish reason.
    Vendor,
    /// In one more chunk that says the finish reason again.
    Repeated,
    /// In one more chunk with an empty delta, if they were asked for, with the cost.
    Beside,
}

/// How cached tokens are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cached {
    Never,
    Details,
    /// `prompt_cache_hit_tokens` and `prompt_cache_miss_tokens`.
    HitsAndMisses,
}

/// Whether tokens written to the cache are counted, and in which field of `prompt_tokens_details`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Never,
    Always(&'static str),
    /// Where a request has a breakpoint of Anthropic's kind.
    Marked(&'static str),
}

/// What an error looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errors {
    /// `{"error": {…}}`.
    Object,
    /// `{"object": "error", …}` in a body, wrapped in `error` inside a stream.
    FlatWrapped,
    /// The same in both places.
    Flat,
    /// `{"error": "text", "error_type": …}`.
    Typed,
    /// An object in a body, a text in `x_groq` inside a stream.
    Vendor,
    /// An object, with a choice beside it that ends in an error.
    WithChoice,
}

/// Which rate-limit headers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limits {
    None,
    /// `x-ratelimit-FIELD-KIND`.
    Openai,
    /// `x-ratelimit-FIELD` and `x-tokenlimit-FIELD`.
    Together,
}

/// The habits of one provider.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(test, derive(PartialEq))]
pub(super) struct Style {
    /// Sent before the request has a slot.
    pub(super) early: &'static [Opening],
    /// Sent with the first token.
    pub(super) late: &'static [Opening],
    pub(super) thoughts: Thoughts,
    /// JSON pointer to the field of a request that switches thinking on.
    pub(super) switch: &'static str,
    pub(super) probabilities: Probabilities,
    pub(super) counts: Counts,
    pub(super) cached: Cached,
    /// Whether and where tokens written to the cache are counted.
    pub(super) written: Written,
    pub(super) errors: Errors,
    pub(super) limits: Limits,
    /// Body field that keeps caches apart: a text, or `false` for no cache.
    pub(super) isolation: &'static str,
    /// The fields of a request, if others are refused.
    pub(super) known: Option<&'static [&'static str]>,
    /// Absent members of a delta are sent as `null`.
    pub(super) nulls: bool,
    /// Why an answer ended: complete, cut at the limit, a tool call.
    pub(super) reasons: [&'static str; 3],
}

const COMMON: Style = Style {
    early: &[Opening::Role],
    late: &[],
    thoughts: Thoughts::Field("reasoning_content"),
    switch: "/reasoning_effort",
    probabilities: Probabilities::Object,
    counts: Counts::Asked,
    cached: Cached::Details,
    written: Written::Never,
    errors: Errors::Object,
    limits: Limits::None,
    isolation: "cache_salt",
    known: None,
    nulls: false,
    reasons: ["stop", "length", "tool_calls"],
};

const OPENAI: Style = Style {
    thoughts: Thoughts::Hidden,
    written: Written::Always("cache_write_tokens"),
    limits: Limits::Openai,
    ..COMMON
};

const AZURE: Style = Style {
    early: &[Opening::Filter, Opening::Role],
    written: Written::Never,
    ..OPENAI
};

const TOGETHER: Style = Style {
    thoughts: Thoughts::Field("reasoning"),
    switch: "/reasoning/enabled",
    probabilities: Probabilities::Numbers,
    counts: Counts::Finish,
    cached: Cached::Never,
    limits: Limits::Together,
    reasons: ["eos", "length", "tool_calls"],
    ..COMMON
};

const FIREWORKS: Style = Style {
    counts: Counts::Finish,
    isolation: "prompt_cache_isolation_key",
    ..COMMON
};

const GROQ: Style = Style {
    thoughts: Thoughts::Field("reasoning"),
    probabilities: Probabilities::None,
    counts: Counts::Vendor,
    errors: Errors::Vendor,
    limits: Limits::Openai,
    ..COMMON
};

const DEEPSEEK: Style = Style {
    early: &[
        Opening::Comment(" keep-alive"),
        Opening::Comment(" keep-alive"),
        Opening::RoleThinking,
    ],
    switch: "/thinking/type",
    counts: Counts::Both,
    cached: Cached::HitsAndMisses,
    isolation: "user_id",
    ..COMMON
};

const MISTRAL: Style = Style {
    thoughts: Thoughts::Parts,
    probabilities: Probabilities::None,
    counts: Counts::Finish,
    known: Some(&[
        "model",
        "messages",
        "stream",
        "max_tokens",
        "temperature",
        "random_seed",
        "reasoning_effort",
        "prompt_mode",
        "prompt_cache_key",
        "tools",
        "tool_choice",
    ]),
    ..COMMON
};

const OPENROUTER: Style = Style {
    early: &[
        Opening::Comment(" OPENROUTER PROCESSING"),
        Opening::Comment(" OPENROUTER PROCESSING"),
        Opening::Role,
    ],
    thoughts: Thoughts::Field("reasoning"),
    switch: "/reasoning/effort",
    counts: Counts::Repeated,
    written: Written::Marked("cache_write_tokens"),
    errors: Errors::WithChoice,
    ..COMMON
};

const VLLM: Style = Style {
    early: &[],
    late: &[Opening::Role],
    thoughts: Thoughts::Field("reasoning"),
    switch: "/chat_template_kwargs/enable_thinking",
    written: Written::Always("created_cache_tokens"),
    ..COMMON
};

const SGLANG: Style = Style {
    switch: "/separate_reasoning",
    errors: Errors::FlatWrapped,
    nulls: true,
    ..COMMON
};

const TRTLLM: Style = Style {
    early: &[],
    late: &[Opening::RoleOnly],
    errors: Errors::Flat,
    known: Some(&[
        "model",
        "messages",
        "stream",
        "stream_options",
        "max_completion_tokens",
        "max_tokens",
        "temperature",
        "seed",
        "logprobs",
        "top_logprobs",
        "cache_salt",
        "reasoning_effort",
        "chat_template_kwargs",
        "tools",
        "tool_choice",
        "ignore_eos",
        "min_tokens",
    ]),
    ..COMMON
};

const LLAMA_CPP: Style = Style {
    early: &[Opening::Comment("")],
    late: &[Opening::Progress, Opening::RoleNull],
    switch: "/chat_template_kwargs/enable_thinking",
    isolation: "cache_prompt",
    ..COMMON
};

const TGI_CHAT: Style = Style {
    early: &[Opening::Comment("")],
    late: &[],
    thoughts: Thoughts::Hidden,
    switch: "",
    cached: Cached::Never,
    errors: Errors::Typed,
    ..COMMON
};

/// Gateways hand on what the model behind them says.
const GATEWAY: Style = Style {
    written: Written::Marked("cache_write_tokens"),
    ..COMMON
};

const LITELLM: Style = Style {
    counts: Counts::Beside,
    ..GATEWAY
};

const ROUTELLM: Style = Style {
    counts: Counts::Nowhere,
    cached: Cached::Never,
    thoughts: Thoughts::Hidden,
    switch: "",
    written: Written::Never,
    ..COMMON
};

impl Provider {
    /// The habits; `None` where there are none.
    pub(super) fn style(self) -> Option<&'static Style> {
        Some(match self {
            Self::Plain => return None,
            Self::Openai => &OPENAI,
            Self::Azure => &AZURE,
            Self::Together => &TOGETHER,
            Self::Fireworks => &FIREWORKS,
            Self::Groq => &GROQ,
            Self::Deepseek => &DEEPSEEK,
            Self::Mistral => &MISTRAL,
            Self::Openrouter => &OPENROUTER,
            Self::Vllm => &VLLM,
            Self::Sglang => &SGLANG,
            Self::Trtllm => &TRTLLM,
            Self::LlamaCpp => &LLAMA_CPP,
            Self::TgiChat => &TGI_CHAT,
            Self::Routellm => &ROUTELLM,
            Self::Litellm => &LITELLM,
            Self::SemanticRouter | Self::EnvoyAi | Self::Portkey => &GATEWAY,
        })
    }
}
