//! A fixed random mix of models: the control that ignores the request.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::cut::not_negative;
use crate::walk::OneCall;
use crate::{BuildContext, Decision, Policy, PolicyError, Request, Session, stream};

/// `kind = "random"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Weight of each model, at least 0, of any sum above 0; a model's share is its weight over
    /// the sum.
    pub weights: BTreeMap<String, f64>,
}

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        for (name, weight) in &self.weights {
            context.model(name)?;
            not_negative("weights", *weight)?;
        }
        let sum: f64 = self.weights.values().sum();
        if sum <= 0.0 || !sum.is_finite() {
            return Err(PolicyError::Value {
                key: "weights",
                problem: "needs at least one model with a weight above 0".to_owned(),
            });
        }
        Ok(Arc::new(Random {
            seed: context.seed,
            purpose: format!("policy/random/{}", context.name),
            arms: self.arms(context, sum),
        }))
    }

    /// Models from cheap to dear, so that a high draw means a strong model.
    fn arms(&self, context: &BuildContext<'_>, sum: f64) -> Vec<Arm> {
        let mut upper = 0.0;
        let by_price = context.fleet.by_price();
        let chosen = by_price.into_iter().filter_map(|model| {
            let share = self.weights.get(&*model.name)? / sum;
            (share > 0.0).then(|| (Arc::clone(&model.name), share))
        });
        chosen
            .map(|(model, share)| {
                upper += share;
                Arm {
                    model,
                    share,
                    upper,
                }
            })
            .collect()
    }
}

struct Random {
    seed: u64,
    // Holds the policy's name: two random policies of one experiment draw independently.
    purpose: String,
    arms: Vec<Arm>,
}

struct Arm {
    model: Arc<str>,
    share: f64,
    upper: f64,
}

impl Policy for Random {
    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        let mut rng = stream(self.seed, &self.purpose, request.id, request.repeat);
        let draw: f64 = rng.random();
        // The sum of shares can fall short of 1 by rounding: the last arm takes the rest.
        let found = self.arms.iter().find(|arm| draw < arm.upper);
        OneCall::boxed(match found.or(self.arms.last()) {
            Some(arm) => Decision::call(&arm.model, "random draw")
                .ranked(draw)
                .with_propensity(arm.share),
            None => Decision::new(crate::Step::Abstain, "no model has a weight"),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::testing::World;

    const THIRTY: &str = "kind = 'random'\nweights = { weak = 0.7, strong = 0.3 }";

    #[test]
    fn shares_follow_the_weights_and_high_draws_are_strong() {
        let world = World::two_models(2000);
        let policy = world.build(THIRTY).unwrap();
        let walks = world.walk_all(&*policy);
        let strong = walks.iter().filter(|w| w.models() == ["strong"]).count();
        assert!((500..700).contains(&strong), "{strong} of 2000");
        for walk in &walks {
            let first = walk.first();
            let is_strong = walk.models() == ["strong"];
            assert_eq!(first.rank_score.unwrap() >= 0.7, is_strong);
            let share = if is_strong { 0.3 } else { 0.7 };
            assert!((first.propensity.unwrap() - share).abs() < 1e-12);
        }
    }

    #[test]
    fn draws_depend_on_the_seed_only() {
        let mut world = World::two_models(50);
        let draws = |world: &World| {
            let walks = world.walk_all(&*world.build(THIRTY).unwrap());
            let draws = walks.iter().map(|w| w.first().rank_score);
            draws.collect::<Vec<_>>()
        };
        let first = draws(&world);
        assert_eq!(first, draws(&world));
        world.seed += 1;
        assert_ne!(first, draws(&world));
    }

    #[test]
    fn a_model_without_weight_is_never_called() {
        let world = World::two_models(50);
        let text = "kind = 'random'\nweights = { weak = 0, strong = 2 }";
        let policy = world.build(text).unwrap();
        let walks = world.walk_all(&*policy);
        assert!(walks.iter().all(|w| w.models() == ["strong"]));
    }

    #[test]
    fn refuses_weights_that_are_no_mix() {
        let world = World::two_models(1);
        let refusal = |weights| world.refusal(&format!("kind = 'random'\nweights = {weights}"));
        assert!(refusal("{ other = 1 }").contains("unknown model `other`"));
        assert!(refusal("{ weak = -1 }").contains("at least 0"));
        assert!(refusal("{ weak = 0 }").contains("above 0"));
        assert!(refusal("{}").contains("above 0"));
    }
}
