//! What all connections of a fleet share.

use super::cached::CachedContents;
use super::config::{ChoiceReport, FleetConfig, Gateway, RoleChunk};
use super::format::Format;
use super::log::RequestLog;
use super::provider::Provider;
use crate::ability::Ability;
use crate::engine::Engine;
use crate::fault::FaultScript;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;

/// A tier that is up.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) name: String,
    pub(super) ability: Ability,
    pub(super) engine: Arc<Engine>,
}

#[derive(Debug)]
pub(super) struct FleetState {
    pub(super) models: Vec<Model>,
    pub(super) faults: FaultScript,
    pub(super) log: Arc<RequestLog>,
    pub(super) role_chunk: RoleChunk,
    pub(super) tokens_per_event: usize,
    pub(super) split_events: bool,
    pub(super) limit_headers: bool,
    pub(super) provider: Provider,
    pub(super) gateway: Option<Gateway>,
    pub(super) cached: CachedContents,
    requests: AtomicU64,
}

impl FleetState {
    pub(super) fn new(config: FleetConfig) -> Self {
        let speed = config.speed;
        let up = |tier: crate::tier::Tier| Model {
            name: tier.name,
            ability: tier.ability,
            engine: Arc::new(Engine::new(tier.engine, speed)),
        };
        Self {
            models: config.tiers.into_iter().map(up).collect(),
            faults: FaultScript::new(config.faults),
            log: Arc::new(RequestLog::new(Instant::now(), config.log_capacity)),
            role_chunk: config.role_chunk,
            tokens_per_event: config.tokens_per_event,
            split_events: config.split_events,
            limit_headers: config.limit_headers,
            provider: config.provider,
            gateway: config.gateway,
            cached: CachedContents::default(),
            requests: AtomicU64::new(0),
        }
    }

    /// The model called `name`.
    pub(super) fn model(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|m| m.name == name)
    }

    /// The model that answers to `name`, and what the client is told its name is. A format whose
    /// requests name no model gets the first.
    pub(super) fn chosen<'s>(
        &'s self,
        name: &'s str,
        format: Format,
    ) -> Option<(&'s Model, &'s str)> {
        if let Some(gateway) = self.gateway.as_ref().filter(|g| g.alias == name) {
            let model = self.model(&gateway.tier)?;
            let told = match gateway.report {
                ChoiceReport::Body | ChoiceReport::Envoy => model.name.as_str(),
                _ => name,
            };
            return Some((model, told));
        }
        let has_no_name = name.is_empty() && matches!(format, Format::Tgi { .. });
        let model = match has_no_name {
            true => self.models.first(),
            false => self.model(name),
        };
        model.map(|model| (model, model.name.as_str()))
    }

    /// A request number, from 1.
    pub(super) fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }
}
