//! What a call costs against a budget, and which call is worth it.

use std::sync::Arc;

use crate::cut::{not_negative, within};
use crate::kinds::cost_capped::Config;
use crate::{BuildContext, Candidate, Decision, PolicyError, Step};

/// A budget and the models it is spent on.
pub(crate) struct Plan {
    arms: Vec<Arm>,
    // US dollars per request.
    budget: f64,
    step: f64,
}

/// What is known of one model.
pub(crate) struct Arm {
    model: Arc<str>,
    is_allowed: bool,
    quality: f64,
    // US dollars.
    per_input_token: f64,
    per_answer: f64,
}

impl Plan {
    /// # Errors
    /// When a number is out of range or a model is unknown or left out.
    pub(crate) fn new(config: &Config, context: &BuildContext<'_>) -> Result<Self, PolicyError> {
        let per_1k = config.budget_usd_per_1k;
        within("budget_usd_per_1k", per_1k, f64::MIN_POSITIVE, f64::MAX)?;
        Ok(Self {
            arms: arms(config, context)?,
            budget: per_1k / 1000.0,
            step: not_negative("step", config.step)?,
        })
    }

    /// The price of money after a request that cost this many US dollars.
    pub(crate) fn paid(&self, lambda: f64, spent_usd: f64) -> f64 {
        (lambda + self.step * (spent_usd / self.budget - 1.0)).max(0.0)
    }
}

/// All models of the fleet, cheapest first: a wrapped policy may call any of them.
fn arms(config: &Config, context: &BuildContext<'_>) -> Result<Vec<Arm>, PolicyError> {
    let refuse = |key, problem: String| Err(PolicyError::Value { key, problem });
    for name in config.models.iter().flatten() {
        context.model(name)?;
    }
    for (name, quality) in config.quality.iter().flatten() {
        context.model(name)?;
        within("quality", *quality, 0.0, 1.0)?;
    }
    let by_price = context.fleet.by_price();
    let steps = by_price.len().saturating_sub(1).max(1) as f64;
    let mut arms = Vec::with_capacity(by_price.len());
    for (rank, model) in by_price.into_iter().enumerate() {
        let is_listed = |list: &Vec<String>| list.iter().any(|name| **name == *model.name);
        let quality = match &config.quality {
            None => rank as f64 / steps,
            Some(quality) => match quality.get(&*model.name) {
                Some(quality) => *quality,
                None => return refuse("quality", format!("lacks model `{}`", model.name)),
            },
        };
        arms.push(Arm {
            model: Arc::clone(&model.name),
            is_allowed: config.models.as_ref().is_none_or(is_listed),
            quality,
            per_input_token: model.input_per_mtok_usd / 1e6,
            per_answer: config.expected_output_tokens as f64 * model.output_per_mtok_usd / 1e6,
        });
    }
    if !arms.iter().any(|arm| arm.is_allowed) {
        return refuse("models", "is empty".to_owned());
    }
    Ok(arms)
}
/// The plan as one request meets it.
pub(crate) struct Till<'a> {
    pub(crate) plan: &'a Plan,
    /// The price of money: quality points for one budget.
    pub(crate) lambda: f64,
    /// Estimated input tokens.
    pub(crate) tokens: f64,
}

impl Till<'_> {
    /// Whether money has a price at all.
    pub(crate) fn is_tight(&self) -> bool {
        self.lambda > 0.0
    }

    /// Predicted cost in US dollars.
    fn cost(&self, arm: &Arm) -> f64 {
        self.tokens * arm.per_input_token + arm.per_answer
    }

    /// Whether another call is expected to gain more quality over the answer of `had` than its
    /// cost is worth.
    pub(crate) fn is_worth(&self, wanted: &Arm, had: &str) -> bool {
        let had = self.arm(had).map_or(0.0, |arm| arm.quality);
        wanted.quality - had >= self.burden(wanted)
    }

    /// What a call costs, in quality points at the present price of money.
    fn burden(&self, arm: &Arm) -> f64 {
        self.lambda * self.cost(arm) / self.plan.budget
    }

    pub(crate) fn arm(&self, model: &str) -> Option<&Arm> {
        self.plan.arms.iter().find(|arm| &*arm.model == model)
    }

    /// The best affordable model; a wanted one counts as the best and only cheaper ones compete.
    pub(crate) fn pick(&self, wanted: Option<&Arm>) -> Decision {
        let competes = |arm: &&Arm| match wanted {
            Some(wanted) if arm.model == wanted.model => true,
            Some(wanted) => arm.is_allowed && self.cost(arm) < self.cost(wanted),
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
}
