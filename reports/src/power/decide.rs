//! The gate's verdict on simulated differences, by the gate's own tests.

use std::collections::BTreeMap;
use std::sync::Mutex;

use weighbridge_record::SliceTier;

use crate::compare::{Evidence, Levels, Pairs, Slice, screen};
use crate::model::Outcome;
use crate::stats::paired::mcnemar_losses_exceed;

/// Proofs already decided, by slice, gains and losses: the exact test of one table is made once.
type Proofs = Mutex<BTreeMap<(usize, u64, u64), bool>>;

/// The tests of one gate.
#[derive(Debug)]
pub(super) struct Tests<'a> {
    pub(super) slices: &'a [Slice],
    pub(super) levels: Levels,
    /// Sign flips of the screen.
    pub(super) flips: u32,
    /// Seed of the screen.
    pub(super) seed: u64,
    proofs: Proofs,
}

/// What one simulated run came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Decided {
    pub(super) outcome: Outcome,
    /// Whether each slice blocks.
    pub(super) blocked: Vec<bool>,
}

impl<'a> Tests<'a> {
    pub(super) fn new(slices: &'a [Slice], levels: Levels, flips: u32, seed: u64) -> Self {
        Self {
            slices,
            levels,
            flips,
            seed,
            proofs: Mutex::default(),
        }
    }

    /// Evidence of every slice.
    pub(super) fn evidence(&self, pairs: &Pairs) -> Vec<Evidence> {
        let of = |slice: &Slice| Evidence::on(pairs, slice);
        self.slices.iter().map(of).collect()
    }

    /// The verdict on quality.
    pub(super) fn decide(&self, pairs: &Pairs, evidence: &[Evidence]) -> Decided {
        let blocked = self.blocked(pairs, evidence);
        let critical = |i: &usize| self.slices[*i].tier == SliceTier::Critical;
        let mut required = (0..self.slices.len()).filter(critical);
        let outcome = if blocked.contains(&true) {
            Outcome::Block
        } else if required.all(|i| self.proves(i, &evidence[i])) {
            Outcome::Pass
        } else {
            Outcome::Inconclusive
        };
        Decided { outcome, blocked }
    }

    fn blocked(&self, pairs: &Pairs, evidence: &[Evidence]) -> Vec<bool> {
        let mut all = self.slices.iter().zip(evidence);
        // Where the screen cannot fire it need not be made.
        if !all.any(|(slice, e)| self.can_fire(slice, e)) {
            let blocks = |(slice, e): (&Slice, &Evidence)| slice.blocks(e, None, &self.levels);
            return self.slices.iter().zip(evidence).map(blocks).collect();
        }
        let rows: Vec<&[u32]> = self
            .slices
            .iter()
            .filter(|s| s.gates())
            .map(|s| s.at.as_slice())
            .collect();
        let mut screened = screen(pairs, &rows, self.flips, self.seed).rows.into_iter();
        let blocks = |(slice, e): (&Slice, &Evidence)| {
            let p = slice.gates().then(|| screened.next().flatten()).flatten();
            slice.blocks(e, p, &self.levels)
        };
        self.slices.iter().zip(evidence).map(blocks).collect()
    }

    /// Whether the screen could block this slice: the point is beyond the margin, and the p-value that the
    /// screen can only raise is small enough.
    fn can_fire(&self, slice: &Slice, evidence: &Evidence) -> bool {
        let beyond = slice.gates() && evidence.n > 0 && evidence.mean < -slice.margin;
        let raw = evidence.plain_counts().map_or(0.0, mcnemar_losses_exceed);
        beyond && raw <= self.levels.family
    }

    /// Whether the screen is as good as certain to block this slice. Its p-value is at most Bonferroni's; at a
    /// fifth of the level, 500 random flips miss that with a chance below 1e-9.
    fn must_fire(&self, slice: &Slice, evidence: &Evidence) -> bool {
        let rows = self.slices.iter().filter(|s| s.gates()).count() as f64;
        let raw = evidence.plain_counts().map_or(1.0, mcnemar_losses_exceed);
        self.can_fire(slice, evidence) && raw * rows <= 0.2 * self.levels.family
    }

    /// The verdict alone, without the screen where it cannot matter: a slice blocks whose p-value is so small
    /// that the screen must fire, or whose critical limit is beyond the margin by itself.
    pub(super) fn outcome(&self, pairs: &Pairs, evidence: &[Evidence]) -> Outcome {
        let all = || self.slices.iter().zip(evidence);
        if all().any(|(slice, e)| self.must_fire(slice, e))
            || all().any(|(slice, e)| slice.blocks(e, None, &self.levels))
        {
            return Outcome::Block;
        }
        self.decide(pairs, evidence).outcome
    }

    /// Whether the margin of a slice is proven.
    pub(super) fn proves(&self, slice: usize, evidence: &Evidence) -> bool {
        let margin = self.slices[slice].margin;
        let Some(counts) = evidence.plain_counts() else {
            return evidence.proves(margin, self.levels.pass);
        };
        let key = (slice, counts.gains, counts.losses);
        let known = self.proofs.lock().map(|proofs| proofs.get(&key).copied());
        if let Ok(Some(known)) = known {
            return known;
        }
        let proves = evidence.proves(margin, self.levels.pass);
        if let Ok(mut proofs) = self.proofs.lock() {
            proofs.insert(key, proves);
        }
        proves
    }
}
