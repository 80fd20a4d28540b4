//! How often the score and the answer of a sample change from draw to draw.

use std::collections::BTreeSet;

use super::Answers;
use super::draws::Draws;
use crate::compare::{Frame, Spread};
use crate::model::Estimate;
use crate::stats::Interval;
use crate::stats::proportion::{clopper_pearson, wilson};

/// Two-sided level of the intervals.
pub(super) const LEVEL: f64 = 0.95;

/// Share of pairs of draws whose scores differ, and the mean size of the difference.
pub(super) struct Flips {
    pub(super) rate: Estimate,
    pub(super) mean_change: f64,
    /// Clusters that have an A/A pair.
    pub(super) units: u64,
}

/// Flips over some samples. With two draws and no clusters Wilson's interval; without any flip the
/// exact binomial one over clusters, which are taken to flip as one; otherwise the mean of the
/// samples' shares, with the interval that such means get.
pub(super) fn flips(frame: &Frame<'_>, draws: &Draws<'_>, members: &[u32]) -> Flips {
    let (mut shares, mut at) = (Vec::new(), Vec::new());
    let mut change = 0.0;
    for &sample in members {
        let (mut differ, mut size, mut pairs) = (0.0, 0.0, 0.0);
        for (x, y) in draws.pairs() {
            let (a, b) = (
                draws.score(x, sample as usize),
                draws.score(y, sample as usize),
            );
            if a.is_nan() || b.is_nan() {
                continue;
            }
            pairs += 1.0;
            size += (a - b).abs();
            differ += f64::from(u8::from(a != b));
        }
        if pairs > 0.0 {
            shares.push(differ / pairs);
            change += size / pairs;
            at.push(sample);
        }
    }
    let n = shares.len();
    Flips {
        mean_change: if n == 0 { 0.0 } else { change / n as f64 },
        units: units(frame, &at),
        rate: rate(frame, draws, &shares, &at),
    }
}

/// Clusters among some samples.
fn units(frame: &Frame<'_>, at: &[u32]) -> u64 {
    let Some(clusters) = &frame.clusters else {
        return at.len() as u64;
    };
    let ids: BTreeSet<u32> = at.iter().map(|&i| clusters[i as usize]).collect();
    ids.len() as u64
}

fn rate(frame: &Frame<'_>, draws: &Draws<'_>, shares: &[f64], at: &[u32]) -> Estimate {
    let n = shares.len() as u64;
    let total: f64 = shares.iter().sum();
    let estimate = |found: Option<Interval>, method: &str| Estimate {
        point: if n == 0 { 0.0 } else { total / n as f64 },
        lower: found.map(|i| i.lo),
        upper: found.map(|i| i.hi),
        level: LEVEL,
        n,
        method: method.to_owned(),
    };
    if draws.len() == 2 && frame.clusters.is_none() {
        // Whole numbers: each sample has one pair.
        let found = wilson(total as u64, n, LEVEL).ok();
        return estimate(found, "Wilson");
    }
    if total == 0.0 {
        let found = clopper_pearson(0, units(frame, at), LEVEL).ok();
        return estimate(found, "Clopper-Pearson over clusters");
    }
    Spread::of(frame, shares, at).estimate(LEVEL)
}

/// Among pairs of draws with the same score and two answers: the share whose answers differ, and the
/// number of samples it rests on.
pub(super) fn reworded(draws: &Draws<'_>, answers: &Answers, samples: usize) -> Option<(f64, u64)> {
    let (mut sum, mut n) = (0.0, 0u64);
    for sample in 0..samples {
        let (mut differ, mut pairs) = (0.0, 0.0);
        for (x, y) in draws.pairs() {
            let both = (
                draws.answer(answers, x, sample),
                draws.answer(answers, y, sample),
            );
            let (Some(a), Some(b)) = both else { continue };
            if draws.score(x, sample) == draws.score(y, sample) {
                pairs += 1.0;
                differ += f64::from(u8::from(a != b));
            }
        }
        if pairs > 0.0 {
            sum += differ / pairs;
            n += 1;
        }
    }
    (n > 0).then(|| (sum / n as f64, n))
}
