//! Paces spending to a budget by downgrading calls while too much was spent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::cut::{not_negative, within};
use crate::text::estimated_tokens;
use crate::walk::last_usable;
use crate::{
    BuildContext, Candidate, Decision, Needs, Observed, Policy, PolicyError, Request, Session, Step,
};

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
        within(
            "budget_usd_per_1k",
            self.budget_usd_per_1k,
            f64::MIN_POSITIVE,
            f64::MAX,
        )?;
        not_negative("step", self.step)?;
        let of = self.of.as_ref().map(|name| context.policy(name));
        Ok(Arc::new(CostCapped {
            of: of.transpose()?,
            plan: Arc::new(Plan {
                arms: self.arms(context)?,
                budget: self.budget_usd_per_1k / 1000.0,
                step: self.step,
            }),
            lambda: Mutex::new(0.0),
        }))
    }

    /// All models of the fleet, cheapest first: a wrapped policy may call any of them.
    fn arms(&self, context: &BuildContext<'_>) -> Result<Vec<Arm>, PolicyError> {
        let refuse = |key, problem: String| Err(PolicyError::Value { key, problem });
        for name in self.models.iter().flatten() {
            context.model(name)?;
        }
        for (name, quality) in self.quality.iter().flatten() {
            context.model(name)?;
            within("quality", *quality, 0.0, 1.0)?;
        }
        let by_price = context.fleet.by_price();
        let steps = by_price.len().saturating_sub(1).max(1) as f64;
        let mut arms = Vec::with_capacity(by_price.len());
        for (rank, model) in by_price.into_iter().enumerate() {
            let is_listed = |list: &Vec<String>| list.iter().any(|name| **name == *model.name);
            let quality = match &self.quality {
                None => rank as f64 / steps,
                Some(quality) => match quality.get(&*model.name) {
                    Some(quality) => *quality,
                    None => return refuse("quality", format!("lacks model `{}`", model.name)),
                },
            };
            arms.push(Arm {
                model: Arc::clone(&model.name),
                is_allowed: self.models.as_ref().is_none_or(is_listed),
                quality,
                per_input_token: model.input_per_mtok_usd / 1e6,
                per_answer: self.expected_output_tokens as f64 * model.output_per_mtok_usd / 1e6,
            });
        }
        if !arms.iter().any(|arm| arm.is_allowed) {
            return refuse("models", "is empty".to_owned());
        }
        Ok(arms)
    }
}

struct Arm {
    model: Arc<str>,
    is_allowed: bool,
    quality: f64,
    // US dollars.
    per_input_token: f64,
    per_answer: f64,
}

struct Plan {
    arms: Vec<Arm>,
    // US dollars per request.
    budget: f64,
    step: f64,
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
            plan: &self.plan,
            lambda: *self.lambda.lock().unwrap_or_else(PoisonError::into_inner),
            tokens: estimated_tokens(&request) as f64,
            inner: self.of.as_ref().map(|of| of.open(request)),
            is_final: false,
        })
    }

    fn settle(&self, request: Request<'_>, accepted: Option<Observed<'_>>, spent_usd: f64) {
        let over = self.plan.step * (spent_usd / self.plan.budget - 1.0);
        {
            let mut lambda = self.lambda.lock().unwrap_or_else(PoisonError::into_inner);
            *lambda = (*lambda + over).max(0.0);
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
    plan: &'a Plan,
    lambda: f64,
    tokens: f64,
    inner: Option<Box<dyn Session + 'a>>,
    // The choice is the budget's own: whatever comes back is accepted.
    is_final: bool,
}

impl Walk<'_> {
    /// What a call costs, in quality points at the present price of money.
    fn burden(&self, arm: &Arm) -> f64 {
        let cost = self.tokens * arm.per_input_token + arm.per_answer;
        self.lambda * cost / self.plan.budget
    }

    fn arm(&self, model: &str) -> Option<&Arm> {
        self.plan.arms.iter().find(|arm| &*arm.model == model)
    }

    /// The best affordable model; a wanted one counts as the best and only cheaper ones compete.
    fn pick(&self, wanted: Option<&Arm>) -> Decision {
        let cost = |arm: &Arm| self.tokens * arm.per_input_token + arm.per_answer;
        let competes = |arm: &&Arm| match wanted {
            Some(wanted) if arm.model == wanted.model => true,
            Some(wanted) => arm.is_allowed && cost(arm) < cost(wanted),
            None => arm.is_allowed,
        };
        let arms: Vec<&Arm> = self.plan.arms.iter().filter(competes).collect();
        let top = arms.iter().map(|arm| arm.quality).fold(0.0, f64::max);
        let quality = |arm: &Arm| match wanted {
            Some(wanted) if arm.model == wanted.model => top,
            _ => arm.quality,
        };
        let candidate = |arm: &&Arm| Candidate {
            model: Arc::clone(&arm.model),
            score: quality(arm) - self.burden(arm),
        };
        let candidates: Vec<Candidate> = arms.iter().map(candidate).collect();
        let mut best = candidates.first();
        for candidate in &candidates {
            let is_wanted = wanted.is_some_and(|arm| arm.model == candidate.model);
            // Equal ones: the wanted model, else the cheaper.
            if best.is_some_and(|b| {
                candidate.score > b.score || (is_wanted && candidate.score >= b.score)
            }) {
                best = Some(candidate);
            }
        }
        let decision = match best {
            Some(best) => Decision::call(&best.model, "best within the budget"),
            None => Decision::new(Step::Abstain, "no model"),
        };
        decision.with_candidates(candidates).with_propensity(1.0)
    }

    /// The wrapped policy's step, or a cheaper one.
    fn paced(&mut self, step: Decision, seen: &[Observed<'_>]) -> Decision {
        let Step::Call(model) = &step.step else {
            return step;
        };
        let Some(wanted) = self.arm(model) else {
            return step;
        };
        let Some(usable) = last_usable(seen) else {
            let decision = self.pick(Some(wanted));
            if decision.step == step.step {
                return step;
            }
            self.is_final = true;
            return Decision {
                reason: "downgraded: over budget".into(),
                rank_score: step.rank_score,
                decide_ms: step.decide_ms,
                decide_cost_usd: step.decide_cost_usd,
                ..decision
            };
        };
        let had = self.arm(seen[usable].model).map_or(0.0, |arm| arm.quality);
        if self.lambda > 0.0 && wanted.quality - had < self.burden(wanted) {
            let mut stop = Decision::accept(usable, "kept: over budget");
            stop.rank_score = step.rank_score;
            stop.decide_ms = step.decide_ms;
            stop.decide_cost_usd = step.decide_cost_usd;
            return stop;
        }
        step
    }
}

impl Session for Walk<'_> {
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision {
        let is_own_choice = self.is_final || self.inner.is_none();
        if let (true, Some(last)) = (is_own_choice, seen.len().checked_sub(1)) {
            return Decision::accept(last, "");
        }
        match &mut self.inner {
            None => self.pick(None),
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
