//! What a server or gateway said about a call, beside the answer.

use serde::{Deserialize, Serialize};

/// What a server or gateway said about a call, beside the answer. Everything is in its own words
/// and none of it is used for judging.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerSaid {
    /// The model that answered, where the server names one that was not asked for by that name, or
    /// where a gateway chose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub served_model: Option<ServedModel>,
    /// Who serves the model behind a gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// What it says the call cost, in US dollars. The ledger uses the price book.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Time that the gateway says it took for itself, in milliseconds; it is inside all latencies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_ms: Option<f64>,
    /// How often a gateway says that it tried again before it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_retries: Option<u32>,
    /// How many other targets a gateway says it went on to before it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_fallbacks: Option<u32>,
    /// The gateway's own name for the target that answered: a deployment, an option of its
    /// configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_target: Option<String>,
    /// Time spent on loading the model, in milliseconds; it is inside all latencies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_load_ms: Option<f64>,
    /// How many requests are left.
    #[serde(skip_serializing_if = "Quota::is_unknown")]
    pub requests: Quota,
    /// How many tokens are left.
    #[serde(skip_serializing_if = "Quota::is_unknown")]
    pub tokens: Quota,
}

impl ServerSaid {
    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The model that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedModel {
    /// Its name.
    pub name: String,
    /// Where it was read: a header's name, or `body`.
    pub from: String,
    /// The body repeats the name that was asked for and no header says more: a gateway's choice
    /// cannot be observed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_alias: bool,
}

/// A rate limit as the server's headers state it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quota {
    /// Allowed per window of the provider's choosing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Left in the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
    /// Milliseconds until the window starts anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_ms: Option<f64>,
}

impl Quota {
    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_said_is_not_written() {
        let said = ServerSaid {
            requests: Quota {
                remaining: Some(3),
                ..Quota::default()
            },
            ..ServerSaid::default()
        };
        let text = serde_json::to_string(&said).unwrap();
        assert_eq!(text, r#"{"requests":{"remaining":3}}"#);
        assert_eq!(serde_json::from_str::<ServerSaid>(&text).unwrap(), said);
        assert!(ServerSaid::default().is_empty());
    }
}
