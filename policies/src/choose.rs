//! From estimated quality and cost per model to a call.

use std::borrow::Cow;
use std::sync::Arc;

use crate::cut::{Cut, check_share, not_negative};
use crate::learn::Worth;
use crate::{BuildContext, Candidate, Decision, PolicyError, Step};

/// The keys that learned policies share, as written.
pub(crate) struct Wanted<'a> {
    pub(crate) cost_weight: f64,
    pub(crate) models: Option<&'a Vec<String>>,
    pub(crate) weak: Option<&'a String>,
    pub(crate) strong: Option<&'a String>,
    pub(crate) share_strong: Option<f64>,
}

impl Wanted<'_> {
    /// The named candidates: (weak, strong), the list, or `None` for the whole fleet.
    ///
    /// # Errors
    /// When the keys contradict each other, a value is out of range, or a model is unknown.
    pub(crate) fn models(
        &self,
        context: &BuildContext<'_>,
    ) -> Result<Option<Vec<Arc<str>>>, PolicyError> {
        not_negative("cost_weight", self.cost_weight)?;
        let refuse = |key, problem: &str| {
            let problem = problem.to_owned();
            Err(PolicyError::Value { key, problem })
        };
        match (self.weak, self.strong, self.models) {
            (Some(weak), Some(strong), None) if weak == strong => {
                refuse("strong", "is the same model as `weak`")
            }
            (Some(weak), Some(strong), None) => {
                Ok(Some(vec![context.model(weak)?, context.model(strong)?]))
            }
            (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => refuse(
                "models",
                "cannot be given together with `weak` and `strong`",
            ),
            (Some(_), None, _) => refuse("weak", "needs `strong` beside it"),
            (None, Some(_), _) => refuse("strong", "needs `weak` beside it"),
            (None, None, _) if self.share_strong.is_some() => {
                refuse("share_strong", "needs `weak` and `strong`")
            }
            (None, None, Some(models)) if models.is_empty() => {
                refuse("models", "is empty; leave it out for the whole fleet")
            }
            (None, None, Some(models)) => {
                // Cheapest first, so that the cheaper of two equal models wins.
                for name in models {
                    context.model(name)?;
                }
                let by_price = context.fleet.by_price().into_iter();
                let named = by_price.filter(|m| models.iter().any(|name| **name == *m.name));
                Ok(Some(named.map(|m| Arc::clone(&m.name)).collect()))
            }
            (None, None, None) => Ok(None),
        }
    }

    /// The chooser among these models. `gaps` are the estimated gaps (see [`Chooser::gap`]) of the
    /// judged samples; they are computed only when a share is to be met.
    ///
    /// # Errors
    /// When the share is out of range.
    pub(crate) fn chooser(
        &self,
        models: Vec<Arc<str>>,
        gaps: impl FnOnce(&Chooser) -> Vec<f64>,
    ) -> Result<Chooser, PolicyError> {
        let mut chooser = Chooser {
            models,
            cost_weight: self.cost_weight,
            is_pair: self.weak.is_some(),
            cut: None,
        };
        if let Some(share) = self.share_strong {
            let share = check_share("share_strong", share)?;
            chooser.cut = Some(Cut::for_share(gaps(&chooser), share));
        }
        Ok(chooser)
    }
}

/// Picks the model of the largest `quality - cost_weight * cost`.
pub(crate) struct Chooser {
    models: Vec<Arc<str>>,
    cost_weight: f64,
    // Two models in the order (weak, strong): the gap ranks requests.
    is_pair: bool,
    cut: Option<Cut>,
}

impl Chooser {
    fn utility(&self, worth: &Worth) -> f64 {
        worth.quality - self.cost_weight * worth.cost_usd
    }

    /// Utility of the second (strong) model minus that of the first (weak); 0 with one model.
    pub(crate) fn gap(&self, worths: &[Worth]) -> f64 {
        match worths {
            [weak, strong, ..] => self.utility(strong) - self.utility(weak),
            _ => 0.0,
        }
    }

    /// The call, with all candidates. Equal models go to the earlier one.
    pub(crate) fn decide(
        &self,
        worths: &[Worth],
        reason: impl Into<Cow<'static, str>>,
    ) -> Decision {
        let scored = self.models.iter().zip(worths);
        let candidates: Vec<Candidate> = scored
            .map(|(model, worth)| Candidate {
                model: Arc::clone(model),
                score: self.utility(worth),
            })
            .collect();
        let mut best = 0;
        for (index, candidate) in candidates.iter().enumerate() {
            if candidate.score > candidates[best].score {
                best = index;
            }
        }
        let gap = self.is_pair.then(|| self.gap(worths));
        if let (Some(cut), Some(gap)) = (self.cut, gap) {
            best = usize::from(cut.is_strong(gap));
        }
        let mut decision = match self.models.get(best) {
            Some(model) => Decision::call(model, reason),
            None => Decision::new(Step::Abstain, "no candidate"),
        };
        decision.rank_score = gap;
        decision.with_candidates(candidates).with_propensity(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::testing::World;

    fn worth(quality: f64, cost_usd: f64) -> Worth {
        Worth { quality, cost_usd }
    }

    #[test]
    fn cost_weight_trades_quality_for_money_and_ties_are_cheap() {
        let models: Vec<Arc<str>> = vec!["weak".into(), "strong".into()];
        let chooser = |cost_weight| Chooser {
            models: models.clone(),
            cost_weight,
            is_pair: true,
            cut: None,
        };
        let worths = [worth(0.6, 0.01), worth(0.8, 0.11)];
        let called = |weight| chooser(weight).decide(&worths, "").step;
        assert_eq!(called(0.0), Step::Call("strong".into()));
        assert_eq!(called(3.0), Step::Call("weak".into()));
        let gap = chooser(1.0).decide(&worths, "").rank_score.unwrap();
        assert!((gap - 0.1).abs() < 1e-12);
        let even = [worth(0.5, 0.0), worth(0.5, 0.0)];
        assert_eq!(
            chooser(0.0).decide(&even, "").step,
            Step::Call("weak".into())
        );
    }

    #[test]
    fn contradictory_keys_are_refused() {
        let world = World::two_models(2);
        let refusal =
            |rest: &str| world.refusal(&format!("kind = 'table'\nlabel = 'task'\n{rest}"));
        assert!(refusal("weak = 'weak'").contains("needs `strong`"));
        assert!(refusal("strong = 'strong'").contains("needs `weak`"));
        assert!(refusal("weak = 'weak'\nstrong = 'weak'").contains("same model"));
        assert!(refusal("share_strong = 0.5").contains("needs `weak` and `strong`"));
        assert!(refusal("models = []").contains("is empty"));
        assert!(refusal("models = ['x']").contains("unknown model `x`"));
        assert!(refusal("cost_weight = -1.0").contains("at least 0"));
        let pair = "weak = 'weak'\nstrong = 'strong'\n";
        assert!(refusal(&format!("{pair}models = ['weak']")).contains("together with"));
        assert!(refusal(&format!("{pair}share_strong = 2.0")).contains("between 0 and 1"));
    }
}
