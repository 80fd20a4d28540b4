//! Stored answers first: exact or similar prompts are served without a call.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::accept::compile;
use crate::cut::within;
use crate::embed::Embedder;
use crate::kinds::knn::default_dims;
use crate::neighbours::check_dims;
use crate::shelf::{Comparison, Entry, Shelf, Similar};
use crate::text::Scope;
use crate::walk::OneCall;
use crate::{BuildContext, Decision, Needs, Observed, Policy, PolicyError, Request, Session, Step};

/// `kind = "cache"`; keeps arrival order.
///
/// A miss walks through the policy `of`. After each trial the accepted answer is stored, unless it
/// failed or has no text (recorded outcomes without answers fill no cache). Served answers are not
/// stored again. When trials overlap, a request can miss an answer that is still under way, as in
/// production.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// An earlier policy that answers on a miss. It is told of every trial, hits included.
    pub of: String,
    /// What is a hit: `exact` (the same text, by its xxh3-128) or `similar` (exact search over
    /// the built-in embedder; the same text always hits).
    #[serde(rename = "match")]
    pub matching: Match,
    /// Lowest cosine of a similar prompt, in `[0, 1]`; 0.9 by default, 1 serves the same wording
    /// only. Not for `exact`.
    pub similarity_at_least: Option<f64>,
    /// Whether a similar prompt must hold the same numbers in the same order; `false` is the
    /// default. Not for `exact`.
    pub gate_numbers: Option<bool>,
    /// Length of the embedding, 8 to 65,536; 512 by default. Not for `exact`.
    pub dims: Option<usize>,
    /// What is compared: `conversation` (default), or `last_message`, which ignores system
    /// instructions and earlier turns and so can serve an answer from another context.
    #[serde(default = "conversation")]
    pub scope: Scope,
    /// Most answers stored, at least 1; the oldest goes first. Unlimited when absent.
    pub max_entries: Option<usize>,
}

/// What is a hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// The same text.
    Exact,
    /// A similar text.
    Similar,
}

fn conversation() -> Scope {
    Scope::Conversation
}

/// An integer or decimal number.
const NUMBER: &str = r"\d+(?:[.,]\d+)*";

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        let comparison = Comparison {
            scope: self.scope,
            similar: match self.matching {
                Match::Exact => self.check_exact().map(|()| None)?,
                Match::Similar => Some(self.similar()?),
            },
        };
        let max_entries = self.max_entries.unwrap_or(usize::MAX);
        within("max_entries", max_entries as f64, 1.0, f64::MAX)?;
        Ok(Arc::new(Cache::new(
            context.policy(&self.of)?,
            comparison,
            max_entries,
        )))
    }

    fn check_exact(&self) -> Result<(), PolicyError> {
        let given = [
            ("similarity_at_least", self.similarity_at_least.is_some()),
            ("gate_numbers", self.gate_numbers.is_some()),
            ("dims", self.dims.is_some()),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            None => Ok(()),
            Some((key, _)) => Err(PolicyError::Value {
                key,
                problem: "has no meaning with `match = \"exact\"`; leave it out".to_owned(),
            }),
        }
    }

    fn similar(&self) -> Result<Similar, PolicyError> {
        let at_least = self.similarity_at_least.unwrap_or(0.9);
        let dims = self.dims.unwrap_or_else(default_dims);
        let numbers = self.gate_numbers == Some(true);
        Ok(Similar {
            embedder: Embedder::new(check_dims(dims)?),
            at_least: within("similarity_at_least", at_least, 0.0, 1.0)?,
            numbers: numbers.then(|| compile(NUMBER)).transpose()?,
        })
    }
}

struct Cache {
    of: Arc<dyn Policy>,
    comparison: Comparison,
    max_entries: usize,
    shelf: Mutex<Shelf>,
}

impl Cache {
    fn new(of: Arc<dyn Policy>, comparison: Comparison, max_entries: usize) -> Self {
        Self {
            of,
            shelf: Mutex::new(Shelf::new(max_entries, &comparison)),
            comparison,
            max_entries,
        }
    }

    fn look_up(&self, request: &Request<'_>) -> Option<Decision> {
        let key = self.comparison.key(request);
        let shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let (entry, similarity) = shelf.find(&key, &self.comparison)?;
        let reason = if similarity < 1.0 {
            "similar prompt stored"
        } else {
            "same prompt stored"
        };
        let step = Step::Serve {
            entry: entry.sample.clone(),
            answer: entry.answer.clone(),
            similarity,
        };
        Some(Decision::new(step, reason).with_propensity(1.0))
    }
}

impl Policy for Cache {
    fn needs(&self) -> Needs {
        let ordered = Needs {
            ordered: true,
            ..Needs::default()
        };
        self.of.needs().and(ordered)
    }

    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        match self.look_up(&request) {
            Some(hit) => OneCall::boxed(hit),
            None => self.of.open(request),
        }
    }

    fn settle(&self, request: Request<'_>, accepted: Option<Observed<'_>>, spent_usd: f64) {
        let usable = accepted.filter(|attempt| attempt.failure.is_none());
        if let Some(answer) = usable.and_then(|attempt| attempt.answer) {
            let entry = Entry {
                sample: request.id.to_owned(),
                answer: answer.to_owned(),
            };
            let key = self.comparison.key(&request);
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            shelf.store(key, entry);
        }
        self.of.settle(request, accepted, spent_usd);
    }

    fn fresh(&self) -> Option<Arc<dyn Policy>> {
        let of = self.of.fresh().unwrap_or_else(|| Arc::clone(&self.of));
        let comparison = self.comparison.clone();
        Some(Arc::new(Self::new(of, comparison, self.max_entries)))
    }
}

