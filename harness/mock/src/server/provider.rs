//! Whose servers the fleet imitates, among those that speak Chat Completions.

/// Somebody who speaks Chat Completions with habits of their own.
///
/// Only Chat Completions has so many speakers; the other formats have one each and need no
/// provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Provider {
    /// Nobody's habits: what all clients of the format understand.
    #[default]
    Plain,
    /// OpenAI: hides thoughts, counts cache writes.
    Openai,
    /// Azure OpenAI: a chunk about filters first, chunks without a delta later.
    Azure,
    /// Together: bare numbers for probabilities, counts beside the finish reason.
    Together,
    /// Fireworks: counts beside the finish reason.
    Fireworks,
    /// Groq: counts and late errors in `x_groq`.
    Groq,
    /// DeepSeek: keep-alive comments, an empty first thought, hits and misses apart.
    Deepseek,
    /// Mistral: typed parts, unknown fields refused.
    Mistral,
    /// OpenRouter: comments, costs, the finish reason twice.
    Openrouter,
    /// vLLM: the role comes with the first token.
    Vllm,
    /// SGLang: nulls everywhere, flat errors.
    Sglang,
    /// TensorRT-LLM: padded first line, unknown fields refused, flat errors.
    Trtllm,
    /// llama.cpp: bare comments, progress, timings.
    LlamaCpp,
    /// Text Generation Inference on its chat route: no cached tokens, errors with a type beside.
    TgiChat,
    /// LiteLLM proxy.
    Litellm,
    /// vLLM semantic-router.
    SemanticRouter,
    /// RouteLLM: knows few fields, so that its streams have no counts.
    Routellm,
    /// Envoy AI Gateway.
    EnvoyAi,
    /// Portkey.
    Portkey,
}

impl Provider {
    /// Everybody but nobody.
    pub const ALL: [Self; 18] = [
        Self::Openai,
        Self::Azure,
        Self::Together,
        Self::Fireworks,
        Self::Groq,
        Self::Deepseek,
        Self::Mistral,
        Self::Openrouter,
        Self::Vllm,
        Self::Sglang,
        Self::Trtllm,
        Self::LlamaCpp,
        Self::TgiChat,
        Self::Litellm,
        Self::SemanticRouter,
        Self::Routellm,
        Self::EnvoyAi,
        Self::Portkey,
    ];

    /// The name that experiment files use for the dialect.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "openai_chat",
            Self::Openai => "openai",
            Self::Azure => "azure",
            Self::Together => "together",
            Self::Fireworks => "fireworks",
            Self::Groq => "groq",
            Self::Deepseek => "deepseek",
            Self::Mistral => "mistral",
            Self::Openrouter => "openrouter",
            Self::Vllm => "vllm",
            Self::Sglang => "sglang",
            Self::Trtllm => "trtllm",
            Self::LlamaCpp => "llama_cpp",
            Self::TgiChat => "tgi_chat",
            Self::Litellm => "litellm",
            Self::SemanticRouter => "semantic_router",
            Self::Routellm => "routellm",
            Self::EnvoyAi => "envoy_ai",
            Self::Portkey => "portkey",
        }
    }

    /// The provider of a dialect; [`Plain`](Self::Plain) where the dialect needs none.
    pub fn named(dialect: &str) -> Self {
        // One server with two routes.
        let dialect = match dialect {
            "tgi" => "tgi_chat",
            other => other,
        };
        let mut all = Self::ALL.into_iter();
        all.find(|p| p.as_str() == dialect).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_and_differ() {
        for provider in Provider::ALL {
            assert_eq!(Provider::named(provider.as_str()), provider);
        }
        assert_eq!(Provider::named("anthropic"), Provider::Plain);
        assert_eq!(Provider::named("tgi"), Provider::TgiChat);
    }
}
