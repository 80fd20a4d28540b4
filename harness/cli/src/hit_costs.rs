//! From `[[backend.engine]]` and records of `weighbridge kernels run` to the fleet's engine model.

use weighbridge_mock::engine::PrefillCosts;
use weighbridge_mock::{Tier, builtin_tiers};

#[cfg(feature = "kernels")]
mod measured;

/// Costs of the engine of one model of an embedded fleet, or of all of its models.
#[derive(Debug, Clone)]
pub(crate) struct FleetEngine {
    /// Backend that serves it.
    pub(crate) backend: String,
    /// Model of the fleet; all if absent.
    pub(crate) model: Option<String>,
    /// What a prefill costs.
    pub(crate) costs: PrefillCosts,
    /// Blocks kept on the device and behind the link together.
    pub(crate) cache_blocks: usize,
    /// What a report says of it: part and sentence.
    pub(crate) notes: Vec<(&'static str, String)>,
    /// What decides its behaviour, for the hash of the experiment.
    pub(crate) resolved: serde_json::Value,
}

impl FleetEngine {
    /// Prefix of the notes of a run that say what hits cost.
    pub(crate) const NOTES: &str = "hit_costs.";

    /// The notes of a run about it.
    pub(crate) fn named_notes(&self) -> impl Iterator<Item = (String, String)> {
        let of = self.model.as_deref().unwrap_or("all");
        self.notes.iter().map(move |(part, said)| {
            let key = format!("{}{}/{of}.{part}", Self::NOTES, self.backend);
            (key, said.clone())
        })
    }
}

/// The models of a fleet with the costs that a backend gives them.
pub(crate) fn tiers(engines: &[FleetEngine], backend: &str) -> Vec<Tier> {
    let mut tiers = builtin_tiers();
    for engine in engines.iter().filter(|e| e.backend == backend) {
        let meant = |tier: &&mut Tier| engine.model.as_ref().is_none_or(|m| *m == tier.name);
        for tier in tiers.iter_mut().filter(meant) {
            tier.engine.costs = Some(engine.costs.clone());
            tier.engine.cache_blocks = engine.cache_blocks;
            // The costs say all of it.
            tier.engine.base_ttft_ms = 0.0;
        }
    }
    tiers
}

#[cfg(feature = "kernels")]
pub(crate) use measured::engines;

/// A build without the benchmarks has no costs to give.
#[cfg(not(feature = "kernels"))]
pub(crate) fn engines(
    source: crate::config::Source<'_>,
    _folder: &std::path::Path,
    backends: &[toml::Spanned<crate::config::BackendWritten>],
) -> Result<Vec<FleetEngine>, crate::config::ConfigError> {
    match backends.iter().find_map(|b| b.get_ref().engines.first()) {
        None => Ok(Vec::new()),
        Some(engine) => Err(source
            .at(
                &engine.shape.span(),
                "this build knows no costs of prefix hits",
            )
            .with_hint("build with the feature `kernels`, which is on by default")),
    }
}
