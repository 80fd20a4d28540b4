//! The self-test of one candidate.

use rand::Rng;
use rayon::prelude::*;
use serde::Serialize;
use weighbridge_record::SliceTier;

use super::base::Base;
use super::run::Options;
use crate::calibrate::{Share, stream};
use crate::compare::{Bench, Frame};
use crate::model::{Outcome, Verdict};
use crate::stats::special::{norm_cdf, norm_quantile};

/// Losses injected where none are named, beside 0 and the margin; twice the margin where all of
/// them lie within it.
const LOSSES: [f64; 4] = [0.02, 0.05, 0.10, 0.20];

/// The gate under one injected loss.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// True loss on the target, in score units.
    pub loss: f64,
    /// True loss over all samples.
    pub overall_loss: f64,
    /// Share of PASS.
    pub pass: Share,
    /// Share of BLOCK.
    pub block: Share,
    /// Share of INCONCLUSIVE.
    pub inconclusive: Share,
    /// Share of BLOCK that the upper limit of the target alone gives, by arithmetic:
    /// `Phi((loss - margin) / se - z)`, `se^2 = (mean square - loss^2) / n * design effect`. The
    /// screen can only add to it. Absent for guarded slices, which the screen alone blocks, and at
    /// losses up to the margin.
    pub planned_block: Option<f64>,
    /// Outcome of the first draw.
    pub example: Outcome,
    /// What the gate said of it.
    pub sentence: String,
}

/// Losses injected into one target.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetTest {
    /// Slice, or `overall`.
    pub slice: String,
    /// How strongly it is guarded.
    pub tier: SliceTier,
    /// Pairs in it.
    pub n: u64,
    /// Its margin.
    pub margin: f64,
    /// Share of its samples that flip.
    pub flip_rate: f64,
    /// Largest loss that can be injected: the expected score of either arm.
    pub most: f64,
    /// One row per loss, ascending.
    pub rows: Vec<Row>,
    /// Losses that were asked for and are more than there is to lose.
    pub impossible: Vec<f64>,
}

/// The self-test of one candidate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CandidateTest {
    /// The candidate.
    pub candidate: String,
    /// The baseline.
    pub baseline: String,
    /// Targets: overall and the critical slices, or the one asked for.
    pub targets: Vec<TargetTest>,
    /// Whether the gate behaves.
    pub behaves: bool,
    /// What was found, in plain sentences; the first says whether it behaves.
    pub findings: Vec<String>,
}

/// Samples into which losses are injected.
pub(super) struct Target {
    pub(super) slice: String,
    pub(super) tier: SliceTier,
    pub(super) margin: f64,
    pub(super) members: Vec<u32>,
    pub(super) design_effect: f64,
}

/// Injects every loss into every target.
pub(super) fn test(
    frame: &Frame<'_>,
    bench: &Bench<'_>,
    base: &Base,
    names: (&str, &str),
    targets: &[Target],
    options: &Options,
) -> CandidateTest {
    let targets: Vec<TargetTest> = targets
        .iter()
        .map(|target| one(frame, bench, base, names.1, target, options))
        .collect();
    let (behaves, findings) = super::conclude::conclude(&targets, &frame.levels, options);
    CandidateTest {
        candidate: names.1.to_owned(),
        baseline: names.0.to_owned(),
        targets,
        behaves,
        findings,
    }
}

fn one(
    frame: &Frame<'_>,
    bench: &Bench<'_>,
    base: &Base,
    candidate: &str,
    target: &Target,
    options: &Options,
) -> TargetTest {
    let mut out = TargetTest {
        slice: target.slice.clone(),
        tier: target.tier,
        n: base.pairs(&target.members),
        margin: target.margin,
        flip_rate: base.flip_rate(&target.members),
        most: base.level(&target.members),
        rows: Vec::new(),
        impossible: Vec::new(),
    };
    for loss in losses(target.margin, options) {
        let Some(injection) = base.injection(&target.members, loss) else {
            out.impossible.push(loss);
            continue;
        };
        let verdicts: Vec<Verdict> = (0..u64::from(options.trials))
            .into_par_iter()
            .map(|trial| {
                let mut rng = stream(options.seed, &[candidate, &target.slice], loss, trial);
                let (b, c) = base.draw(&target.members, injection.spoil, &mut rng);
                bench.judge(&b, &c, rng.next_u64())
            })
            .collect();
        let share = |outcome: Outcome| {
            let count = verdicts.iter().filter(|v| v.outcome == outcome).count();
            Share::new(count as u64, u64::from(options.trials))
        };
        let blocks_alone = target.tier == SliceTier::Critical && loss > target.margin;
        out.rows.push(Row {
            loss,
            overall_loss: injection.overall,
            pass: share(Outcome::Pass),
            block: share(Outcome::Block),
            inconclusive: share(Outcome::Inconclusive),
            planned_block: blocks_alone.then(|| {
                let spread = (injection.mean_square - loss * loss).max(0.0);
                let se = (spread * target.design_effect / out.n.max(1) as f64).sqrt();
                let z = norm_quantile(1.0 - frame.levels.limit);
                norm_cdf((loss - target.margin) / se.max(1e-12) - z)
            }),
            example: verdicts[0].outcome,
            sentence: verdicts[0].sentence.clone(),
        });
    }
    out
}

/// Ascending, each once.
fn losses(margin: f64, options: &Options) -> Vec<f64> {
    let mut losses = match &options.losses {
        named if !named.is_empty() => named.clone(),
        _ => [0.0, margin].into_iter().chain(LOSSES).collect(),
    };
    if options.losses.is_empty() && losses.iter().all(|&loss| loss <= margin) {
        losses.push(2.0 * margin);
    }
    losses.sort_unstable_by(f64::total_cmp);
    losses.dedup();
    losses
}
