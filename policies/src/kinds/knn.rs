//! The model that did best on the most similar prompts, learned from recorded outcomes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::choose::{Chooser, Wanted};
use crate::learn::Lessons;
use crate::neighbours::Neighbours;
use crate::text::Scope;
use crate::walk::OneCall;
use crate::{BuildContext, Policy, PolicyError, Request, Session};

/// `kind = "knn"`; learned.
///
/// The score and cost of each model is its mean over the `k` most similar fit samples (cosine of
/// the built-in [`Embedder`](crate::Embedder), exact search), and the model with the largest
/// `score - cost_weight * cost` is called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Number of neighbours, 1 to 10,000.
    #[serde(default = "ten")]
    pub k: usize,
    /// Quality points (scores are in `[0, 1]`) given up for one US dollar a request, at least 0;
    /// 0 (the default) ignores cost.
    #[serde(default)]
    pub cost_weight: f64,
    /// Length of the embedding, 8 to 65,536; fewer make more collisions, more make it slower.
    #[serde(default = "default_dims")]
    pub dims: usize,
    /// What is embedded: `last_message` (default) or `conversation`.
    #[serde(default)]
    pub of: Scope,
    /// Candidate models; all of the fleet that have outcomes when absent.
    pub models: Option<Vec<String>>,
    /// Weak model of the two-model form, where the estimated gap ranks requests.
    pub weak: Option<String>,
    /// Strong model of the two-model form.
    pub strong: Option<String>,
    /// Share of the judged samples that goes to `strong`, in `[0, 1]`: those of the largest gap,
    /// calibrated on at most 2,000 of them, evenly spaced. Gaps of few neighbours are often equal
    /// and go the same way, so the nearest share is taken. When absent, `strong` is called where
    /// the gap is above 0.
    pub share_strong: Option<f64>,
}

/// Samples on which a share is calibrated, at most: each costs a search.
const CALIBRATION: usize = 2000;

fn ten() -> usize {
    10
}

pub(crate) fn default_dims() -> usize {
    512
}

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        let wanted = Wanted {
            cost_weight: self.cost_weight,
            models: self.models.as_ref(),
            weak: self.weak.as_ref(),
            strong: self.strong.as_ref(),
            share_strong: self.share_strong,
        };
        let lessons = Lessons::read(context, wanted.models(context)?, self.cost_weight > 0.0)?;
        let neighbours = Neighbours::new(&lessons, self.k, self.dims, self.of)?;
        let chooser = wanted.chooser(lessons.models, |chooser| {
            let every = context.samples.len().div_ceil(CALIBRATION).max(1);
            let samples = context.samples.iter().step_by(every);
            let worths = samples.map(|s| neighbours.estimate(&Request::of(s, 0, 0)));
            worths.map(|worths| chooser.gap(&worths)).collect()
        })?;
        Ok(Arc::new(Knn {
            neighbours,
            chooser,
        }))
    }
}

struct Knn {
    neighbours: Neighbours,
    chooser: Chooser,
}

impl Policy for Knn {
    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        let worths = self.neighbours.estimate(&request);
        OneCall::boxed(self.chooser.decide(&worths, "best on similar prompts"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use crate::kinds::testing::World;

    /// Forty prompts of arithmetic, where only the strong model is right, and forty of poetry,
    /// where only the weak one is.
    pub(crate) fn world() -> World {
        let mut world = World::two_models(0);
        for i in 0..80 {
            let is_sum = i % 2 == 0;
            let prompt = if is_sum {
                format!("Calculate the sum of {i} and {} exactly", i + 7)
            } else {
                format!("Write a poem with {i} lines about the autumn sea")
            };
            let index = world.add(&prompt, &[]);
            world.outcome(index, "weak", if is_sum { 0.0 } else { 1.0 });
            world.outcome(index, "strong", if is_sum { 1.0 } else { 0.0 });
        }
        world
    }

    #[test]
    fn similar_prompts_decide() {
        let mut world = world();
        let policy = world.build("kind = 'knn'\nk = 5").unwrap();
        let sum = world.add("Calculate the sum of 1000 and 2000 exactly", &[]);
        let poem = world.add("Write a poem about the winter sea", &[]);
        for index in [sum, poem] {
            world.outcome(index, "weak", 1.0);
            world.outcome(index, "strong", 1.0);
        }
        assert_eq!(world.walk(&*policy, sum).models(), ["strong"]);
        assert_eq!(world.walk(&*policy, poem).models(), ["weak"]);
        assert_eq!(world.walk(&*policy, poem).first().candidates[0].score, 1.0);
    }

    #[test]
    fn the_pair_ranks_by_gap_and_meets_a_share() {
        let world = world();
        let pair = "kind = 'knn'\nk = 5\nweak = 'weak'\nstrong = 'strong'\n";
        let policy = world.build(pair).unwrap();
        assert_eq!(world.walk(&*policy, 0).first().rank_score, Some(1.0));
        assert_eq!(world.walk(&*policy, 1).first().rank_score, Some(-1.0));
        let strong = |share| {
            let policy = world
                .build(&format!("{pair}share_strong = {share}"))
                .unwrap();
            let walks = world.walk_all(&*policy);
            walks.iter().filter(|w| w.models() == ["strong"]).count()
        };
        assert_eq!((strong("0.0"), strong("0.5"), strong("1.0")), (0, 40, 80));
    }

    #[test]
    fn a_costly_model_must_be_worth_it() {
        let world = world();
        // The strong model costs 0.009 US dollars more and is one point better.
        let cheap = world
            .build("kind = 'knn'\nk = 5\ncost_weight = 200.0")
            .unwrap();
        assert_eq!(world.walk(&*cheap, 0).models(), ["weak"]);
        let dear = world
            .build("kind = 'knn'\nk = 5\ncost_weight = 100.0")
            .unwrap();
        assert_eq!(world.walk(&*dear, 0).models(), ["strong"]);
    }

    #[test]
    fn refuses_sizes_out_of_range() {
        let world = world();
        assert!(world.refusal("kind = 'knn'\nk = 0").contains("`k` is 0"));
        assert!(
            world
                .refusal("kind = 'knn'\ndims = 4")
                .contains("`dims` is 4")
        );
        let empty = World::two_models(0);
        assert!(
            empty
                .refusal("kind = 'knn'")
                .contains("needs recorded outcomes")
        );
    }
}
