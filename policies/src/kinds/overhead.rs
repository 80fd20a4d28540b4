//! The declared time and cost of one routing decision, added to any policy.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cut::not_negative;
use crate::{Decision, Needs, Observed, Policy, PolicyError, Request, Session};

/// What deciding takes, as declared beside a policy of any kind (`overhead_ms` and
/// `overhead_cost_usd`). A live run measures the time instead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Overhead {
    /// Milliseconds before the first step, at least 0; absent means unknown, 0 is free.
    pub ms: Option<f64>,
    /// US dollars per request, at least 0; absent means unknown, 0 is free.
    pub cost_usd: Option<f64>,
}

impl Overhead {
    /// Checks the values.
    ///
    /// # Errors
    /// [`PolicyError::Value`] when one is negative or not finite.
    pub fn check(self) -> Result<Self, PolicyError> {
        self.ms
            .map(|v| not_negative("overhead_ms", v))
            .transpose()?;
        let cost = self.cost_usd.map(|v| not_negative("overhead_cost_usd", v));
        cost.transpose()?;
        Ok(self)
    }
}

/// The policy with a declared time (milliseconds) and cost (US dollars) on the first decision of
/// each request, in addition to what the policy itself declares. The policy itself where there is
/// nothing to add.
pub fn with_overhead(
    policy: Arc<dyn Policy>,
    ms: Option<f64>,
    cost_usd: Option<f64>,
) -> Arc<dyn Policy> {
    if ms.is_none() && cost_usd.is_none() {
        return policy;
    }
    Arc::new(Burdened {
        policy,
        overhead: Overhead { ms, cost_usd },
    })
}

struct Burdened {
    policy: Arc<dyn Policy>,
    overhead: Overhead,
}

impl Policy for Burdened {
    fn needs(&self) -> Needs {
        self.policy.needs()
    }

    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        Box::new(Walk {
            inner: self.policy.open(request),
            overhead: self.overhead,
        })
    }

    fn settle(&self, request: Request<'_>, accepted: Option<Observed<'_>>, spent_usd: f64) {
        self.policy.settle(request, accepted, spent_usd);
    }

    fn fresh(&self) -> Option<Arc<dyn Policy>> {
        Some(Arc::new(Self {
            policy: self.policy.fresh()?,
            overhead: self.overhead,
        }))
    }
}

struct Walk<'a> {
    inner: Box<dyn Session + 'a>,
    // Taken by the first decision.
    overhead: Overhead,
}

impl Session for Walk<'_> {
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision {
        let mut decision = self.inner.next(seen);
        let overhead = std::mem::take(&mut self.overhead);
        decision.decide_ms = sum(decision.decide_ms, overhead.ms);
        decision.decide_cost_usd = sum(decision.decide_cost_usd, overhead.cost_usd);
        decision
    }
}

fn sum(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::testing::World;

    #[test]
    fn only_the_first_decision_is_charged_and_layers_add_up() {
        let world = World::two_models(1);
        let plain = world.build("kind = 'always'\nmodel = 'weak'").unwrap();
        let once = with_overhead(plain, Some(2.0), None);
        let twice = with_overhead(once, Some(3.0), Some(0.01));
        let walk = world.walk(&*twice, 0);
        assert_eq!(walk.first().decide_ms, Some(5.0));
        assert_eq!(walk.first().decide_cost_usd, Some(0.01));
        assert_eq!(walk.last().decide_ms, None);
        assert_eq!(walk.models(), ["weak"]);
    }

    #[test]
    fn nothing_to_add_is_the_policy_itself() {
        let world = World::two_models(1);
        let plain = world.build("kind = 'always'\nmodel = 'weak'").unwrap();
        let same = with_overhead(Arc::clone(&plain), None, None);
        assert!(Arc::ptr_eq(&plain, &same));
    }

    #[test]
    fn negative_values_are_refused() {
        let (ms, cost_usd) = (Some(-1.0), None);
        let error = Overhead { ms, cost_usd }.check().unwrap_err();
        assert!(error.to_string().contains("`overhead_ms` is -1"));
    }
}
