//! Another model when one fails: reacts to failed attempts only, never to bad answers.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::walk::last_usable;
use crate::{BuildContext, Decision, Needs, Observed, Policy, PolicyError, Request, Session, Step};

/// `kind = "fallback"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Models in the order in which they are tried; at least one, each once. A model that was
    /// already called for the request is not called again.
    pub chain: Vec<String>,
    /// An earlier policy that walks first; the chain begins when the attempt it accepts has
    /// failed. Without it the first model of the chain is called first.
    pub of: Option<String>,
    /// Failures that lead to another model, by name (`timeout`, `rate_limited`, …); all when
    /// absent. Any other failure is final.
    pub on: Option<Vec<String>>,
}

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        let refuse = |problem: String| {
            Err(PolicyError::Value {
                key: "chain",
                problem,
            })
        };
        if self.chain.is_empty() {
            return refuse("is empty; name at least one model".to_owned());
        }
        for (position, name) in self.chain.iter().enumerate() {
            if self.chain[..position].contains(name) {
                return refuse(format!("names `{name}` twice"));
            }
        }
        let chain = self.chain.iter().map(|name| context.model(name));
        let of = self.of.as_ref().map(|name| context.policy(name));
        Ok(Arc::new(Fallback {
            chain: Arc::new(chain.collect::<Result<_, _>>()?),
            of: of.transpose()?,
            on: self.on.clone(),
        }))
    }
}

struct Fallback {
    chain: Arc<Vec<Arc<str>>>,
    of: Option<Arc<dyn Policy>>,
    on: Option<Vec<String>>,
}

impl Policy for Fallback {
    fn needs(&self) -> Needs {
        self.of.as_ref().map_or(Needs::default(), |of| of.needs())
    }

    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        Box::new(Walk {
            policy: self,
            inner: self.of.as_ref().map(|of| of.open(request)),
        })
    }

    fn settle(&self, request: Request<'_>, accepted: Option<Observed<'_>>, spent_usd: f64) {
        if let Some(of) = &self.of {
            of.settle(request, accepted, spent_usd);
        }
    }

    fn fresh(&self) -> Option<Arc<dyn Policy>> {
        let of = self.of.as_ref()?.fresh()?;
        Some(Arc::new(Self {
            chain: Arc::clone(&self.chain),
            of: Some(of),
            on: self.on.clone(),
        }))
    }
}

struct Walk<'a> {
    policy: &'a Fallback,
    // Gone once the chain has taken over.
    inner: Option<Box<dyn Session + 'a>>,
}

impl Walk<'_> {
    fn is_caught(&self, attempt: &Observed<'_>) -> bool {
        attempt.failure.is_some_and(|failure| {
            let on = self.policy.on.as_ref();
            on.is_none_or(|names| names.iter().any(|name| name == failure))
        })
    }

    /// The next model of the chain that was not called yet; when none is left, the last answer
    /// there is, and the last failure where there is none.
    fn advance(&self, seen: &[Observed<'_>]) -> Decision {
        let untried = |model: &&Arc<str>| seen.iter().all(|a| a.model != &***model);
        match (self.policy.chain.iter().find(untried), seen.len()) {
            (Some(model), 0) => Decision::call(model, "first of the chain").with_propensity(1.0),
            (Some(model), _) => Decision::call(model, "fallback").with_propensity(1.0),
            (None, 0) => Decision::new(Step::Abstain, "empty chain"),
            (None, n) => Decision::accept(last_usable(seen).unwrap_or(n - 1), "chain exhausted"),
        }
    }
}

impl Session for Walk<'_> {
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision {
        if let Some(inner) = &mut self.inner {
            let decision = inner.next(seen);
            match decision.step {
                Step::Accept(attempt) if seen.get(attempt).is_some_and(|a| self.is_caught(a)) => {}
                _ => return decision,
            }
            self.inner = None;
            return self.advance(seen);
        }
        match seen.last() {
            Some(last) if !self.is_caught(last) => Decision::accept(seen.len() - 1, ""),
            _ => self.advance(seen),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::testing::World;

    const CHAIN: &str = "kind = 'fallback'\nchain = ['weak', 'strong']\n";

    fn world() -> World {
        let mut world = World::two_models(0);
        for _ in 0..3 {
            world.add("q", &[]);
        }
        world.outcome(0, "weak", 0.0);
        world.outcome(0, "strong", 1.0);
        world.failure(1, "weak", "timeout");
        world.outcome(1, "strong", 1.0);
        world.failure(2, "weak", "timeout");
        world.failure(2, "strong", "refused");
        world
    }

    #[test]
    fn a_bad_answer_stays_and_a_failure_moves_on() {
        let world = world();
        let policy = world.build(CHAIN).unwrap();
        assert_eq!(world.walk(&*policy, 0).models(), ["weak"]);
        let walk = world.walk(&*policy, 1);
        assert_eq!(walk.models(), ["weak", "strong"]);
        assert_eq!(walk.accepted(), Some(1));
        assert_eq!(world.walk(&*policy, 2).accepted(), Some(1));
    }

    #[test]
    fn the_first_choice_of_another_policy_is_not_tried_again() {
        let mut world = world();
        world.earlier("fixed", "kind = 'always'\nmodel = 'weak'");
        let policy = world.build(&format!("{CHAIN}of = 'fixed'")).unwrap();
        assert_eq!(world.walk(&*policy, 1).models(), ["weak", "strong"]);
        world.earlier("dear", "kind = 'always'\nmodel = 'strong'");
        let policy = world.build(&format!("{CHAIN}of = 'dear'")).unwrap();
        assert_eq!(world.walk(&*policy, 1).models(), ["strong"]);
        assert_eq!(world.walk(&*policy, 2).models(), ["strong", "weak"]);
    }

    #[test]
    fn only_the_named_failures_are_caught() {
        let world = world();
        let policy = world
            .build(&format!("{CHAIN}on = ['rate_limited']"))
            .unwrap();
        assert_eq!(world.walk(&*policy, 1).models(), ["weak"]);
        let policy = world.build(&format!("{CHAIN}on = ['timeout']")).unwrap();
        assert_eq!(world.walk(&*policy, 1).models(), ["weak", "strong"]);
    }

    #[test]
    fn refuses_an_empty_or_repeated_chain() {
        let world = world();
        assert!(
            world
                .refusal("kind = 'fallback'\nchain = []")
                .contains("is empty")
        );
        let twice = world.refusal("kind = 'fallback'\nchain = ['weak', 'weak']");
        assert!(twice.contains("names `weak` twice"));
    }
}
