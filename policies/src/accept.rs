//! When an answer is good enough to stop.

use std::borrow::Cow;

use rand::RngExt;
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::cut::within;
use crate::{BuildContext, Needs, Observed, PolicyError, Request, stream};

/// A rule for accepting an answer: every condition that is given must hold; at least one is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// Lowest confidence, in `[0, 1]`; an answer of unknown confidence is not accepted.
    pub confidence_at_least: Option<f64>,
    /// Regular expression that must be found in the answer; without answer text it is not.
    pub pattern: Option<String>,
    /// Fewest characters (Unicode scalar values) of the trimmed answer.
    pub min_chars: Option<u64>,
    /// A judge with access to the truth, for asking what a judge of given quality would be worth.
    pub judge: Option<Judge>,
}

/// A judge that sees the true score and errs at random.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Judge {
    /// Lowest judged score, in `[0, 1]`.
    #[serde(default = "half")]
    pub at_least: f64,
    /// Probability, in `[0, 1]`, that the judge sees `1 - score` instead of the score, drawn anew
    /// for each attempt (the evaluator error of RouterBench); 0 is a perfect judge and the default.
    #[serde(default)]
    pub error: f64,
}

fn half() -> f64 {
    0.5
}

impl Accept {
    /// The rule, checked and compiled.
    ///
    /// # Errors
    /// When no condition is given, a number is out of range, or the pattern does not compile.
    pub(crate) fn gate(&self, context: &BuildContext<'_>) -> Result<Gate, PolicyError> {
        if *self == Self::default() {
            return Err(PolicyError::Value {
                key: "accept",
                problem: "has no condition; give `confidence_at_least`, `pattern`, `min_chars` \
                          or `judge`"
                    .to_owned(),
            });
        }
        if let Some(least) = self.confidence_at_least {
            within("confidence_at_least", least, 0.0, 1.0)?;
        }
        if let Some(judge) = self.judge {
            within("judge.at_least", judge.at_least, 0.0, 1.0)?;
            within("judge.error", judge.error, 0.0, 1.0)?;
        }
        let pattern = self.pattern.as_deref().map(compile).transpose()?;
        Ok(Gate {
            rule: self.clone(),
            pattern,
            seed: context.seed,
            purpose: format!("policy/judge/{}", context.name),
        })
    }
}

/// Compiles a pattern of a policy's table.
pub(crate) fn compile(pattern: &str) -> Result<Regex, PolicyError> {
    Regex::new(pattern).map_err(|error| PolicyError::Value {
        key: "pattern",
        problem: format!("is not a regular expression: {error}"),
    })
}

/// A compiled [`Accept`].
pub(crate) struct Gate {
    rule: Accept,
    pattern: Option<Regex>,
    seed: u64,
    purpose: String,
}

impl Gate {
    pub(crate) fn needs(&self) -> Needs {
        Needs {
            confidence: self.rule.confidence_at_least.is_some(),
            judge: self.rule.judge.is_some(),
            ordered: false,
        }
    }

    /// Whether the same answer can pass or not by chance.
    pub(crate) fn is_noisy(&self) -> bool {
        let error = self.rule.judge.map_or(0.0, |judge| judge.error);
        error > 0.0 && error < 1.0
    }

    /// The first condition that an answer does not meet; `None` when it is accepted. `stage` is
    /// the position of the attempt.
    pub(crate) fn doubt(
        &self,
        request: &Request<'_>,
        stage: usize,
        attempt: &Observed<'_>,
    ) -> Option<Cow<'static, str>> {
        if let Some(least) = self.rule.confidence_at_least {
            match attempt.confidence {
                None => return Some("confidence unknown".into()),
                Some(confidence) if confidence < least => return Some("confidence too low".into()),
                Some(_) => {}
            }
        }
        let answer = attempt.answer.unwrap_or("");
        if self.pattern.as_ref().is_some_and(|p| !p.is_match(answer)) {
            return Some("pattern not found".into());
        }
        let chars = || answer.trim().chars().count() as u64;
        if self.rule.min_chars.is_some_and(|least| chars() < least) {
            return Some("answer too short".into());
        }
        let judge = self.rule.judge?;
        let Some(score) = attempt.judged else {
            return Some("not judged".into());
        };
        let score = self.seen_score(score, judge.error, request, stage);
        (score < judge.at_least).then_some("judged too low".into())
    }

    fn seen_score(&self, score: f64, error: f64, request: &Request<'_>, stage: usize) -> f64 {
        if error <= 0.0 {
            return score;
        }
        let purpose = format!("{}/{stage}", self.purpose);
        let draw: f64 = stream(self.seed, &purpose, request.id, request.repeat).random();
        if draw < error { 1.0 - score } else { score }
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::testing::World;

    const TWO: &str = "kind = 'cascade'\nmodels = ['weak', 'strong']\n";

    fn escalations(world: &World, accept: &str) -> usize {
        let policy = world.build(&format!("{TWO}accept = {accept}")).unwrap();
        let walks = world.walk_all(&*policy);
        walks.iter().filter(|w| w.models().len() == 2).count()
    }

    #[test]
    fn all_given_conditions_must_hold() {
        // Weak answers are "weak says 1" and "weak says 0" in turn.
        let world = World::two_models(10);
        assert_eq!(escalations(&world, "{ pattern = 'says' }"), 0);
        assert_eq!(escalations(&world, "{ pattern = '1$' }"), 5);
        assert_eq!(escalations(&world, "{ min_chars = 11 }"), 0);
        assert_eq!(escalations(&world, "{ min_chars = 12 }"), 10);
        assert_eq!(
            escalations(&world, "{ pattern = 'says', min_chars = 12 }"),
            10
        );
        assert_eq!(
            escalations(&world, "{ pattern = '1$', confidence_at_least = 0 }"),
            5
        );
    }

    #[test]
    fn a_judge_errs_as_often_as_it_says() {
        let world = World::two_models(1000);
        assert_eq!(escalations(&world, "{ judge = {} }"), 500);
        // Always wrong: escalates exactly the right answers.
        assert_eq!(escalations(&world, "{ judge = { error = 1.0 } }"), 500);
        let policy = world
            .build(&format!("{TWO}accept = {{ judge = {{ error = 0.1 }} }}"))
            .unwrap();
        assert!(policy.needs().judge);
        let walks = world.walk_all(&*policy);
        let wrong = (0..1000).filter(|i| (walks[*i].models().len() == 2) != (i % 2 == 1));
        let wrong = wrong.count();
        assert!((65..140).contains(&wrong), "{wrong} of 1000");
        assert_eq!(walks[0].last().propensity, None);
    }

    #[test]
    fn refuses_rules_that_cannot_work() {
        let world = World::two_models(1);
        let refusal = |accept| world.refusal(&format!("{TWO}accept = {accept}"));
        assert!(refusal("{}").contains("no condition"));
        assert!(refusal("{ confidence_at_least = 2 }").contains("between 0 and 1"));
        assert!(refusal("{ judge = { error = -0.1 } }").contains("`judge.error`"));
        assert!(refusal("{ pattern = '(' }").contains("not a regular expression"));
    }
}
