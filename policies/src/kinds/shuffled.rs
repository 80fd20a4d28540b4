//! The cost-matched random control: another policy's own mix of models, dealt out blindly.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::walk::OneCall;
use crate::{BuildContext, Decision, Policy, PolicyError, Request, Session, Step, stream};

/// `kind = "shuffled"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// An earlier policy without state. Its first calls for the judged samples (of their first
    /// repeat) are permuted over these samples with the seed of the run: the same number of calls
    /// of each model, and no knowledge of the request. Of a cascade only the first call counts.
    pub of: String,
}

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        let inner = context.policy(&self.of)?;
        let refuse = |problem: String| Err(PolicyError::Value { key: "of", problem });
        if inner.needs().ordered {
            return refuse(format!(
                "names `{}`, which carries state from request to request; its calls are known \
                 only after a run",
                self.of
            ));
        }
        let mut calls = Vec::with_capacity(context.samples.len());
        for (position, sample) in context.samples.iter().enumerate() {
            let first = inner.open(Request::of(sample, position, 0)).next(&[]);
            match first.step {
                Step::Call(model) => calls.push((model, first.rank_score)),
                _ => {
                    return refuse(format!(
                        "names `{}`, which does not begin with a call for sample `{}`",
                        self.of, sample.id
                    ));
                }
            }
        }
        let purpose = format!("policy/shuffled/{}", context.name);
        calls.shuffle(&mut stream(context.seed, &purpose, "", 0));
        Ok(Arc::new(Shuffled::new(context, calls, purpose)))
    }
}

struct Shuffled {
    seed: u64,
    purpose: String,
    // Looked up only, never iterated.
    dealt: HashMap<String, Decision>,
    calls: Vec<Decision>,
}

impl Shuffled {
    fn new(
        context: &BuildContext<'_>,
        calls: Vec<(Arc<str>, Option<f64>)>,
        purpose: String,
    ) -> Self {
        let mut counts = BTreeMap::<Arc<str>, usize>::new();
        for (model, _) in &calls {
            *counts.entry(Arc::clone(model)).or_default() += 1;
        }
        let total = calls.len() as f64;
        let decision = |(model, rank): (Arc<str>, Option<f64>)| {
            let share = counts.get(&model).map_or(0.0, |n| *n as f64 / total);
            let mut decision = Decision::call(&model, "shuffled").with_propensity(share);
            decision.rank_score = rank;
            decision
        };
        let calls: Vec<Decision> = calls.into_iter().map(decision).collect();
        let ids = context.samples.iter().map(|s| s.id.clone());
        Self {
            seed: context.seed,
            purpose,
            dealt: ids.zip(calls.iter().cloned()).collect(),
            calls,
        }
    }

    /// For a request that was not among the judged samples: any call, with equal probability.
    fn drawn(&self, request: &Request<'_>) -> Decision {
        if self.calls.is_empty() {
            return Decision::new(Step::Abstain, "no calls to shuffle");
        }
        let mut rng = stream(self.seed, &self.purpose, request.id, request.repeat);
        self.calls[rng.random_range(0..self.calls.len())].clone()
    }
}

impl Policy for Shuffled {
    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        let dealt = self.dealt.get(request.id).cloned();
        OneCall::boxed(dealt.unwrap_or_else(|| self.drawn(&request)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kinds::testing::World;

    fn world(samples: usize, threshold: usize) -> World {
        let mut world = World::two_models(samples);
        world.earlier(
            "by-length",
            &format!(
                "kind = 'length'\nweak = 'weak'\nstrong = 'strong'\nthreshold_chars = {threshold}"
            ),
        );
        world
    }

    fn calls(world: &World, policy: &dyn Policy) -> Vec<String> {
        let walks = world.walk_all(policy);
        walks.iter().map(|w| w.models().join(" ")).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn keeps_the_mix_exactly(n in 1usize..60, threshold in 0usize..60, seed: u64) {
            let mut world = world(n, threshold);
            world.seed = seed;
            let shuffled = world.build("kind = 'shuffled'\nof = 'by-length'").unwrap();
            let mut before = calls(&world, &*world.earlier["by-length"]);
            let mut after = calls(&world, &*shuffled);
            before.sort();
            after.sort();
            prop_assert_eq!(before, after);
        }
    }

    #[test]
    fn the_order_is_lost_and_the_share_is_the_propensity() {
        let world = world(200, 101);
        let shuffled = world.build("kind = 'shuffled'\nof = 'by-length'").unwrap();
        let after = calls(&world, &*shuffled);
        let early = after[..100].iter().filter(|m| *m == "strong").count();
        assert!(
            (30..70).contains(&early),
            "{early} strong calls of 50 expected"
        );
        assert_eq!(world.walk(&*shuffled, 0).first().propensity, Some(0.5));
    }

    #[test]
    fn refuses_a_policy_that_is_not_there() {
        let refusal = world(1, 1).refusal("kind = 'shuffled'\nof = 'later'");
        assert!(refusal.contains("unknown policy `later`"));
    }
}
