//! What a fleet is made of.

use super::provider::Provider;
use crate::fault::FaultRule;
use crate::tier::{Tier, builtin_tiers};

/// When a stream sends its role-only first chunk, which carries no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum RoleChunk {
    /// At once, before the request has a slot (OpenAI). A client that counts it as the first token
    /// reports a wrong TTFT.
    #[default]
    AtOnce,
    /// Together with the first token (vLLM).
    WithFirstToken,
}

/// A model name behind which the fleet chooses, as a routing gateway does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// The name that clients ask for.
    pub alias: String,
    /// The tier that answers.
    pub tier: String,
    /// Where the choice is reported.
    pub report: ChoiceReport,
    /// How often it says that it tried again inside before an answer, where its kind says so.
    pub retries: u32,
    /// How many other targets it says it tried before an answer, where its kind says so.
    pub fallbacks: u32,
}

/// Where a gateway reports which model it chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChoiceReport {
    /// In the headers of LiteLLM; the body repeats the alias.
    Litellm,
    /// In the headers of vLLM's semantic-router; the body repeats the alias.
    SemanticRouter,
    /// In the headers of Portkey, as a place in the order of the tiers; the body repeats the alias.
    Portkey,
    /// In the body, as RouteLLM and OpenRouter do.
    Body,
    /// In the body, with Envoy's count of tries in a header.
    Envoy,
    /// Nowhere: the body repeats the alias.
    Nowhere,
}

/// Settings of [`serve`](super::serve).
#[derive(Clone, Debug, PartialEq)]
pub struct FleetConfig {
    /// The models. Names must differ.
    pub tiers: Vec<Tier>,
    /// Divides all durations of the engine model: 1 is as described, 2 twice as fast, infinity
    /// turns pacing off. Must be above zero.
    pub speed: f64,
    /// The loopback port of all tiers; 0 lets the system choose.
    pub port: u16,
    /// Whether each tier gets a port of its own as well (chosen by the system). A request there may
    /// leave out `model`.
    pub port_per_tier: bool,
    /// When the role chunk is sent.
    pub role_chunk: RoleChunk,
    /// Tokens in every event after the first one, which carries one token (vLLM's
    /// `stream_interval`). At least 1. A client that counts events as tokens reports wrong rates.
    pub tokens_per_event: usize,
    /// Whether every write of a stream is torn in two after the bytes `data:`.
    pub split_events: bool,
    /// Whether responses carry the rate-limit headers of their format.
    pub limit_headers: bool,
    /// Whose habits Chat Completions are spoken with, and what stands beside it.
    pub provider: Provider,
    /// A model name behind which the fleet chooses.
    pub gateway: Option<Gateway>,
    /// Misbehaviour.
    pub faults: Vec<FaultRule>,
    /// Finished requests kept in the log; the oldest are dropped beyond it.
    pub log_capacity: usize,
}

impl Default for FleetConfig {
    fn default() -> Self {
        Self {
            tiers: builtin_tiers(),
            speed: 1.0,
            port: 0,
            port_per_tier: false,
            role_chunk: RoleChunk::default(),
            tokens_per_event: 1,
            split_events: false,
            limit_headers: false,
            provider: Provider::default(),
            gateway: None,
            faults: Vec::new(),
            log_capacity: 200_000,
        }
    }
}

impl FleetConfig {
    /// What is wrong with the settings, if anything.
    pub(super) fn problem(&self) -> Option<String> {
        if self.tiers.is_empty() {
            return Some("a fleet needs at least one tier".to_owned());
        }
        if self.speed.is_nan() || self.speed <= 0.0 {
            return Some(format!("speed must be above zero, got {}", self.speed));
        }
        if self.tokens_per_event == 0 {
            return Some("tokens_per_event must be at least 1".to_owned());
        }
        let mut names: Vec<&str> = self.tiers.iter().map(|t| t.name.as_str()).collect();
        names.sort_unstable();
        let twice = names.windows(2).find(|p| p[0] == p[1]).map(|p| p[0]);
        if let Some(name) = twice {
            return Some(format!("two tiers are called `{name}`; names must differ"));
        }
        if let Some(gateway) = &self.gateway
            && !names.contains(&gateway.tier.as_str())
        {
            let tier = &gateway.tier;
            return Some(format!("the gateway names the unknown tier `{tier}`"));
        }
        for rule in &self.faults {
            let Some(tier) = &rule.tier else { continue };
            if !names.contains(&tier.as_str()) {
                return Some(format!("a fault rule names the unknown tier `{tier}`"));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_named() {
        assert_eq!(FleetConfig::default().problem(), None);
        let slow = FleetConfig {
            speed: 0.0,
            ..FleetConfig::default()
        };
        assert!(slow.problem().unwrap().contains("speed"));
        let mut twice = FleetConfig::default();
        twice.tiers[1].name = "nano".into();
        assert!(twice.problem().unwrap().contains("`nano`"));
    }
}
