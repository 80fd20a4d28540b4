//! The closed list of policy kinds that an experiment file can name.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use toml::de::ValueDeserializer;

use crate::kinds;
use crate::{BuildContext, Policy, PolicyError};

/// One policy as written, after `name`, `kind` and `fit` were taken out of its table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PolicyConfig {
    /// Always the same model.
    Always(kinds::always::Config),
    /// Stored answers first.
    Cache(kinds::cache::Config),
    /// The cheapest model that can do what the request needs.
    Capability(kinds::capability::Config),
    /// Cheap first, escalate on doubt.
    Cascade(kinds::cascade::Config),
    /// Weighted signs of difficulty pick a tier.
    Complexity(kinds::complexity::Config),
    /// Paces spending to a budget.
    CostCapped(kinds::cost_capped::Config),
    /// Replays the decisions of an external router.
    Decisions(kinds::decisions::Config),
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
        "cache",
        "capability",
        "cascade",
        "complexity",
        "cost_capped",
        "decisions",
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
            "cache" => kinds::cache::Config::deserialize(table).map(Self::Cache),
            "capability" => kinds::capability::Config::deserialize(table).map(Self::Capability),
            "cascade" => kinds::cascade::Config::deserialize(table).map(Self::Cascade),
            "complexity" => kinds::complexity::Config::deserialize(table).map(Self::Complexity),
            "cost_capped" => kinds::cost_capped::Config::deserialize(table).map(Self::CostCapped),
            "decisions" => kinds::decisions::Config::deserialize(table).map(Self::Decisions),
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
            | Self::Cache(_)
            | Self::Capability(_)
            | Self::Cascade(_)
            | Self::Complexity(_)
            | Self::CostCapped(_)
            | Self::Decisions(_)
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
            Self::Cache(config) => config.build(context),
            Self::Capability(config) => config.build(context),
            Self::Cascade(config) => config.build(context),
            Self::Complexity(config) => config.build(context),
            Self::CostCapped(config) => config.build(context),
            Self::Decisions(config) => config.build(context),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::testing::parse;

    #[test]
    fn every_kind_is_known_and_sorted() {
        assert!(PolicyConfig::KINDS.is_sorted());
        for kind in PolicyConfig::KINDS {
            let table = ValueDeserializer::parse("{ nonsense = 1 }").unwrap();
            let error = PolicyConfig::parse(kind, table).expect(kind).unwrap_err();
            assert!(
                error.to_string().contains("unknown field `nonsense`"),
                "{kind}: {error}"
            );
        }
        let table = ValueDeserializer::parse("{}").unwrap();
        assert!(PolicyConfig::parse("oracle", table).is_none());
    }

    #[test]
    fn errors_deep_inside_a_table_keep_their_place() {
        let text = "kind = 'cascade'\nmodels = ['a', 'b']\naccept = { judge = { eror = 0.1 } }";
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains("line 3, column 22"), "{error}");
        assert!(error.contains("unknown field `eror`"), "{error}");
    }

    #[test]
    fn only_policies_that_read_outcomes_are_learned() {
        let learned = |text| parse(text).unwrap().is_learned();
        assert!(learned("kind = 'table'\nlabel = 'task'"));
        assert!(learned("kind = 'knn'"));
        assert!(learned("kind = 'guarded_knn'\ndefault = 'a'"));
        assert!(!learned("kind = 'always'\nmodel = 'a'"));
        assert!(!learned("kind = 'cache'\nof = 'a'\nmatch = 'exact'"));
    }

    #[test]
    fn the_kind_is_written_beside_its_keys() {
        let config = parse("kind = 'shuffled'\nof = 'a'").unwrap();
        let written = serde_json::to_string(&config).unwrap();
        assert_eq!(written, r#"{"kind":"shuffled","of":"a"}"#);
    }
}
