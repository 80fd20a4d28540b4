//! What is different about each dialect, in one table: addresses, keys, names of fields.
//!
//! Taken from the providers' API descriptions and client libraries and from the servers' sources,
//! as of November 2026.

use super::Dialect;

/// How a key is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// The bare key in a header of its own.
    Header(&'static str),
}

/// How token log-probabilities are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Logprobs {
    /// Not at all.
    None,
    /// A switch, or whatever the dialect's own codec knows.
    Switch,
    /// A number of alternatives.
    Number,
}

/// How one request's prompt cache is kept apart from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// Not at all.
    None,
    /// A body field that takes any text.
    Field(&'static str),
    /// Only by going without the cache: a body field set to false.
    Without(&'static str),
}

/// The peculiarities of one dialect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) name: &'static str,
    /// Where everybody finds it.
    pub(crate) base_url: Option<&'static str>,
    /// Path of an address that has none.
    pub(crate) prefix: &'static str,
    pub(crate) auth: Auth,
    /// Headers of every request, unless the user sets them.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// Where a version of the interface is said.
    pub(crate) version: Version,
    /// Body field of the output limit.
    pub(crate) limit: &'static str,
    /// Body field of the seed, where there is one.
    pub(crate) seed: Option<&'static str>,
    pub(crate) logprobs: Logprobs,
    /// Whether `stream_options` is known.
    pub(crate) stream_options: bool,
    pub(crate) isolation: Isolation,
    /// Body field of a hint that keeps like requests on one cache.
    pub(crate) cache_key: Option<&'static str>,
    pub(crate) is_gateway: bool,
}

/// Where a version of the interface is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// Nowhere.
    None,
    /// In a header, with the version that is sent unless the user names one.
    Header(&'static str, &'static str),
    /// In a query parameter, if the user names one.
    Query(&'static str),
}

/// Chat Completions without additions.
const CHAT: Facts = Facts {
    name: "openai_chat",
    base_url: None,
    prefix: "/v1",
    auth: Auth::Bearer,
    headers: &[],
    version: Version::None,
    limit: "max_tokens",
    seed: Some("seed"),
    logprobs: Logprobs::Switch,
    stream_options: true,
    isolation: Isolation::None,
    cache_key: None,
    is_gateway: false,
};

const OPENAI: Facts = Facts {
    name: "openai",
    base_url: Some("https://api.openai.com/v1"),
    limit: "max_completion_tokens",
    cache_key: Some("prompt_cache_key"),
    ..CHAT
};

const RESPONSES: Facts = Facts {
    name: "openai_responses",
    limit: "max_output_tokens",
    seed: None,
    ..OPENAI
};

const AZURE: Facts = Facts {
    name: "azure",
    prefix: "/openai/v1",
    auth: Auth::Header("api-key"),
    version: Version::Query("api-version"),
    limit: "max_completion_tokens",
    ..CHAT
};

const ANTHROPIC: Facts = Facts {
    name: "anthropic",
    base_url: Some("https://api.anthropic.com/v1"),
    auth: Auth::Header("x-api-key"),
    // The newer version 2026-10-21 refuses sampling parameters on every model.
    version: Version::Header("anthropic-version", "2023-06-01"),
    seed: None,
    logprobs: Logprobs::None,
    ..CHAT
};

const GEMINI: Facts = Facts {
    name: "gemini",
    base_url: Some("https://generativelanguage.googleapis.com/v1beta"),
    prefix: "/v1beta",
    auth: Auth::Header("x-goog-api-key"),
    ..CHAT
};

const VERTEX: Facts = Facts {
    name: "vertex",
    // Project and location are part of the address.
    base_url: None,
    prefix: "/v1beta1",
    auth: Auth::Bearer,
    ..GEMINI
};

const TOGETHER: Facts = Facts {
    name: "together",
    base_url: Some("https://api.together.xyz/v1"),
    logprobs: Logprobs::Number,
    ..CHAT
};

const FIREWORKS: Facts = Facts {
    name: "fireworks",
    base_url: Some("https://api.fireworks.ai/inference/v1"),
    isolation: Isolation::Field("prompt_cache_isolation_key"),
    cache_key: Some("prompt_cache_key"),
    ..CHAT
};

