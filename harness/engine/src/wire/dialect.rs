//! The dialects that an experiment file can name.

use serde::{Deserialize, Serialize};

use super::facts::{self, Facts};
use super::{
    Anthropic, Codec, CodecSettings, Gemini, OllamaChat, OpenaiChat, OpenaiResponses, TgiGenerate,
};

/// How a backend speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dialect {
    /// OpenAI Chat Completions, and servers that speak it without additions.
    #[default]
    OpenaiChat,
    /// OpenAI itself, Chat Completions.
    Openai,
    /// OpenAI itself, Responses.
    OpenaiResponses,
    /// Azure OpenAI, Chat Completions.
    Azure,
    /// Anthropic Messages.
    Anthropic,
    /// Google Gemini API.
    Gemini,
    /// Gemini models on Vertex AI.
    Vertex,
    /// Together AI.
    Together,
    /// Fireworks AI.
    Fireworks,
    /// Groq.
    Groq,
    /// DeepSeek.
    Deepseek,
    /// Mistral.
    Mistral,
    /// OpenRouter, its auto router included.
    Openrouter,
    /// vLLM: Chat Completions with `cache_salt`.
    Vllm,
    /// SGLang: Chat Completions with `cache_salt`.
    Sglang,
    /// TensorRT-LLM's `trtllm-serve`, which refuses fields that it does not know.
    Trtllm,
    /// The llama.cpp server: Chat Completions with `cache_prompt` and `timings`.
    LlamaCpp,
    /// Text Generation Inference, its own route: no chat template is applied.
    Tgi,
    /// Text Generation Inference, its chat route.
    TgiChat,
    /// Ollama's own chat route.
    Ollama,
    /// LiteLLM proxy.
    Litellm,
    /// vLLM semantic-router.
    SemanticRouter,
    /// RouteLLM server.
    Routellm,
    /// Envoy AI Gateway.
    EnvoyAi,
    /// Portkey gateway.
    Portkey,
}

impl Dialect {
    /// Every dialect, in the order of the documentation.
    pub const ALL: [Self; 25] = [
        Self::OpenaiChat,
        Self::Openai,
        Self::OpenaiResponses,
        Self::Azure,
        Self::Anthropic,
        Self::Gemini,
        Self::Vertex,
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
        Self::Tgi,
        Self::TgiChat,
        Self::Ollama,
        Self::Litellm,
        Self::SemanticRouter,
        Self::Routellm,
        Self::EnvoyAi,
        Self::Portkey,
    ];

    /// The name in experiment files and logs.
    pub fn as_str(self) -> &'static str {
        self.facts().name
    }

    /// Address of the provider, where there is one for everybody.
    pub fn default_base_url(self) -> Option<&'static str> {
        self.facts().base_url
    }

    /// Whether a gateway chooses the model, so that its choice is a result.
    pub fn is_gateway(self) -> bool {
        self.facts().is_gateway
    }

    /// Whether token log-probabilities can be asked for.
    pub fn has_logprobs(self) -> bool {
        self.facts().logprobs != facts::Logprobs::None
    }

    pub(crate) fn facts(self) -> &'static Facts {
        facts::of(self)
    }

    /// The codec of the dialect.
    pub fn codec(self, settings: &CodecSettings) -> Box<dyn Codec> {
        let cache = settings.prompt_cache;
        match self {
            Self::OpenaiResponses => Box::new(OpenaiResponses { cache }),
            Self::Anthropic => Box::new(Anthropic { cache }),
            Self::Gemini | Self::Vertex => Box::new(Gemini {
                is_vertex: self == Self::Vertex,
            }),
            Self::Tgi => Box::new(TgiGenerate),
            Self::Ollama => Box::new(OllamaChat),
            _ => Box::new(OpenaiChat {
                dialect: self,
                cache,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_has_one_name_and_reads_it_back() {
        let mut names: Vec<_> = Dialect::ALL.iter().map(|d| d.as_str()).collect();
        for dialect in Dialect::ALL {
            let name = serde_json::to_value(dialect).unwrap();
            assert_eq!(name, dialect.as_str());
            assert_eq!(serde_json::from_value::<Dialect>(name).unwrap(), dialect);
            let url = dialect.default_base_url();
            assert!(url.is_none_or(|url| url.starts_with("https://") || url.contains("localhost")));
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Dialect::ALL.len());
    }
}
