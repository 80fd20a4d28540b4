//! The set of models a policy may call.

use std::collections::BTreeSet;
use std::sync::Arc;

/// What a policy knows about one model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelInfo {
    /// Name, unique in the fleet.
    pub name: Arc<str>,
    /// US dollars per million input tokens.
    pub input_per_mtok_usd: f64,
    /// US dollars per million output tokens.
    pub output_per_mtok_usd: f64,
    /// What the model can do, free words matched by the capability router (`json`, `math`, …).
    pub capabilities: BTreeSet<String>,
    /// Longest input in tokens, where known.
    pub context_tokens: Option<u64>,
}

impl ModelInfo {
    /// A blended price for ordering models: three input tokens for one output token, per million.
    pub fn blended_per_mtok_usd(&self) -> f64 {
        (3.0 * self.input_per_mtok_usd + self.output_per_mtok_usd) / 4.0
    }
}

/// The models of an experiment, in the order of its file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fleet {
    models: Vec<ModelInfo>,
}

impl Fleet {
    /// A fleet of these models.
    pub fn new(models: Vec<ModelInfo>) -> Self {
        Self { models }
    }

    /// The models in file order.
    pub fn models(&self) -> &[ModelInfo] {
        &self.models
    }

    /// A model by name.
    pub fn get(&self, name: &str) -> Option<&ModelInfo> {
        self.models.iter().find(|m| &*m.name == name)
    }

    /// Models from cheapest to dearest by blended price; ties in file order.
    pub fn by_price(&self) -> Vec<&ModelInfo> {
        let mut models: Vec<_> = self.models.iter().collect();
        models.sort_by(|a, b| {
            a.blended_per_mtok_usd()
                .total_cmp(&b.blended_per_mtok_usd())
        });
        models
    }
}
