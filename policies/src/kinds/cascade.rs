//! Cheap model first; escalates while the answer is in doubt.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::accept::{Accept, Gate};
use crate::cut::not_negative;
use crate::walk::last_usable;
use crate::{BuildContext, Decision, Needs, Observed, Policy, PolicyError, Request, Session, Step};

/// `kind = "cascade"`; exactly one of `accept` and `stages` is given.
///
/// A failed attempt is never accepted while another model is left. The last model's answer is
/// always accepted; when it failed, the last answer that did not fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Models in the order in which they are called, usually from cheap to dear; at least two.
    pub models: Vec<String>,
    /// The rule of every stage but the last.
    pub accept: Option<Accept>,
    /// One rule for each model but the last, in order.
    pub stages: Option<Vec<Accept>>,
    /// Declared milliseconds of checking one answer, at least 0; absent means unknown.
    pub verify_ms: Option<f64>,
    /// Declared US dollars of checking one answer, at least 0; absent means unknown.
    pub verify_cost_usd: Option<f64>,
}

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        let refuse = |key, problem: String| Err(PolicyError::Value { key, problem });
        if self.models.len() < 2 {
            return refuse("models", "needs at least two models".to_owned());
        }
        let last = self.models.len() - 1;
        let rules = match (&self.accept, &self.stages) {
            (Some(accept), None) => vec![accept; last],
            (None, Some(stages)) if stages.len() == last => stages.iter().collect(),
            (None, Some(stages)) => {
                return refuse(
                    "stages",
                    format!(
                        "has {} rules for {} models; give one for each but the last",
                        stages.len(),
                        self.models.len()
                    ),
                );
            }
            _ => {
                return refuse(
                    "accept",
                    "or `stages` must be given, and only one of them".to_owned(),
                );
            }
        };
        let models = self.models.iter().map(|name| context.model(name));
        let verify_ms = self.verify_ms.map(|v| not_negative("verify_ms", v));
        let verify_cost = self.verify_cost_usd;
        let verify_cost = verify_cost.map(|v| not_negative("verify_cost_usd", v));
        Ok(Arc::new(Cascade {
            models: models.collect::<Result<_, _>>()?,
            gates: rules
                .into_iter()
                .map(|rule| rule.gate(context))
                .collect::<Result<_, _>>()?,
            verify_ms: verify_ms.transpose()?,
            verify_cost_usd: verify_cost.transpose()?,
        }))
    }
}

struct Cascade {
    models: Vec<Arc<str>>,
    // One less than models.
    gates: Vec<Gate>,
    verify_ms: Option<f64>,
    verify_cost_usd: Option<f64>,
}

impl Policy for Cascade {
    fn needs(&self) -> Needs {
        let needs = self.gates.iter().map(Gate::needs);
        needs.fold(Needs::default(), Needs::and)
    }

    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        Box::new(Walk {
            policy: self,
            request,
        })
    }
}

struct Walk<'a> {
    policy: &'a Cascade,
    request: Request<'a>,
}

impl Walk<'_> {
    /// After attempt `stage` (0-based): accept it or call the next model.
    fn judge(&self, stage: usize, seen: &[Observed<'_>]) -> Decision {
        let Some(gate) = self.policy.gates.get(stage) else {
            let accepted = last_usable(seen).unwrap_or(stage);
            return Decision::accept(accepted, "last model").with_propensity(1.0);
        };
        let attempt = &seen[stage];
        let next = &self.policy.models[stage + 1];
        if attempt.failure.is_some() {
            return Decision::call(next, "failed").with_propensity(1.0);
        }
        let mut decision = match gate.doubt(&self.request, stage, attempt) {
            None => Decision::accept(stage, "passed"),
            Some(doubt) => Decision::call(next, doubt),
        };
        if !gate.is_noisy() {
            decision.propensity = Some(1.0);
        }
        // Says that the answer was held back until it was checked, even where nobody measured it.
        decision.decide_ms = Some(self.policy.verify_ms.unwrap_or(0.0));
        decision.decide_cost_usd = self.policy.verify_cost_usd;
        decision
    }
}

