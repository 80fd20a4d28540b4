//! What a request says about the server's prompt cache.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Dialect;
use super::facts::Isolation;

/// What a request says about the server's prompt cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PromptCache {
    /// Nothing: the server does what it does.
    #[default]
    Default,
    /// No request reads what another one left, by whatever means the dialect has.
    Off,
    /// Write up to the end of the system prompt and of the last message, with the short lifetime
    /// (5 minutes at Anthropic, 30 at OpenAI).
    Breakpoints,
    /// The same with the long lifetime (1 hour at Anthropic).
    BreakpointsLong,
}

/// Settings of a codec that do not change from call to call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CodecSettings {
    /// What every request says about the prompt cache.
    pub prompt_cache: PromptCache,
}

impl PromptCache {
    /// The name in experiment files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Off => "off",
            Self::Breakpoints => "breakpoints",
            Self::BreakpointsLong => "breakpoints_long",
        }
    }

    /// Whether a dialect can do this; if not, why.
    ///
    /// # Errors
    /// What the dialect offers instead.
    pub fn check(self, dialect: Dialect) -> Result<(), String> {
        use Dialect::{Anthropic, Litellm, Openai, OpenaiResponses, Openrouter};
        let can = match self {
            Self::Default => true,
            Self::Off => {
                dialect.facts().isolation != Isolation::None
                    || matches!(dialect, Anthropic | Openai | OpenaiResponses)
            }
            Self::Breakpoints => {
                matches!(
                    dialect,
                    Anthropic | Openai | OpenaiResponses | Openrouter | Litellm
                )
            }
            Self::BreakpointsLong => matches!(dialect, Anthropic | Openrouter | Litellm),
        };
        if can {
            return Ok(());
        }
        let name = dialect.as_str();
        Err(match self {
            Self::Off => format!(
                "`{name}` cannot go without its prompt cache from request to request; start the \
                 server without it, or put a nonce at the very start of each prompt"
            ),
            _ => format!("`{name}` has no cache breakpoints in requests"),
        })
    }

    /// Anthropic's `cache_control`, where a breakpoint is wanted. Nothing is cached without one.
    pub(super) fn anthropic_control(self) -> Option<Value> {
        match self {
            Self::Default | Self::Off => None,
            Self::Breakpoints => Some(json!({"type": "ephemeral"})),
            Self::BreakpointsLong => Some(json!({"type": "ephemeral", "ttl": "1h"})),
        }
    }

    /// OpenAI's `prompt_cache_options`. Explicit mode without breakpoints writes and reads nothing.
    pub(super) fn openai_options(self) -> Option<Value> {
        match self {
            Self::Default => None,
            Self::Off | Self::Breakpoints | Self::BreakpointsLong => {
                Some(json!({"mode": "explicit"}))
            }
        }
    }

    /// Whether breakpoints are written.
    pub(super) fn has_breakpoints(self) -> bool {
        matches!(self, Self::Breakpoints | Self::BreakpointsLong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dialect_cannot_do_is_said() {
        for dialect in Dialect::ALL {
            assert_eq!(PromptCache::Default.check(dialect), Ok(()));
        }
        let off = |dialect| PromptCache::Off.check(dialect);
        assert!(off(Dialect::Gemini).unwrap_err().contains("nonce"));
        assert_eq!(off(Dialect::LlamaCpp), Ok(()));
        assert_eq!(off(Dialect::Vllm), Ok(()));
        assert!(PromptCache::Breakpoints.check(Dialect::Vllm).is_err());
    }
}
