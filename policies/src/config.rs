//! The closed list of policy kinds that an experiment file can name.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use toml::de::ValueDeserializer;

use crate::kinds;
use crate::{BuildContext, Policy, PolicyError};

/// One policy as written, after `name`, `kind` and `fit` were taken out of its table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PolicyConfig {
    /// Always the same model.
    Always(kinds::always::Config),
    /// Cheap first, escalate on doubt.
    Cascade(kinds::cascade::Config),
    /// Another model when one fails.
    Fallback(kinds::fallback::Config),
    /// Deviates from a default only on evidence from similar prompts.
    GuardedKnn(kinds::guarded_knn::Config),
    /// A learned choice from similar prompts.
    Knn(kinds::knn::Config),
    /// Long prompts go to the strong model.
    Length(kinds::length::Config),
    /// A fixed random mix.
    Random(kinds::random::Config),
    /// Another policy's mix, dealt out blindly.
    Shuffled(kinds::shuffled::Config),
    /// A learned choice per label.
    Table(kinds::table::Config),
    /// A recorded number decides.
    Threshold(kinds::threshold::Config),
}

impl PolicyConfig {
    /// The kinds by name, in alphabetical order.
    pub const KINDS: &'static [&'static str] = &[
        "always",
        "cascade",
        "fallback",
        "guarded_knn",
        "knn",
        "length",
        "random",
        "shuffled",
        "table",
        "threshold",
    ];

    /// Reads the rest of a policy's table for a kind. `None` when there is no such kind.
    ///
    /// The second of two passes: the caller reads `kind` first and hands over the table, so that an
    /// error carries the exact position of its value (a tagged enum would lose it).
    ///
    /// # Errors
    /// The TOML error with its span; unknown keys are errors.
    pub fn parse(
        kind: &str,
        table: ValueDeserializer<'_>,
    ) -> Option<Result<Self, toml::de::Error>> {
        Some(match kind {
            "always" => kinds::always::Config::deserialize(table).map(Self::Always),
            "cascade" => kinds::cascade::Config::deserialize(table).map(Self::Cascade),
            "fallback" => kinds::fallback::Config::deserialize(table).map(Self::Fallback),
            "guarded_knn" => kinds::guarded_knn::Config::deserialize(table).map(Self::GuardedKnn),
            "knn" => kinds::knn::Config::deserialize(table).map(Self::Knn),
            "length" => kinds::length::Config::deserialize(table).map(Self::Length),
            "random" => kinds::random::Config::deserialize(table).map(Self::Random),
            "shuffled" => kinds::shuffled::Config::deserialize(table).map(Self::Shuffled),
            "table" => kinds::table::Config::deserialize(table).map(Self::Table),
            "threshold" => kinds::threshold::Config::deserialize(table).map(Self::Threshold),
            _ => return None,
        })
    }

    /// Whether the policy learns from recorded outcomes.
    pub fn is_learned(&self) -> bool {
        match self {
            Self::GuardedKnn(_) | Self::Knn(_) | Self::Table(_) => true,
            Self::Always(_)
            | Self::Cascade(_)
            | Self::Fallback(_)
            | Self::Length(_)
            | Self::Random(_)
            | Self::Shuffled(_)
            | Self::Threshold(_) => false,
        }
    }

    /// Builds the policy.
    ///
    /// # Errors
    /// [`PolicyError`] when the configuration cannot work with this fleet or data.
    pub fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        match self {
            Self::Always(config) => config.build(context),
            Self::Cascade(config) => config.build(context),
            Self::Fallback(config) => config.build(context),
            Self::GuardedKnn(config) => config.build(context),
            Self::Knn(config) => config.build(context),
            Self::Length(config) => config.build(context),
            Self::Random(config) => config.build(context),
            Self::Shuffled(config) => config.build(context),
            Self::Table(config) => config.build(context),
            Self::Threshold(config) => config.build(context),
        }
    }
}
