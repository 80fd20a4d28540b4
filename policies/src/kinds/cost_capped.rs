//! Paces spending to a budget by downgrading calls while too much was spent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::pacing::{Plan, Till};
use crate::text::estimated_tokens;
use crate::walk::last_usable;
use crate::{BuildContext, Decision, Needs, Observed, Policy, PolicyError, Request, Session, Step};

/// `kind = "cost_capped"`; keeps arrival order.
///
/// Let `b` be the budget of one request and `lambda` the price of money, 0 at first. A call goes to
/// the model of the largest `quality - lambda * cost / b`, where `cost` is the predicted cost of
/// the request. After each trial that cost `s`, `lambda = max(0, lambda + step * (s / b - 1))`:
/// it rises while more than the budget is spent, falls otherwise, and nobody is downgraded at 0.
///
/// Predicted cost: estimated input tokens (four characters a token) and `expected_output_tokens`
/// at the fleet's prices.
///
/// With `of`, that policy's choice counts as the best and only models with a lower predicted cost
/// can replace it. A replaced call ends the walk. Further calls of a cascade are made only when
/// the gain in quality is worth `lambda * cost / b`; an answer must be there already.
///
/// `lambda` is read when a request begins. A replay settles each trial before the next begins.
/// Live, with `c` trials under way, the spending of up to `c` earlier ones is not yet known: they
/// are charged as they end, in the order in which they end, and the budget can be exceeded by
/// about `c` of the dearest calls before the policy reacts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// An earlier policy whose choice is kept while the budget allows. Without it the choice is
    /// among `models` alone.
    pub of: Option<String>,
    /// Models that may be called instead; all of the fleet when absent.
    pub models: Option<Vec<String>>,
    /// US dollars per 1,000 requests, above 0.
    pub budget_usd_per_1k: f64,
    /// Speed of pacing, at least 0; 0 never reacts. With the default 0.05 a request that costs
    /// twice the budget makes one budget worth 0.05 quality points more.
    #[serde(default = "default_step")]
    pub step: f64,
    /// Expected quality of each model in `[0, 1]`. By default evenly spaced by price, from 0 for
    /// the cheapest model to 1 for the dearest.
    pub quality: Option<BTreeMap<String, f64>>,
    /// Output tokens assumed when a cost is predicted, at least 0; 256 by default.
    #[serde(default = "default_output")]
    pub expected_output_tokens: u64,
}

fn default_step() -> f64 {
    0.05
}

fn default_output() -> u64 {
    256
}

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        let of = self.of.as_ref().map(|name| context.policy(name));
        Ok(Arc::new(CostCapped {
            of: of.transpose()?,
            plan: Arc::new(Plan::new(self, context)?),
            lambda: Mutex::new(0.0),
        }))
    }
}

struct CostCapped {
    of: Option<Arc<dyn Policy>>,
    plan: Arc<Plan>,
    lambda: Mutex<f64>,
}

impl Policy for CostCapped {
    fn needs(&self) -> Needs {
        let ordered = Needs {
            ordered: true,
            ..Needs::default()
        };
        self.of
            .as_ref()
            .map_or(ordered, |of| of.needs().and(ordered))
    }

    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        Box::new(Walk {
            till: Till {
                plan: &self.plan,
                lambda: *self.lambda.lock().unwrap_or_else(PoisonError::into_inner),
                tokens: estimated_tokens(&request) as f64,
            },
            inner: self.of.as_ref().map(|of| of.open(request)),
            is_final: false,
        })
    }

    fn settle(&self, request: Request<'_>, accepted: Option<Observed<'_>>, spent_usd: f64) {
        {
            let mut lambda = self.lambda.lock().unwrap_or_else(PoisonError::into_inner);
            *lambda = self.plan.paid(*lambda, spent_usd);
        }
        if let Some(of) = &self.of {
            of.settle(request, accepted, spent_usd);
        }
    }

    fn fresh(&self) -> Option<Arc<dyn Policy>> {
        let inner = |of: &Arc<dyn Policy>| of.fresh().unwrap_or_else(|| Arc::clone(of));
        Some(Arc::new(Self {
            of: self.of.as_ref().map(inner),
            plan: Arc::clone(&self.plan),
            lambda: Mutex::new(0.0),
        }))
    }
}

struct Walk<'a> {
    till: Till<'a>,
    inner: Option<Box<dyn Session + 'a>>,
    // The choice is the budget's own: whatever comes back is accepted.
    is_final: bool,
}

impl Walk<'_> {
    /// The wrapped policy's step, or a cheaper one.
    fn paced(&mut self, mut step: Decision, seen: &[Observed<'_>]) -> Decision {
        let Step::Call(model) = &step.step else {
            return step;
        };
        let Some(wanted) = self.till.arm(model) else {
            return step;
        };
        if !self.till.is_tight() {
            return step;
        }
        let instead = match last_usable(seen) {
            None => {
                let pick = self.till.pick(Some(wanted));
                self.is_final = pick.step != step.step;
                self.is_final.then_some((pick, "downgraded: over budget"))
            }
            Some(usable) => (!self.till.is_worth(wanted, seen[usable].model)).then(|| {
                let stop = Decision::accept(usable, "").with_propensity(1.0);
                (stop, "kept: over budget")
            }),
        };
        // Of a random choice it is not known how many others would have ended here.
        if step.propensity != Some(1.0) {
            step.propensity = None;
        }
        let Some((instead, reason)) = instead else {
            return step;
        };
        Decision {
            step: instead.step,
            reason: reason.into(),
            candidates: instead.candidates,
            ..step
        }
    }
}

