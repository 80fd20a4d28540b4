//! What is at hand when a policy is built.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use weighbridge_datasets::{OutcomeStore, Sample};

use crate::{Fleet, Policy, PolicyError};

/// Recorded outcomes that a policy may learn from.
///
/// The engine makes sure that these samples are not judged: they come from a declared split, or
/// from the other folds of a cross-fit.
#[derive(Debug, Clone)]
pub struct FitData<'a> {
    /// Samples to learn from.
    pub samples: Vec<&'a Sample>,
    /// Their recorded outcomes (and possibly others, which must not be read).
    pub outcomes: &'a OutcomeStore,
}

/// Everything a policy may use while it is built.
pub struct BuildContext<'a> {
    /// The policy's name in the experiment.
    pub name: &'a str,
    /// The run's seed.
    pub seed: u64,
    /// The models that may be called.
    pub fleet: &'a Fleet,
    /// The samples that will be judged, in arrival order, for label-free calibration (a length
    /// quantile, a shuffled control). Their targets and outcomes must not be read.
    pub samples: &'a [Sample],
    /// What may be learned from, if the experiment declares it for this policy.
    pub fit: Option<FitData<'a>>,
    /// Policies built before this one, by name.
    pub earlier: &'a BTreeMap<String, Arc<dyn Policy>>,
    /// Folder of the experiment file; paths in it are relative to this.
    pub folder: &'a Path,
}

impl BuildContext<'_> {
    /// The fleet's own name of a model.
    ///
    /// # Errors
    /// [`PolicyError::UnknownModel`] with the names that exist.
    pub fn model(&self, name: &str) -> Result<Arc<str>, PolicyError> {
        self.fleet
            .get(name)
            .map(|m| Arc::clone(&m.name))
            .ok_or_else(|| {
                let known: Vec<_> = self.fleet.models().iter().map(|m| &*m.name).collect();
                PolicyError::UnknownModel {
                    model: name.to_owned(),
                    known: known.join(", "),
                }
            })
    }

    /// An earlier policy by name, with [state of its own](Policy::fresh): what it learns inside a
    /// wrapper is not seen where it runs by itself.
    ///
    /// # Errors
    /// [`PolicyError::UnknownPolicy`].
    pub fn policy(&self, name: &str) -> Result<Arc<dyn Policy>, PolicyError> {
        self.earlier
            .get(name)
            .map(|policy| policy.fresh().unwrap_or_else(|| Arc::clone(policy)))
            .ok_or_else(|| PolicyError::UnknownPolicy(name.to_owned()))
    }

    /// What may be learned from.
    ///
    /// # Errors
    /// [`PolicyError::NothingToFit`] where the experiment declares nothing.
    pub fn fit_data(&self) -> Result<&FitData<'_>, PolicyError> {
        self.fit
            .as_ref()
            .filter(|fit| !fit.samples.is_empty())
            .ok_or_else(|| {
                PolicyError::NothingToFit(
                "declare `fit = { split = \"…\" }` or `fit = { folds = 5 }` on the policy, with \
                 recorded outcomes for it in the dataset"
                    .to_owned(),
            )
            })
    }
}
