//! Judging every sample by a policy that did not learn from it.

use std::collections::HashMap;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::walk::OneCall;
use crate::{Decision, Needs, Observed, Policy, PolicyError, Request, Session, Step};

/// Fold of a key in `0..folds` (0 when `folds` is 0).
///
/// The key is the sample's cluster where it has one, else its id, so that samples that belong
/// together are never split. Hashed by xxh3-64 with the seed: adding samples moves no other one.
pub fn fold_of(key: &str, folds: u32, seed: u64) -> u32 {
    let hash = xxh3_64_with_seed(key.as_bytes(), seed);
    u32::try_from(hash % u64::from(folds.max(1))).unwrap_or(0)
}

/// One policy per fold, each fitted on the other folds.
pub struct CrossFitted {
    policies: Vec<Arc<dyn Policy>>,
    // Looked up only, never iterated: its order is not reproducible.
    folds: Arc<HashMap<String, u32>>,
}

impl CrossFitted {
    /// Joins policies, where `policies[f]` did not see fold `f`, and the fold of each sample id.
    ///
    /// # Errors
    /// [`PolicyError::Value`] when a sample is in a fold that has no policy.
    pub fn new(
        policies: Vec<Arc<dyn Policy>>,
        folds: HashMap<String, u32>,
    ) -> Result<Self, PolicyError> {
        let stray = folds.values().filter(|f| **f as usize >= policies.len());
        if let Some(fold) = stray.max() {
            return Err(PolicyError::Value {
                key: "fit.folds",
                problem: format!(
                    "puts a sample in fold {fold}, but there are {} fitted policies",
                    policies.len()
                ),
            });
        }
        Ok(Self {
            policies,
            folds: Arc::new(folds),
        })
    }

    fn of(&self, request: &Request<'_>) -> Option<&Arc<dyn Policy>> {
        self.policies.get(*self.folds.get(request.id)? as usize)
    }
}

impl Policy for CrossFitted {
    fn needs(&self) -> Needs {
        let needs = self.policies.iter().map(|p| p.needs());
        needs.fold(Needs::default(), Needs::and)
    }

    /// Abstains from a sample of unknown fold: any policy may have learned from it.
    fn open<'a>(&'a self, request: Request<'a>) -> Box<dyn Session + 'a> {
        match self.of(&request) {
            Some(policy) => policy.open(request),
            None => OneCall::boxed(Decision::new(
                Step::Abstain,
                "the sample is in no fold of the cross-fit",
            )),
        }
    }

    fn settle(&self, request: Request<'_>, accepted: Option<Observed<'_>>, spent_usd: f64) {
        if let Some(policy) = self.of(&request) {
            policy.settle(request, accepted, spent_usd);
        }
    }

    fn fresh(&self) -> Option<Arc<dyn Policy>> {
        let fresh: Vec<_> = self.policies.iter().map(|p| p.fresh()).collect();
        if fresh.iter().all(Option::is_none) {
            return None;
        }
        let policies = fresh.into_iter().zip(&self.policies);
        Some(Arc::new(Self {
            policies: policies
                .map(|(new, old)| new.unwrap_or_else(|| Arc::clone(old)))
                .collect(),
            folds: Arc::clone(&self.folds),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::testing::World;

    #[test]
    fn folds_are_stable_and_about_even() {
        assert_eq!(fold_of("a", 5, 1), fold_of("a", 5, 1));
        assert_eq!(fold_of("a", 0, 1), 0);
        let mut counts = [0u32; 5];
        for i in 0..5000 {
            counts[fold_of(&format!("s{i}"), 5, 7) as usize] += 1;
        }
        assert!(counts.iter().all(|c| (900..1100).contains(c)), "{counts:?}");
    }

    #[test]
    fn a_sample_meets_the_policy_of_its_fold() {
        let world = World::two_models(4);
        let policies = vec![
            world.build("kind = 'always'\nmodel = 'weak'").unwrap(),
            world.build("kind = 'always'\nmodel = 'strong'").unwrap(),
        ];
        let folds = [("s0".to_owned(), 0), ("s1".to_owned(), 1)];
        let fitted = CrossFitted::new(policies, folds.into()).unwrap();
        assert_eq!(world.walk(&fitted, 0).models(), ["weak"]);
        assert_eq!(world.walk(&fitted, 1).models(), ["strong"]);
        assert_eq!(world.walk(&fitted, 2).last().step, Step::Abstain);
        assert!(fitted.fresh().is_none());
    }

    #[test]
    fn a_fold_without_policy_is_an_error() {
        let error = CrossFitted::new(Vec::new(), [("s0".to_owned(), 3)].into());
        assert!(error.err().unwrap().to_string().contains("fold 3"));
    }
}
