//! A default model, left only on paired evidence from similar prompts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::cut::{not_negative, within};
use crate::kinds::knn::default_dims;
use crate::learn::{Lessons, Worth};
use crate::neighbours::Neighbours;
use crate::text::Scope;
use crate::walk::OneCall;
use crate::{BuildContext, Candidate, Decision, Policy, PolicyError, Request, Session};

/// `kind = "guarded_knn"`; learned.
///
/// Over the `k` most similar fit samples with outcomes of both models, let `d` be the mean
/// difference in score between a candidate and the default, `se` its standard error and `n` the
/// number of pairs. The candidate's bound is `d - z * max(se, 1 / sqrt(n))`, with `z` multiplied by
/// `dearer_factor` for a dearer model. The candidate of the largest bound is called when that is
/// above 0, the default otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The model called without evidence for another.
    pub default: String,
    /// Candidate models beside the default; all of the fleet that have outcomes when absent.
    pub models: Option<Vec<String>>,
    /// Number of neighbours, 1 to 10,000.
    #[serde(default = "fifty")]
    pub k: usize,
    /// Standard errors of caution, at least 0; 0 follows the mean.
    #[serde(default = "half")]
    pub z: f64,
    /// Factor on `z` for a model dearer than the default, at least 1; 1 treats all alike.
    #[serde(default = "two")]
    pub dearer_factor: f64,
    /// Fewest pairs that count as evidence, at least 2.
    #[serde(default = "eight")]
    pub min_pairs: usize,
    /// Length of the embedding, 8 to 65,536.
    #[serde(default = "default_dims")]
    pub dims: usize,
    /// What is embedded: `last_message` (default) or `conversation`.
    #[serde(default)]
    pub of: Scope,
}

fn fifty() -> usize {
    50
}

fn half() -> f64 {
    0.5
}

fn two() -> f64 {
    2.0
}

fn eight() -> usize {
    8
}

impl Config {
    pub(crate) fn build(&self, context: &BuildContext<'_>) -> Result<Arc<dyn Policy>, PolicyError> {
        not_negative("z", self.z)?;
        within("dearer_factor", self.dearer_factor, 1.0, f64::MAX)?;
        within("min_pairs", self.min_pairs as f64, 2.0, f64::MAX)?;
        let default = context.model(&self.default)?;
        let named = self.named(context)?;
        let lessons = Lessons::read(context, named, false)?;
        let Some(base) = lessons.models.iter().position(|m| *m == default) else {
            return Err(PolicyError::NothingToFit(format!(
                "the default model `{default}` has no outcomes"
            )));
        };
        let neighbours = Neighbours::new(&lessons, self.k, self.dims, self.of)?;
        let price = |model: &Arc<str>| {
            let info = context.fleet.get(model);
            info.map_or(0.0, |m| m.blended_per_mtok_usd())
        };
        let base_price = price(&default);
        let arm = |model: &Arc<str>| Arm {
            z: if price(model) > base_price {
                self.z * self.dearer_factor
            } else {
                self.z
            },
            model: Arc::clone(model),
        };
        Ok(Arc::new(Guarded {
            arms: lessons.models.iter().map(arm).collect(),
            base,
            min_pairs: self.min_pairs,
            neighbours,
        }))
    }

    /// The listed models and the default, cheapest first.
    fn named(&self, context: &BuildContext<'_>) -> Result<Option<Vec<Arc<str>>>, PolicyError> {
        let Some(models) = &self.models else {
            return Ok(None);
        };
        for name in models {
            context.model(name)?;
        }
        let is_named = |name: &str| name == self.default || models.iter().any(|m| m == name);
        let by_price = context.fleet.by_price().into_iter();
        let named = by_price.filter(|m| is_named(&m.name));
        Ok(Some(named.map(|m| Arc::clone(&m.name)).collect()))
    }
}

struct Guarded {
    arms: Vec<Arm>,
    // The default, as a position in `arms`.
    base: usize,
    min_pairs: usize,
    neighbours: Neighbours,
}

