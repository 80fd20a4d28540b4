//! Which limiter stands before which model.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::limit::Limiter;
use super::{LimitFacts, Settings};
use crate::Clock;

/// The limiters of a run, by model.
#[derive(Debug)]
pub(super) struct Gates {
    limiters: Vec<Arc<Limiter>>,
    by_model: BTreeMap<Arc<str>, Arc<Limiter>>,
}

impl Gates {
    pub(super) fn new(settings: &Settings, clock: Clock) -> Self {
        let mut gates = Self {
            limiters: Vec::new(),
            by_model: BTreeMap::new(),
        };
        let patience = settings.retry.max_retry_after;
        for rules in &settings.limits.backends {
            let limiter = Arc::new(Limiter::new(rules, patience, clock));
            for model in &rules.models {
                let before = gates
                    .by_model
                    .insert(Arc::clone(model), Arc::clone(&limiter));
                debug_assert!(before.is_none(), "{model} has two backends");
            }
            gates.limiters.push(limiter);
        }
        gates
    }

    pub(super) fn of(&self, model: &str) -> Option<&Limiter> {
        self.by_model.get(model).map(Arc::as_ref)
    }

    /// What the limits did, of backends where they did anything.
    pub(super) fn facts(&self) -> Vec<LimitFacts> {
        let facts = self.limiters.iter().map(|limiter| limiter.facts());
        facts.filter(|facts| !facts.is_quiet()).collect()
    }
}
