//! What each model costs, and since when that is known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use weighbridge_record::{Cost, Price, Usage};

/// Prices of models by their name in the fleet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PriceBook {
    /// Date the prices were looked up (`YYYY-MM-DD`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Price of each model.
    pub models: BTreeMap<String, Price>,
}

impl PriceBook {
    /// The price of a model, where it has one.
    pub fn get(&self, model: &str) -> Option<&Price> {
        self.models.get(model)
    }

    /// What usage costs on a model; `None` where the model has no price.
    pub fn cost(&self, model: &str, usage: &Usage) -> Option<Cost> {
        self.get(model).map(|price| price.cost(usage))
    }
}
