//! The cheapest model that can do what the request needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::accept::compile;
use crate::text::{Scope, estimated_tokens};
use crate::walk::OneCall;
use crate::{BuildContext, Candidate, Decision, Policy, PolicyError, Request, Session};

/// `kind = "capability"`.
///
/// Every rule whose conditions hold adds what it requires. Of the fleet's models that have all
/// required capabilities and a context window that fits, the cheapest by blended price is called;
/// ties go in fleet order. The fit is by estimated input tokens (four characters a token).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Detection rules; with none, the cheapest model whose window fits is called.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Model called when none covers the request.
    pub default: String,
    /// Tokens of the context window kept free for the answer, at least 0; 1,024 by default, 0
    /// fills the window.
    #[serde(default = "default_reserve")]
    pub reserve_tokens: u64,
}

fn default_reserve() -> u64 {
    1024
}

/// What is required when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Conditions; all that are given must hold, and at least one is given.
    pub when: When,
    /// Capabilities by name; at least one, each of them had by some model of the fleet.
    pub requires: Vec<String>,
}

/// Conditions on a request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Regular expression found in the last user message.
    pub pattern: Option<String>,
    /// Label that must have a value.
    pub label: Option<LabelIs>,
    /// The last user message has more characters (Unicode scalar values) than this.
    pub longer_than_chars: Option<u64>,
    /// The conversation has more messages of any role than this.
    pub more_turns_than: Option<u64>,
}

/// A label and its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LabelIs {
    /// Key of the label.
    pub key: String,
    /// The value it must have.
    pub is: String,
}

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        let default = context.model(&self.default)?;
        let by_price = context.fleet.by_price();
        let rules = self.rules.iter().map(|rule| {
            let known = by_price.iter().flat_map(|m| &m.capabilities);
            Detector::new(rule, &known.collect())
        });
        let arm = |model: &&crate::ModelInfo| Arm {
            model: Arc::clone(&model.name),
            price: model.blended_per_mtok_usd(),
            capabilities: model.capabilities.clone(),
            // Without a known window every request fits.
            room: model.context_tokens.unwrap_or(u64::MAX),
        };
        Ok(Arc::new(Capability {
            rules: rules.collect::<Result<_, _>>()?,
            arms: by_price.iter().map(arm).collect(),
            default,
            reserve: self.reserve_tokens,
        }))
    }
}

struct Detector {
    when: When,
    pattern: Option<Regex>,
    requires: Vec<String>,
}

impl Detector {
    fn new(rule: &Rule, known: &BTreeSet<&String>) -> Result<Self, PolicyError> {
        let refuse = |key, problem: String| Err(PolicyError::Value { key, problem });
        if rule.when == When::default() {
            return refuse(
                "when",
                "has no condition; give `pattern`, `label`, `longer_than_chars` or \
                 `more_turns_than`"
                    .to_owned(),
            );
        }
        if rule.requires.is_empty() {
            return refuse("requires", "is empty".to_owned());
        }
        if let Some(missing) = rule.requires.iter().find(|name| !known.contains(name)) {
            return refuse(
                "requires",
                format!("names `{missing}`, which no model of the fleet has"),
            );
        }
        Ok(Self {
            pattern: rule.when.pattern.as_deref().map(compile).transpose()?,
            when: rule.when.clone(),
            requires: rule.requires.clone(),
        })
    }

    fn holds(&self, request: &Request<'_>) -> bool {
        let chars = || Scope::LastMessage.chars(request) as u64;
        let label = |wanted: &LabelIs| request.labels.get(&wanted.key) == Some(&wanted.is);
        let when = &self.when;
        when.label.as_ref().is_none_or(label)
            && when
                .more_turns_than
                .is_none_or(|n| request.messages.len() as u64 > n)
            && when.longer_than_chars.is_none_or(|n| chars() > n)
            && self
                .pattern
                .as_ref()
                .is_none_or(|p| p.is_match(request.prompt()))
    }
}

struct Capability {
    rules: Vec<Detector>,
    // Cheapest first.
    arms: Vec<Arm>,
    default: Arc<str>,
    reserve: u64,
}

struct Arm {
    model: Arc<str>,
    price: f64,
    capabilities: BTreeSet<String>,
    room: u64,
}