#[cfg(test)]
mod tests {
    use weighbridge_datasets::{Message, Role};

    use super::*;
    use crate::kinds::testing::World;

    fn world(prompts: &[&str]) -> World {
        let mut world = World::two_models(0);
        for prompt in prompts {
            let index = world.add(prompt, &[]);
            world.outcome(index, "weak", 1.0);
        }
        world.earlier("weak-only", "kind = 'always'\nmodel = 'weak'");
        world
    }

    fn cache(world: &World, rest: &str) -> Arc<dyn Policy> {
        let text = format!("kind = 'cache'\nof = 'weak-only'\n{rest}");
        world.build(&text).unwrap()
    }

    /// The sample that served each request, or "" for a miss.
    fn served(world: &World, policy: &dyn Policy) -> Vec<String> {
        let walks = world.walk_all(policy);
        let entry = |step: &Step| match step {
            Step::Serve { entry, .. } => entry.clone(),
            _ => String::new(),
        };
        walks.iter().map(|w| entry(&w.first().step)).collect()
    }

    #[test]
    fn the_same_text_is_served_and_state_is_fresh_on_request() {
        let world = world(&["one", "two", "one"]);
        let policy = cache(&world, "match = 'exact'");
        assert!(policy.needs().ordered);
        assert_eq!(served(&world, &*policy), ["", "", "s0"]);
        assert_eq!(served(&world, &*policy), ["s0", "s1", "s0"]);
        let fresh = policy.fresh().unwrap();
        assert_eq!(served(&world, &*fresh), ["", "", "s0"]);
    }

    #[test]
    fn a_wrapped_policy_does_not_share_its_state() {
        let mut world = world(&["one", "one"]);
        world.earlier("inner", "kind = 'cache'\nof = 'weak-only'\nmatch = 'exact'");
        let outer = world.build("kind = 'fallback'\nchain = ['weak']\nof = 'inner'");
        assert_eq!(served(&world, &*world.earlier["inner"]), ["", "s0"]);
        assert_eq!(served(&world, &*outer.unwrap()), ["", "s0"]);
    }

    #[test]
    fn the_oldest_answer_goes_first() {
        let world = world(&["one", "two", "three", "two", "one", "two"]);
        let policy = cache(&world, "match = 'exact'\nmax_entries = 2");
        assert_eq!(served(&world, &*policy), ["", "", "", "s1", "", ""]);
    }

    #[test]
    fn failures_and_answers_without_text_are_not_stored() {
        let mut world = World::two_models(0);
        world.earlier("weak-only", "kind = 'always'\nmodel = 'weak'");
        for _ in 0..3 {
            world.add("one", &[]);
        }
        world.failure(0, "weak", "timeout");
        let score = weighbridge_datasets::Score::Value(1.0);
        let silent = weighbridge_datasets::Outcome::scored("s1", "weak", score);
        world.outcomes.push(silent);
        world.outcome(2, "weak", 1.0);
        let policy = cache(&world, "match = 'exact'");
        assert_eq!(served(&world, &*policy), ["", "", ""]);
    }

    #[test]
    fn similar_prompts_are_served_unless_numbers_differ() {
        let world = world(&[
            "How many seconds are in 3 hours?",
            "how many seconds are in 3 hours",
            "How many seconds are in 5 hours?",
            "Name a river in Spain.",
        ]);
        let loose = cache(&world, "match = 'similar'\nsimilarity_at_least = 0.7");
        assert_eq!(served(&world, &*loose), ["", "s0", "s0", ""]);
        let gated = "match = 'similar'\nsimilarity_at_least = 0.7\ngate_numbers = true";
        let gated = cache(&world, gated);
        assert_eq!(served(&world, &*gated), ["", "s0", "", ""]);
        let walk = world.walk(&*gated, 1);
        let Step::Serve { similarity, .. } = walk.first().step else {
            panic!("must be served");
        };
        assert!(similarity > 0.999);
    }

    #[test]
    fn the_context_is_part_of_the_key_unless_only_the_last_message_counts() {
        let mut world = world(&["Are you sure?", "Are you sure?"]);
        let before = Message {
            role: Role::System,
            content: "Answer in Dutch.".to_owned(),
        };
        world.samples[1].messages.insert(0, before);
        let policy = cache(&world, "match = 'exact'");
        assert_eq!(served(&world, &*policy), ["", ""]);
        let policy = cache(&world, "match = 'exact'\nscope = 'last_message'");
        assert_eq!(served(&world, &*policy), ["", "s0"]);
    }

    #[test]
    fn refuses_keys_that_contradict_each_other() {
        let world = world(&["one"]);
        let refusal =
            |rest: &str| world.refusal(&format!("kind = 'cache'\nof = 'weak-only'\n{rest}"));
        assert!(refusal("match = 'exact'\ndims = 64").contains("`dims` has no meaning"));
        assert!(refusal("match = 'exact'\nmax_entries = 0").contains("at least 1"));
        let off = refusal("match = 'similar'\nsimilarity_at_least = 1.1");
        assert!(off.contains("between 0 and 1"));
    }
}
