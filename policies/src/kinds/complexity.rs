//! Signs of difficulty in the prompt, weighed into one number that picks a tier.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cut::{not_negative, within};
use crate::signs::{Shown, Signs};
use crate::walk::OneCall;
use crate::{BuildContext, Decision, Policy, PolicyError, Request, Session, Step};

/// `kind = "complexity"`.
///
/// Each sign of the last user message is a number in `[0, 1]`. The total is their weighted mean
/// over the signs of difficulty, less the weighted sign of simplicity, cut to `[0, 1]`. The request
/// goes to the first tier whose boundary is above the total. No data is needed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Models from cheap to strong, at least two.
    pub tiers: Vec<String>,
    /// Totals at which the next tier begins: rising, in `(0, 1]`, one fewer than tiers.
    pub boundaries: Vec<f64>,
    /// Weights of the signs.
    #[serde(default)]
    pub weights: Weights,
}

/// Weights of the signs, each at least 0; 0 ignores a sign. Those of difficulty are relative to
/// each other; that of simplicity is subtracted as it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// Length: 0 up to 15 estimated tokens, 1 from 400, linear between. Default 0.2.
    pub tokens: f64,
    /// Code: fences, definitions, queries, statement ends; 1 from 3 on. Default 0.2.
    pub code: f64,
    /// Words that ask for reasoning (prove, derive, why, compare, …); 1 from 2 on. Default 0.25.
    pub reasoning: f64,
    /// Technical terms (algorithm, integral, latency, …); 1 from 3 on. Default 0.15.
    pub technical: f64,
    /// Marks of several steps (then, finally, numbered lines); 1 from 3 on. Default 0.1.
    pub steps: f64,
    /// Question marks beyond the first; 1 from 3 on. Default 0.1.
    pub questions: f64,
    /// Marks of a simple request (hello, thanks, define, translate, …); 1 from 1 on. Default 0.1.
    pub simple: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            tokens: 0.2,
            code: 0.2,
            reasoning: 0.25,
            technical: 0.15,
            steps: 0.1,
            questions: 0.1,
            simple: 0.1,
        }
    }
}

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        let refuse = |key, problem: String| Err(PolicyError::Value { key, problem });
        if self.tiers.len() < 2 {
            return refuse("tiers", "needs at least two models".to_owned());
        }
        if self.boundaries.len() + 1 != self.tiers.len() {
            return refuse(
                "boundaries",
                format!(
                    "has {} numbers for {} tiers; give one fewer than tiers",
                    self.boundaries.len(),
                    self.tiers.len()
                ),
            );
        }
        for boundary in &self.boundaries {
            within("boundaries", *boundary, f64::MIN_POSITIVE, 1.0)?;
        }
        if !self.boundaries.is_sorted_by(|a, b| a < b) {
            return refuse("boundaries", "must rise".to_owned());
        }
        let tiers = self.tiers.iter().map(|name| context.model(name));
        Ok(Arc::new(Complexity {
            tiers: tiers.collect::<Result<_, _>>()?,
            boundaries: self.boundaries.clone(),
            weights: self.weights.checked()?,
            signs: Signs::compile()?,
        }))
    }
}

impl Weights {
    fn checked(self) -> Result<Self, PolicyError> {
        for weight in self.difficult() {
            not_negative("weights", weight)?;
        }
        not_negative("weights.simple", self.simple)?;
        if self.difficult().iter().sum::<f64>() <= 0.0 {
            return Err(PolicyError::Value {
                key: "weights",
                problem: "gives no sign of difficulty a weight above 0".to_owned(),
            });
        }
        Ok(self)
    }

    fn difficult(&self) -> [f64; 6] {
        [
            self.tokens,
            self.code,
            self.reasoning,
            self.technical,
            self.steps,
            self.questions,
        ]
    }
}

struct Complexity {
    tiers: Vec<Arc<str>>,
    boundaries: Vec<f64>,
    weights: Weights,
    signs: Signs,
}