struct Arm {
    model: Arc<str>,
    z: f64,
}

impl Guarded {
    /// Lower bound of the advantage of an arm over the default; `None` without enough pairs.
    fn bound(&self, arm: usize, rows: &[&[Option<Worth>]]) -> Option<f64> {
        let pairs = rows
            .iter()
            .filter_map(|row| Some((row[arm]?, row[self.base]?)));
        let differences: Vec<f64> = pairs.map(|(a, b)| a.quality - b.quality).collect();
        let count = differences.len();
        if count < self.min_pairs {
            return None;
        }
        let n = count as f64;
        let mean = differences.iter().sum::<f64>() / n;
        let squares: f64 = differences.iter().map(|d| (d - mean).powi(2)).sum();
        let error = (squares / (n - 1.0) / n).sqrt();
        Some(mean - self.arms[arm].z * error.max(n.sqrt().recip()))
    }
}

impl Policy for Guarded {
    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        let near = self.neighbours.nearest(&request);
        let rows: Vec<_> = near.iter().map(|n| self.neighbours.recorded(n)).collect();
        let mut best = (self.base, 0.0);
        let mut candidates = Vec::with_capacity(self.arms.len());
        for (index, arm) in self.arms.iter().enumerate() {
            let bound = if index == self.base {
                Some(0.0)
            } else {
                self.bound(index, &rows)
            };
            let Some(score) = bound else { continue };
            let model = Arc::clone(&arm.model);
            candidates.push(Candidate { model, score });
            if score > best.1 {
                best = (index, score);
            }
        }
        let reason = if best.0 == self.base {
            "no evidence against the default"
        } else {
            "better on similar prompts"
        };
        let decision = Decision::call(&self.arms[best.0].model, reason);
        OneCall::boxed(decision.with_candidates(candidates).with_propensity(1.0))
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::knn::tests::world;

    #[test]
    fn leaves_the_default_on_evidence_only() {
        let world = world();
        let text = "kind = 'guarded_knn'\ndefault = 'strong'\nk = 10";
        let policy = world.build(text).unwrap();
        let sum = world.walk(&*policy, 0);
        assert_eq!(sum.models(), ["strong"]);
        let poem = world.walk(&*policy, 1);
        assert_eq!(poem.models(), ["weak"]);
        // Ten pairs that all say 1: the standard error is 0, the floor is 1/sqrt(10).
        let score = poem.first().candidates[0].score;
        assert!((score - (1.0 - 0.5 / 10f64.sqrt())).abs() < 1e-12);
    }

    #[test]
    fn a_dearer_model_needs_more_evidence() {
        let world = world();
        let text = |z| format!("kind = 'guarded_knn'\ndefault = 'weak'\nk = 10\nz = {z}");
        let called = |z| {
            let policy = world.build(&text(z)).unwrap();
            world.walk(&*policy, 0).models()[0].to_owned()
        };
        // The bound is 1 - 2 z / sqrt(10), above 0 for z below 1.58.
        assert_eq!(called("1.5"), "strong");
        assert_eq!(called("1.6"), "weak");
    }

    #[test]
    fn too_few_pairs_are_no_evidence() {
        let world = world();
        let text = "kind = 'guarded_knn'\ndefault = 'strong'\nk = 7";
        let policy = world.build(text).unwrap();
        assert_eq!(world.walk(&*policy, 1).models(), ["strong"]);
    }

    #[test]
    fn refuses_values_out_of_range() {
        let world = world();
        let refusal = |rest| world.refusal(&format!("kind = 'guarded_knn'\n{rest}"));
        assert!(refusal("default = 'x'").contains("unknown model `x`"));
        assert!(refusal("default = 'weak'\nz = -1").contains("`z` is -1"));
        assert!(refusal("default = 'weak'\nmin_pairs = 1").contains("`min_pairs`"));
        assert!(refusal("default = 'weak'\ndearer_factor = 0.5").contains("`dearer_factor`"));
        assert!(refusal("default = 'weak'\nmodels = ['y']").contains("unknown model `y`"));
    }
}