impl Session for Walk<'_> {
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision {
        let Some(stage) = seen.len().checked_sub(1) else {
            return match self.policy.models.first() {
                Some(first) => Decision::call(first, "first of the cascade").with_propensity(1.0),
                None => Decision::new(Step::Abstain, "no models"),
            };
        };
        let decision = self.judge(stage, seen);
        match (stage, seen[0].confidence) {
            (0, Some(confidence)) => decision.ranked(1.0 - confidence),
            _ => decision,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::kinds::testing::{World, model};

    const TWO: &str = "kind = 'cascade'\nmodels = ['weak', 'strong']\n";

    #[test]
    fn escalates_on_doubt_and_ranks_by_it() {
        let world = World::two_models(2);
        let text = format!("{TWO}accept = {{ confidence_at_least = 0.5 }}");
        let policy = world.build(&text).unwrap();
        assert!(policy.needs().confidence && !policy.needs().judge);
        let sure = world.walk(&*policy, 0);
        assert_eq!(sure.models(), ["weak"]);
        assert_eq!(sure.last().rank_score, Some(0.0));
        let unsure = world.walk(&*policy, 1);
        assert_eq!(unsure.models(), ["weak", "strong"]);
        assert_eq!(unsure.decisions[1].rank_score, Some(1.0));
        assert_eq!(unsure.decisions[1].reason, "confidence too low");
        assert_eq!(unsure.accepted(), Some(1));
    }

    #[test]
    fn checking_is_declared_on_each_check_only() {
        let world = World::two_models(2);
        let text =
            format!("{TWO}accept = {{ min_chars = 1000 }}\nverify_ms = 3\nverify_cost_usd = 0.1");
        let walk = world.walk(&*world.build(&text).unwrap(), 0);
        let ms: Vec<_> = walk.decisions.iter().map(|d| d.decide_ms).collect();
        assert_eq!(ms, [None, Some(3.0), None]);
        assert_eq!(walk.decisions[1].decide_cost_usd, Some(0.1));
    }

    #[test]
    fn a_failed_last_model_gives_way_to_an_earlier_answer() {
        let mut world = World::two_models(0);
        world.add("q", &[]);
        world.outcome(0, "weak", 0.0);
        world.failure(0, "strong", "timeout");
        let text = format!("{TWO}accept = {{ confidence_at_least = 0.5 }}");
        let walk = world.walk(&*world.build(&text).unwrap(), 0);
        assert_eq!(walk.models(), ["weak", "strong"]);
        assert_eq!(walk.accepted(), Some(0));
    }

    #[test]
    fn stages_have_their_own_rules() {
        let mut world = World::two_models(2);
        world.fleet = crate::Fleet::new(vec![
            model("weak", 1.0),
            model("middle", 2.0),
            model("strong", 10.0),
        ]);
        world.outcome(1, "middle", 0.6);
        let stages = |second| {
            format!(
                "kind = 'cascade'\nmodels = ['weak', 'middle', 'strong']\n\
                 stages = [{{ confidence_at_least = 0.9 }}, {{ confidence_at_least = {second} }}]"
            )
        };
        let calls = |second| {
            let policy = world.build(&stages(second)).unwrap();
            world.walk(&*policy, 1).models().len()
        };
        assert_eq!(calls("0.5"), 2);
        assert_eq!(calls("0.7"), 3);
    }

    #[test]
    fn refuses_what_is_no_cascade() {
        let world = World::two_models(1);
        assert!(world.refusal(TWO).contains("only one of them"));
        let one = "kind = 'cascade'\nmodels = ['weak']\naccept = { min_chars = 1 }";
        assert!(world.refusal(one).contains("at least two"));
        let stages = format!("{TWO}stages = []");
        assert!(world.refusal(&stages).contains("0 rules for 2 models"));
        let negative = format!("{TWO}accept = {{ min_chars = 1 }}\nverify_ms = -1");
        assert!(world.refusal(&negative).contains("`verify_ms`"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_failure_is_accepted_only_when_nothing_else_is_left(
            fails in proptest::collection::vec(any::<bool>(), 4),
            confidence in 0.0f64..=1.0,
        ) {
            let names = ["a", "b", "c", "d"];
            let mut world = World::two_models(0);
            world.fleet = crate::Fleet::new(names.map(|n| model(n, 1.0)).to_vec());
            world.add("q", &[]);
            for (name, fails) in names.iter().zip(&fails) {
                if *fails {
                    world.failure(0, name, "timeout");
                } else {
                    world.outcome(0, name, confidence);
                }
            }
            let text = "kind = 'cascade'\nmodels = ['a', 'b', 'c', 'd']\n\
                        accept = { confidence_at_least = 0.5 }";
            let walk = world.walk(&*world.build(text).unwrap(), 0);
            let accepted = walk.accepted().unwrap();
            let name = walk.models()[accepted];
            let failed = fails[names.iter().position(|n| *n == name).unwrap()];
            prop_assert!(!failed || fails.iter().all(|f| *f));
        }
    }
}