impl Complexity {
    fn total(&self, shown: &Shown) -> f64 {
        let weights = self.weights.difficult();
        let signs = [
            shown.tokens,
            shown.code,
            shown.reasoning,
            shown.technical,
            shown.steps,
            shown.questions,
        ];
        let sum: f64 = weights.iter().zip(signs).map(|(w, s)| w * s).sum();
        let mean = sum / weights.iter().sum::<f64>();
        (mean - self.weights.simple * shown.simple).clamp(0.0, 1.0)
    }
}

impl Policy for Complexity {
    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        let total = self.total(&self.signs.read(request.prompt()));
        let tier = self
            .boundaries
            .partition_point(|boundary| *boundary <= total);
        let decision = match self.tiers.get(tier) {
            Some(model) => Decision::call(model, "tier of its complexity"),
            None => Decision::new(Step::Abstain, "no tier"),
        };
        OneCall::boxed(decision.ranked(total).with_propensity(1.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::testing::World;

    const TWO: &str = "kind = 'complexity'\ntiers = ['weak', 'strong']\n";

    #[test]
    fn hard_prompts_reach_the_strong_tier() {
        let mut world = World::two_models(0);
        world.add("Hello, who was Ada Lovelace?", &[]);
        world.add(
            "Prove that the algorithm is optimal, then derive its complexity step by step.",
            &[],
        );
        let policy = world.build(&format!("{TWO}boundaries = [0.2]")).unwrap();
        let easy = world.walk(&*policy, 0);
        assert_eq!(
            (easy.models(), easy.first().rank_score),
            (vec!["weak"], Some(0.0))
        );
        let hard = world.walk(&*policy, 1);
        assert_eq!(hard.models(), ["strong"]);
        assert!(hard.first().rank_score.unwrap() > 0.3);
    }

    #[test]
    fn weights_are_relative_and_simplicity_is_subtracted() {
        let mut world = World::two_models(0);
        world.add("Why? Why?", &[]);
        world.add("Hello, why is it so, and why not?", &[]);
        let weights = "weights = { tokens = 0, code = 0, reasoning = 2, technical = 0, steps = 0, \
                       questions = 2, simple = 0.25 }";
        let text = format!("{TWO}boundaries = [1.0]\n{weights}");
        let policy = world.build(&text).unwrap();
        let total = |index| world.walk(&*policy, index).first().rank_score.unwrap();
        // Reasoning full, questions half: (2 * 1 + 2 * 0.5) / 4.
        assert!((total(0) - 0.75).abs() < 1e-12);
        assert!((total(1) - (0.5 - 0.25)).abs() < 1e-12);
    }

    #[test]
    fn a_total_at_the_boundary_is_in_the_next_tier() {
        let mut world = World::two_models(0);
        world.add("why", &[]);
        let only = "weights = { tokens = 0, code = 0, technical = 0, steps = 0, questions = 0 }";
        let called = |boundary| {
            let text = format!("{TWO}boundaries = [{boundary}]\n{only}");
            world.walk(&*world.build(&text).unwrap(), 0).models()[0].to_owned()
        };
        assert_eq!(called("0.5"), "strong");
        assert_eq!(called("0.51"), "weak");
    }

    #[test]
    fn refuses_tiers_that_do_not_fit() {
        let world = World::two_models(1);
        let refusal = |rest: &str| world.refusal(&format!("{TWO}{rest}"));
        assert!(refusal("boundaries = []").contains("0 numbers for 2 tiers"));
        assert!(refusal("boundaries = [1.5]").contains("`boundaries` is 1.5"));
        assert!(refusal("boundaries = [0.5]\nweights = { code = -1 }").contains("`weights`"));
        let three =
            "kind = 'complexity'\ntiers = ['weak', 'weak', 'strong']\nboundaries = [0.5, 0.5]";
        assert!(world.refusal(three).contains("must rise"));
    }
}
