//! Change of the time to first token, paired by sample.

use std::collections::BTreeMap;

use super::pairs::Pairs;
use super::{Evidence, Frame, LEVEL, has_ttft, per_sample};
use crate::model::{Estimate, LatencyChange};
use crate::stats::quantile::quantile;
use crate::stats::rank::SignedRankShift;
use crate::table::{Arm, ScoreState};

/// Log ratio that stands for "one arm failed": beyond every measured ratio, and finite.
const FAILED_LOG_RATIO: f64 = 1e3;

/// Latency of two arms.
#[derive(Debug, Clone)]
pub(crate) struct Latency {
    pub(crate) change: LatencyChange,
    /// Exceedance of the objective, baseline minus candidate; `None` where none is set.
    pub(crate) slo: Option<Evidence>,
    /// Share of the samples whose latency is known in both arms.
    pub(crate) known: f64,
}

impl Latency {
    /// `None` unless both arms recorded times to first token.
    pub(crate) fn of(frame: &Frame<'_>, baseline: &Arm, candidate: &Arm) -> Option<Self> {
        if !has_ttft(baseline) || !has_ttft(candidate) {
            return None;
        }
        let slo = frame.table.header().gate.ttft_slo_ms.map(|objective| {
            let over = |arm: &Arm| {
                per_sample(frame.table, |at| {
                    ttft(arm, at).map(|ms| if ms > objective { 1.0 } else { 0.0 })
                })
            };
            let pairs = Pairs::new(frame, &over(candidate), &over(baseline));
            Evidence::of(&pairs, &pairs.all())
        });
        let logs = |arm: &Arm| per_sample(frame.table, |at| ttft(arm, at).map(f64::ln));
        let pairs = Pairs::new(frame, &logs(baseline), &logs(candidate));
        let change = |p: f64| Some(at_quantile(candidate, p)? - at_quantile(baseline, p)?);
        Some(Self {
            change: LatencyChange {
                ttft_ratio: ratio(&pairs),
                p50_change_ms: change(0.5),
                p95_change_ms: change(0.95),
                slo_rise: slo.as_ref().map(Evidence::mirrored),
            },
            slo,
            known: pairs.len() as f64 / counted(frame, baseline, candidate).max(1) as f64,
        })
    }
}

/// Samples that have a latency after the warm-up, if all goes well.
fn counted(frame: &Frame<'_>, baseline: &Arm, candidate: &Arm) -> usize {
    let counts = |arm: &Arm| per_sample(frame.table, |at| (!arm.is_warmup[at]).then_some(1.0));
    let both = counts(baseline).into_iter().zip(counts(candidate));
    both.filter(|(b, c)| !b.is_nan() && !c.is_nan()).count()
}

/// Time to first token of a trial: infinite where it failed, `None` where it is not known or belongs to
/// the warm-up.
pub(crate) fn ttft(arm: &Arm, at: usize) -> Option<f64> {
    if arm.is_warmup[at] {
        return None;
    }
    match arm.state[at] {
        ScoreState::Missing => None,
        ScoreState::Failed => Some(f64::INFINITY),
        ScoreState::Value | ScoreState::Unscored => {
            let ms = f64::from(arm.ttft_ms[at]);
            // A served answer can have taken no measurable time; its logarithm must stay finite.
            (!ms.is_nan()).then(|| ms.max(1e-6))
        }
    }
}

/// A quantile over all trials; `None` where it falls on failed ones.
fn at_quantile(arm: &Arm, p: f64) -> Option<f64> {
    let mut values: Vec<f64> = (0..arm.state.len())
        .filter_map(|at| ttft(arm, at))
        .collect();
    values.sort_unstable_by(f64::total_cmp);
    quantile(&values, p).ok().filter(|ms| ms.is_finite())
}

/// Typical ratio: Hodges-Lehmann on log ratios, one mean per cluster.
fn ratio(pairs: &Pairs) -> Option<Estimate> {
    let logs: Vec<f64> = pairs
        .baseline
        .iter()
        .zip(&pairs.candidate)
        .map(|(b, c)| match (b.is_finite(), c.is_finite()) {
            (true, true) => c - b,
            (true, false) => FAILED_LOG_RATIO,
            (false, true) => -FAILED_LOG_RATIO,
            (false, false) => 0.0,
        })
        .collect();
    let units = match &pairs.clusters {
        Some(ids) => cluster_means(&logs, ids),
        None => logs,
    };
    let found = SignedRankShift::new(&units, LEVEL).ok()?;
    // A limit among the stand-ins of failed requests is no number.
    let back = |log: f64| Some(log.exp()).filter(|_| log.abs() < 0.25 * FAILED_LOG_RATIO);
    Some(Estimate {
        point: back(found.shift)?,
        lower: found.bounds.lo.and_then(back),
        upper: found.bounds.hi.and_then(back),
        level: LEVEL,
        n: pairs.len() as u64,
        method: "Hodges-Lehmann on paired log ratios, signed-rank interval".to_owned(),
    })
}

fn cluster_means(values: &[f64], ids: &[u32]) -> Vec<f64> {
    let mut groups: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for (&x, &id) in values.iter().zip(ids) {
        let group = groups.entry(id).or_default();
        group.0 += x;
        group.1 += 1.0;
    }
    groups.into_values().map(|(sum, n)| sum / n).collect()
}