const GROQ: Facts = Facts {
    name: "groq",
    base_url: Some("https://api.groq.com/openai/v1"),
    prefix: "/openai/v1",
    limit: "max_completion_tokens",
    logprobs: Logprobs::None,
    ..CHAT
};

const DEEPSEEK: Facts = Facts {
    name: "deepseek",
    base_url: Some("https://api.deepseek.com"),
    prefix: "",
    isolation: Isolation::Field("user_id"),
    ..CHAT
};

const MISTRAL: Facts = Facts {
    name: "mistral",
    base_url: Some("https://api.mistral.ai/v1"),
    seed: Some("random_seed"),
    logprobs: Logprobs::None,
    // Unknown fields are refused, and usage comes without being asked for.
    stream_options: false,
    cache_key: Some("prompt_cache_key"),
    ..CHAT
};

const OPENROUTER: Facts = Facts {
    name: "openrouter",
    base_url: Some("https://openrouter.ai/api/v1"),
    prefix: "/api/v1",
    headers: &[("x-openrouter-metadata", "enabled")],
    cache_key: Some("prompt_cache_key"),
    is_gateway: true,
    ..CHAT
};

const VLLM: Facts = Facts {
    name: "vllm",
    isolation: Isolation::Field("cache_salt"),
    ..CHAT
};

const TRTLLM: Facts = Facts {
    name: "trtllm",
    limit: "max_completion_tokens",
    ..VLLM
};

const LLAMA_CPP: Facts = Facts {
    name: "llama_cpp",
    isolation: Isolation::Without("cache_prompt"),
    ..CHAT
};

const OLLAMA: Facts = Facts {
    name: "ollama",
    base_url: Some("http://localhost:11434"),
    prefix: "",
    ..CHAT
};

const TGI: Facts = Facts {
    name: "tgi",
    prefix: "",
    ..CHAT
};

const GATEWAY: Facts = Facts {
    is_gateway: true,
    ..CHAT
};

/// The row of a dialect.
pub(super) fn of(dialect: Dialect) -> &'static Facts {
    match dialect {
        Dialect::OpenaiChat => &CHAT,
        Dialect::Openai => &OPENAI,
        Dialect::OpenaiResponses => &RESPONSES,
        Dialect::Azure => &AZURE,
        Dialect::Anthropic => &ANTHROPIC,
        Dialect::Gemini => &GEMINI,
        Dialect::Vertex => &VERTEX,
        Dialect::Together => &TOGETHER,
        Dialect::Fireworks => &FIREWORKS,
        Dialect::Groq => &GROQ,
        Dialect::Deepseek => &DEEPSEEK,
        Dialect::Mistral => &MISTRAL,
        Dialect::Openrouter => &OPENROUTER,
        Dialect::Vllm => &VLLM,
        Dialect::Sglang => {
            &const {
                Facts {
                    name: "sglang",
                    ..VLLM
                }
            }
        }
        Dialect::Trtllm => &TRTLLM,
        Dialect::LlamaCpp => &LLAMA_CPP,
        Dialect::Tgi => &TGI,
        Dialect::TgiChat => {
            &const {
                Facts {
                    name: "tgi_chat",
                    ..CHAT
                }
            }
        }
        Dialect::Ollama => &OLLAMA,
        Dialect::Litellm => {
            &const {
                Facts {
                    name: "litellm",
                    ..GATEWAY
                }
            }
        }
        Dialect::SemanticRouter => {
            &const {
                Facts {
                    name: "semantic_router",
                    headers: &[("x-vsr-debug", "true")],
                    ..GATEWAY
                }
            }
        }
        Dialect::Routellm => {
            &const {
                Facts {
                    name: "routellm",
                    ..GATEWAY
                }
            }
        }
        Dialect::EnvoyAi => {
            &const {
                Facts {
                    name: "envoy_ai",
                    ..GATEWAY
                }
            }
        }
        Dialect::Portkey => {
            &const {
                Facts {
                    name: "portkey",
                    ..GATEWAY
                }
            }
        }
    }
}
