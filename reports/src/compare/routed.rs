//! Slices by the candidate's own decision: samples it sends to another model than the baseline.

use std::collections::BTreeMap;

use weighbridge_record::ModelEntry;

use super::Frame;
use crate::table::{Arm, ScoreState};

/// Where a request went. Ordered: models as in the fleet, then the cache, then nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Route {
    /// Fleet position of the model that answered, or of the first one called.
    Model(usize),
    /// Served from the policy's cache.
    Cache,
    /// Neither answered nor called.
    Nowhere,
}

impl Route {
    pub(crate) fn name(self, frame: &Frame<'_>) -> String {
        self.name_in(&frame.table.header().fleet)
    }

    /// The same from the fleet alone.
    pub(crate) fn name_in(self, fleet: &[ModelEntry]) -> String {
        match self {
            Self::Model(id) => fleet[id].name.clone(),
            Self::Cache => "(cache)".to_owned(),
            Self::Nowhere => "(none)".to_owned(),
        }
    }
}

/// The route of a trial.
pub(crate) fn route(arm: &Arm, at: usize) -> Route {
    if arm.served[at] {
        return Route::Cache;
    }
    let model = arm.final_model(at).or_else(|| arm.first_model(at));
    model.map_or(Route::Nowhere, Route::Model)
}

/// Samples by the other route the candidate takes; ascending. With repeats the first one that both
/// arms have decides.
pub(crate) fn routed(
    frame: &Frame<'_>,
    baseline: &Arm,
    candidate: &Arm,
) -> BTreeMap<Route, Vec<u32>> {
    let samples = frame.table.samples().len();
    let mut slices: BTreeMap<Route, Vec<u32>> = BTreeMap::new();
    for sample in 0..samples {
        let present = |at: &usize| {
            let known = |arm: &Arm| arm.state[*at] != ScoreState::Missing;
            known(baseline) && known(candidate)
        };
        let first = (0..frame.table.repeats())
            .map(|repeat| repeat * samples + sample)
            .find(present);
        let Some(at) = first else { continue };
        let to = route(candidate, at);
        if to != route(baseline, at) {
            slices.entry(to).or_default().push(sample as u32);
        }
    }
    slices
}
