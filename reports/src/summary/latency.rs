//! Latency of one policy.

use super::ecdf;
use crate::compare::{Frame, LEVEL, has_ttft, ttft};
use crate::model::{LatencySummary, QuantileEstimate};
use crate::stats::quantile::{quantile, quantile_interval};
use crate::table::{Arm, ScoreState};

/// The arms that recorded times to first token, in the order of the run.
pub fn latencies(frame: &Frame<'_>) -> Vec<LatencySummary> {
    let policies = &frame.table.header().policies;
    let arms = policies.iter().zip(frame.table.arms());
    arms.filter(|(_, arm)| has_ttft(arm))
        .map(|(entry, arm)| latency(&entry.name, arm))
        .collect()
}

/// Quantiles with order-statistic intervals. Failed trials are infinite and stay in; trials that
/// answered without the time in question and those of the warm-up are left out.
pub fn latency(policy: &str, arm: &Arm) -> LatencySummary {
    let all = 0..arm.state.len();
    let first = sorted(all.clone().filter_map(|at| ttft(arm, at)));
    let end = sorted(all.clone().filter_map(|at| whole(arm, at)));
    // A decision takes its time whether or not the answer then fails.
    let router = sorted(
        all.map(|at| f64::from(arm.router_ms[at]))
            .filter(|ms| !ms.is_nan()),
    );
    LatencySummary {
        policy: policy.to_owned(),
        ttft: quantiles(&first, &[0.5, 0.9, 0.95, 0.99]),
        e2e: quantiles(&end, &[0.5, 0.95]),
        router: quantiles(&router, &[0.5, 0.95, 0.99]),
        ecdf: ecdf(&first),
    }
}

fn whole(arm: &Arm, at: usize) -> Option<f64> {
    if arm.is_warmup[at] {
        return None;
    }
    match arm.state[at] {
        ScoreState::Missing => None,
        ScoreState::Failed => Some(f64::INFINITY),
        ScoreState::Value | ScoreState::Unscored => {
            Some(f64::from(arm.e2e_ms[at])).filter(|ms| !ms.is_nan())
        }
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

fn quantiles(sorted: &[f64], which: &[f64]) -> Vec<QuantileEstimate> {
    let finite = |ms: f64| Some(ms).filter(|ms| ms.is_finite());
    let at = |&q: &f64| {
        let bounds = quantile_interval(sorted, q, LEVEL).ok()?;
        Some(QuantileEstimate {
            q,
            value_ms: finite(quantile(sorted, q).ok()?),
            lower_ms: bounds.lo.and_then(finite),
            upper_ms: bounds.hi.and_then(finite),
            n: sorted.len() as u64,
        })
    };
    // Without values there is nothing to say, not even that it is unbounded.
    which.iter().filter_map(at).collect()
}
