//! One slice of a comparison.

use weighbridge_record::SliceTier;

use super::evidence::gather;
use super::pairs::Pairs;
use super::{Evidence, Levels};
use crate::model::{SliceKind, SliceResult, SliceState};
use crate::stats::westfall_young::SliceP;

/// What a slice is, with the pairs in it.
#[derive(Debug, Clone)]
pub(crate) struct Slice {
    pub(crate) name: String,
    pub(crate) kind: SliceKind,
    pub(crate) tier: SliceTier,
    pub(crate) margin: f64,
    /// Its samples, ascending.
    pub(crate) members: Vec<u32>,
    /// Positions of its pairs.
    pub(crate) at: Vec<u32>,
}

impl Slice {
    /// Whether the screen covers it.
    pub(crate) fn gates(&self) -> bool {
        self.tier != SliceTier::Exploratory
    }

    /// The slice measured. `simultaneous` is the one-sided rate of its simultaneous bound.
    pub(crate) fn measure(
        &self,
        pairs: &Pairs,
        evidence: &Evidence,
        levels: &Levels,
        simultaneous: f64,
    ) -> SliceResult {
        let some = evidence.n > 0;
        let bound = |alpha: f64| some.then(|| loss_bound(evidence, alpha));
        SliceResult {
            name: self.name.clone(),
            kind: self.kind,
            tier: self.tier,
            n: evidence.n,
            clusters: evidence.clusters,
            baseline: mean(&gather(&pairs.baseline, &self.at)),
            candidate: mean(&gather(&pairs.candidate, &self.at)),
            difference: evidence.estimate(),
            gains: evidence.gains,
            losses: evidence.losses,
            margin: self.margin,
            certified_loss: bound(levels.pass),
            simultaneous_loss: bound(simultaneous),
            noninferiority_p: evidence.noninferiority_p(self.margin),
            worse_p: None,
            worse_p_adjusted: None,
            shrunken: None,
            verdict: SliceState::Empty,
        }
    }

    /// Fills in what the screen said and what it comes to.
    pub(crate) fn conclude(
        &self,
        result: &mut SliceResult,
        evidence: &Evidence,
        screened: Option<SliceP>,
        levels: &Levels,
    ) {
        result.worse_p = screened.map(|p| p.p_raw).or_else(|| evidence.worse_p());
        result.worse_p_adjusted = screened.map(|p| p.p_step_down);
        result.verdict = self.state(evidence, screened, levels);
    }

    fn state(&self, evidence: &Evidence, screened: Option<SliceP>, levels: &Levels) -> SliceState {
        if evidence.n == 0 {
            return SliceState::Empty;
        }
        if !self.gates() {
            return SliceState::Exploratory;
        }
        if self.blocks(evidence, screened, levels) {
            return SliceState::Blocked;
        }
        if evidence.proves(self.margin, levels.pass) {
            return SliceState::Proven;
        }
        SliceState::Undecided {
            needs_n: evidence.needed(self.margin, levels.pass),
        }
    }
}

impl Slice {
    /// Whether it blocks: the screen fires and the point is beyond the margin, or, for a claim that must
    /// be proven, the upper limit is.
    pub(crate) fn blocks(
        &self,
        evidence: &Evidence,
        screened: Option<SliceP>,
        levels: &Levels,
    ) -> bool {
        // No limit lies beyond the margin where the point does not.
        if !self.gates() || evidence.n == 0 || evidence.mean >= -self.margin {
            return false;
        }
        screened.is_some_and(|p| p.p_step_down <= levels.family)
            || (self.tier == SliceTier::Critical && evidence.upper(levels.limit) < -self.margin)
    }
}

/// A loss larger than this is excluded at `1 - alpha`; 0 when any loss is.
pub(crate) fn loss_bound(evidence: &Evidence, alpha: f64) -> f64 {
    (0.0 - evidence.lower(alpha)).max(0.0)
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.iter().sum::<f64>() / values.len() as f64
}
