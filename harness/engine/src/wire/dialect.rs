//! The dialects that an experiment file can name.

use serde::{Deserialize, Serialize};

use super::{Codec, OpenaiChat};

/// How a backend speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dialect {
    /// OpenAI Chat Completions, and servers that speak it without additions.
    #[default]
    OpenaiChat,
    /// vLLM: Chat Completions with `cache_salt`.
    Vllm,
    /// SGLang: Chat Completions with `cache_salt`.
    Sglang,
    /// The llama.cpp server: Chat Completions with `cache_prompt` and `timings`.
    LlamaCpp,
}

impl Dialect {
    /// The name in experiment files and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OpenaiChat => "openai_chat",
            Self::Vllm => "vllm",
            Self::Sglang => "sglang",
            Self::LlamaCpp => "llama_cpp",
        }
    }

    /// The codec of the dialect.
    pub fn codec(self) -> Box<dyn Codec> {
        Box::new(OpenaiChat { dialect: self })
    }
}
