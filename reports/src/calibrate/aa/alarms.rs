//! What the gate says where nothing changed.

use rand::Rng;
use rayon::prelude::*;
use serde::Serialize;
use weighbridge_record::SliceTier;

use super::draws::Draws;
use super::flips::{LEVEL, flips};
use super::run::AaOptions;
use crate::calibrate::{Coins, Share, stream};
use crate::compare::{Frame, measure_scores};
use crate::model::{Estimate, Outcome, SliceResult, SliceState};
use crate::stats::proportion::clopper_pearson_upper;
use crate::stats::special::norm_quantile;

/// The noise of one slice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SliceNoise {
    /// Slice, or `overall`.
    pub slice: String,
    /// How strongly it is guarded.
    pub tier: SliceTier,
    /// Its margin.
    pub margin: f64,
    /// Share of A/A pairs whose scores differ, with its interval.
    pub flip_rate: Estimate,
    /// Mean absolute difference of the scores of an A/A pair.
    pub mean_change: f64,
    /// Share of trials in which the slice alone was blocked.
    pub false_alarms: Share,
    /// Share of trials in which its margin was proven.
    pub proven: Share,
    /// A difference of less than this, in score units, cannot be told from noise.
    pub noise_floor: f64,
    /// Whether the floor is that of the highest flip rate not excluded, as no sample flipped.
    pub floor_by_limit: bool,
}

/// What the gate says over all trials.
pub(super) struct Alarms {
    pub(super) slices: Vec<SliceNoise>,
    pub(super) pass: Share,
    pub(super) block: Share,
    pub(super) inconclusive: Share,
}

/// Judges random splits of the draws.
pub(super) fn alarms(
    frame: &Frame<'_>,
    draws: &Draws<'_>,
    name: &str,
    options: &AaOptions,
) -> Alarms {
    let trials: Vec<Vec<SliceResult>> = (0..u64::from(options.trials))
        .into_par_iter()
        .map(|trial| {
            let mut rng = stream(options.seed, &["aa", name], 0.0, trial);
            let (a, b) = split(frame, draws, &mut |n| rng.below(n));
            measure_scores(frame, draws.arm(), &a, &b, rng.next_u64())
        })
        .collect();
    let all = u64::from(options.trials);
    let share = |what: &dyn Fn(&[SliceResult]) -> bool| {
        Share::new(trials.iter().filter(|t| what(t)).count() as u64, all)
    };
    let names = trials.first().map_or(0, Vec::len);
    Alarms {
        slices: (0..names)
            .map(|slice| noise(frame, draws, &trials, slice))
            .collect(),
        pass: share(&|t| outcome(t) == Outcome::Pass),
        block: share(&|t| outcome(t) == Outcome::Block),
        inconclusive: share(&|t| outcome(t) == Outcome::Inconclusive),
    }
}

/// Two different draws for each cluster, in a random order.
fn split(
    frame: &Frame<'_>,
    draws: &Draws<'_>,
    below: &mut dyn FnMut(usize) -> usize,
) -> (Vec<f64>, Vec<f64>) {
    let samples = frame.table.samples().len();
    let clusters = match &frame.clusters {
        Some(clusters) => clusters.clone(),
        None => (0..samples as u32).collect(),
    };
    let count = clusters.iter().max().map_or(0, |&last| last as usize + 1);
    let n = draws.len();
    let chosen: Vec<(usize, usize)> = (0..count)
        .map(|_| {
            let first = below(n);
            let second = below(n - 1);
            (first, second + usize::from(second >= first))
        })
        .collect();
    let column = |pick: fn(&(usize, usize)) -> usize| -> Vec<f64> {
        let score = |(sample, &cluster): (usize, &u32)| {
            draws.score(pick(&chosen[cluster as usize]), sample)
        };
        clusters.iter().enumerate().map(score).collect()
    };
    (column(|pair| pair.0), column(|pair| pair.1))
}

/// What the claims on scores come to: the overall one and those on critical slices must be proven.
pub(super) fn outcome(slices: &[SliceResult]) -> Outcome {
    let any = |what: &dyn Fn(&SliceResult) -> bool| slices.iter().any(what);
    if any(&|s| s.verdict == SliceState::Blocked) {
        Outcome::Block
    } else if any(&|s| s.tier == SliceTier::Critical && s.verdict != SliceState::Proven) {
        Outcome::Inconclusive
    } else {
        Outcome::Pass
    }
}

fn noise(
    frame: &Frame<'_>,
    draws: &Draws<'_>,
    trials: &[Vec<SliceResult>],
    slice: usize,
) -> SliceNoise {
    let first = &trials[0][slice];
    let all: Vec<u32> = (0..frame.table.samples().len() as u32).collect();
    let members = match slice {
        0 => &all,
        _ => &frame.slices[slice - 1].members,
    };
    let flips = flips(frame, draws, members);
    let share = |what: &dyn Fn(&SliceState) -> bool| {
        let count = trials.iter().filter(|t| what(&t[slice].verdict)).count();
        Share::new(count as u64, trials.len() as u64)
    };
    let still = flips.mean_change == 0.0;
    SliceNoise {
        slice: first.name.clone(),
        tier: first.tier,
        margin: first.margin,
        mean_change: flips.mean_change,
        false_alarms: share(&|s| *s == SliceState::Blocked),
        proven: share(&|s| *s == SliceState::Proven),
        noise_floor: if still {
            floor_by_limit(flips.units)
        } else {
            floor(trials.iter().map(|t| t[slice].difference.point.abs()))
        },
        floor_by_limit: still,
        flip_rate: flips.rate,
    }
}

/// The 95 % quantile of absolute differences, the next value up.
fn floor(differences: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = differences.collect();
    all.sort_unstable_by(f64::total_cmp);
    let rank = (LEVEL * (all.len() + 1) as f64).ceil() as usize;
    all[rank.clamp(1, all.len()) - 1]
}

/// The floor at the highest flip rate that `n` clusters without a flip do not exclude; 1 without
/// any.
fn floor_by_limit(n: u64) -> f64 {
    if n == 0 {
        return 1.0;
    }
    let rate = clopper_pearson_upper(0, n, 1.0 - LEVEL).unwrap_or(1.0);
    let z = norm_quantile(0.5 + 0.5 * LEVEL);
    (z * (rate / n as f64).sqrt()).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_a_quantile_and_never_nothing() {
        let values = (1..=99).map(f64::from);
        assert_eq!(floor(values), 95.0);
        // The rule of three: 1 - .05^(1/300) = .00994.
        assert!((floor_by_limit(300) - 1.96 * (0.00994_f64 / 300.0).sqrt()).abs() < 1e-5);
        assert_eq!(floor_by_limit(0), 1.0);
    }
}