impl Policy for Capability {
    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        let holding = self.rules.iter().filter(|rule| rule.holds(&request));
        let required: Vec<&String> = holding.flat_map(|rule| &rule.requires).collect();
        let tokens = estimated_tokens(&request).saturating_add(self.reserve);
        let fits = |arm: &&Arm| {
            tokens <= arm.room && required.iter().all(|name| arm.capabilities.contains(*name))
        };
        // The score of a candidate is its price, negative so that larger is better.
        let candidates = self.arms.iter().filter(fits).map(|arm| Candidate {
            model: Arc::clone(&arm.model),
            score: -arm.price,
        });
        let candidates: Vec<Candidate> = candidates.collect();
        let decision = match candidates.first() {
            Some(cheapest) => Decision::call(&cheapest.model, "cheapest that covers the request"),
            None => Decision::call(&self.default, "default; no model covers the request"),
        };
        OneCall::boxed(decision.with_candidates(candidates).with_propensity(1.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::Fleet;
    use crate::kinds::testing::{World, model};

    fn world() -> World {
        let mut world = World::two_models(0);
        let able = |name, price, can: &[&str], room| {
            let mut info = model(name, price);
            info.capabilities = can.iter().map(|c| (*c).to_owned()).collect();
            info.context_tokens = room;
            info
        };
        world.fleet = Fleet::new(vec![
            able("dear", 10.0, &["json", "math"], None),
            able("small", 1.0, &[], Some(1100)),
            able("coder", 3.0, &["json"], Some(100_000)),
        ]);
        world
    }

    fn called(world: &mut World, prompt: &str, labels: &[(&str, &str)], rules: &str) -> String {
        let index = world.add(prompt, labels);
        let text = format!("kind = 'capability'\ndefault = 'dear'\nrules = [{rules}]");
        let policy = world.build(&text).unwrap();
        world.walk(&*policy, index).models()[0].to_owned()
    }

    #[test]
    fn the_cheapest_covering_model_is_called() {
        let world = &mut world();
        let json = "{ when = { pattern = '(?i)json' }, requires = ['json'] }";
        let math = "{ when = { label = { key = 'task', is = 'math' } }, requires = ['math'] }";
        let rules = format!("{json}, {math}");
        assert_eq!(called(world, "hello", &[], &rules), "small");
        assert_eq!(called(world, "as JSON please", &[], &rules), "coder");
        assert_eq!(called(world, "2 + 2", &[("task", "math")], &rules), "dear");
        assert_eq!(called(world, "2 + 2", &[("task", "law")], &rules), "small");
    }

    #[test]
    fn all_conditions_of_a_rule_must_hold() {
        let world = &mut world();
        let both = "{ when = { pattern = 'x', longer_than_chars = 3 }, requires = ['json'] }";
        assert_eq!(called(world, "xxx", &[], both), "small");
        assert_eq!(called(world, "xxxx", &[], both), "coder");
        let turns = "{ when = { more_turns_than = 0 }, requires = ['json'] }";
        assert_eq!(called(world, "a", &[], turns), "coder");
    }

    #[test]
    fn a_prompt_must_fit_the_window() {
        let world = &mut world();
        // 1,100 tokens less 1,024 kept free are 76 tokens, 304 characters.
        assert_eq!(called(world, &"x".repeat(304), &[], ""), "small");
        assert_eq!(called(world, &"x".repeat(305), &[], ""), "coder");
    }

    #[test]
    fn the_default_answers_what_none_covers() {
        let mut world = world();
        let mut small = model("small", 1.0);
        small.context_tokens = Some(10);
        world.fleet = Fleet::new(vec![small]);
        let index = world.add("long enough", &[]);
        let policy = world
            .build("kind = 'capability'\ndefault = 'small'")
            .unwrap();
        let walk = world.walk(&*policy, index);
        assert_eq!(walk.models(), ["small"]);
        assert!(walk.first().reason.starts_with("default"));
    }

    #[test]
    fn refuses_rules_that_cannot_apply() {
        let world = world();
        let refusal = |rule| {
            world.refusal(&format!(
                "kind = 'capability'\ndefault = 'dear'\nrules = [{rule}]"
            ))
        };
        assert!(refusal("{ when = {}, requires = ['json'] }").contains("no condition"));
        let typo = refusal("{ when = { more_turns_than = 1 }, requires = ['jsn'] }");
        assert!(typo.contains("`jsn`, which no model"));
        assert!(refusal("{ when = { more_turns_than = 1 }, requires = [] }").contains("is empty"));
        let pattern = refusal("{ when = { pattern = '(' }, requires = ['json'] }");
        assert!(pattern.contains("not a regular expression"));
    }
}