impl Session for Walk<'_> {
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision {
        let is_own_choice = self.is_final || self.inner.is_none();
        if let (true, Some(last)) = (is_own_choice, seen.len().checked_sub(1)) {
            return Decision::accept(last, "");
        }
        match &mut self.inner {
            None => self.till.pick(None),
            Some(inner) => {
                let step = inner.next(seen);
                self.paced(step, seen)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::Request;
    use crate::kinds::testing::World;

    fn world() -> World {
        let mut world = World::two_models(200);
        world.earlier("dear", "kind = 'always'\nmodel = 'strong'");
        world.earlier(
            "steps",
            "kind = 'cascade'\nmodels = ['weak', 'strong']\naccept = { confidence_at_least = 0.5 }",
        );
        world
    }

    /// Mean US dollars per 1,000 requests: weak calls cost 0.001, strong ones 0.01.
    fn spent(world: &World, text: &str) -> f64 {
        let policy = world.build(text).unwrap();
        let walks = world.walk_all(&*policy);
        let calls = walks.iter().flat_map(|w| w.models());
        let costs = calls.map(|m| if m == "weak" { 0.001 } else { 0.01 });
        costs.sum::<f64>() / walks.len() as f64 * 1000.0
    }

    fn capped(of: &str, budget: f64) -> String {
        format!("kind = 'cost_capped'\nof = '{of}'\nbudget_usd_per_1k = {budget:?}\nstep = 0.5\n")
    }

    #[test]
    fn a_wide_budget_changes_nothing() {
        let world = world();
        assert!((spent(&world, &capped("dear", 20.0)) - 10.0).abs() < 1e-9);
        assert!((spent(&world, &capped("steps", 20.0)) - 6.0).abs() < 1e-9);
    }

    #[test]
    fn spending_settles_near_the_budget() {
        let world = world();
        let dear = spent(&world, &capped("dear", 5.0));
        assert!((4.0..6.0).contains(&dear), "{dear}");
        let steps = spent(&world, &capped("steps", 3.0));
        assert!((2.0..4.0).contains(&steps), "{steps}");
        let alone = "kind = 'cost_capped'\nbudget_usd_per_1k = 5.0\nstep = 0.5";
        let alone = spent(&world, alone);
        assert!((4.0..6.0).contains(&alone), "{alone}");
    }

    #[test]
    fn a_downgrade_is_told_and_final() {
        let world = world();
        let policy = world.build(&capped("dear", 0.1)).unwrap();
        assert_eq!(world.walk(&*policy, 0).models(), ["strong"]);
        let walk = world.walk(&*policy, 1);
        assert_eq!(walk.models(), ["weak"]);
        assert_eq!(walk.first().reason, "downgraded: over budget");
        assert_eq!(walk.first().candidates.len(), 2);
        let fresh = policy.fresh().unwrap();
        assert_eq!(world.walk(&*fresh, 1).models(), ["strong"]);
    }

    #[test]
    fn equal_quality_goes_to_the_cheaper_unless_the_other_is_wanted() {
        let world = world();
        let even = "quality = { weak = 0.5, strong = 0.5 }";
        let alone = format!("kind = 'cost_capped'\nbudget_usd_per_1k = 5.0\n{even}");
        let policy = world.build(&alone).unwrap();
        assert_eq!(world.walk(&*policy, 0).models(), ["weak"]);
        let policy = world
            .build(&format!("{}{even}", capped("dear", 5.0)))
            .unwrap();
        assert_eq!(world.walk(&*policy, 0).models(), ["strong"]);
    }

    #[test]
    fn late_settling_delays_the_reaction_only() {
        let world = world();
        let policy = world.build(&capped("dear", 0.1)).unwrap();
        let request = Request::of(&world.samples[0], 0, 0);
        let mut sessions: Vec<_> = (0..3).map(|_| policy.open(request)).collect();
        policy.settle(request, None, 0.01);
        // Requests under way keep the price of money they began with.
        let calls = sessions.iter_mut().map(|s| s.next(&[]).step);
        assert!(
            calls
                .into_iter()
                .all(|c| c == crate::Step::Call("strong".into()))
        );
        let after = policy.open(request).next(&[]).step;
        assert_eq!(after, crate::Step::Call("weak".into()));
    }

    #[test]
    fn propensities_are_kept_only_while_nobody_is_downgraded() {
        let mut world = world();
        world.earlier("mix", "kind = 'random'\nweights = { weak = 1, strong = 1 }");
        let propensities = |budget| {
            let policy = world.build(&capped("mix", budget)).unwrap();
            let walks = world.walk_all(&*policy);
            let first = walks.iter().map(|w| w.first().propensity);
            first.filter(Option::is_some).count()
        };
        assert_eq!(propensities(20.0), 200);
        assert!(propensities(0.1) < 10);
    }

    #[test]
    fn refuses_values_out_of_range() {
        let world = world();
        let refusal = |rest: &str| world.refusal(&format!("kind = 'cost_capped'\n{rest}"));
        assert!(refusal("budget_usd_per_1k = 0.0").contains("`budget_usd_per_1k` is 0"));
        assert!(refusal("budget_usd_per_1k = 1.0\nstep = -1.0").contains("`step`"));
        assert!(refusal("budget_usd_per_1k = 1.0\nmodels = []").contains("is empty"));
        let part = "budget_usd_per_1k = 1.0\nquality = { weak = 0.5 }";
        assert!(refusal(part).contains("lacks model `strong`"));
        assert!(refusal("budget_usd_per_1k = 1.0\nof = 'x'").contains("unknown policy `x`"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn spending_never_exceeds_both_the_budget_and_the_cheapest(budget in 1.5f64..12.0) {
            let spent = spent(&world(), &capped("dear", budget));
            prop_assert!(spent <= budget.max(1.0) * 1.3, "{spent} of {budget}");
        }
    }
}
