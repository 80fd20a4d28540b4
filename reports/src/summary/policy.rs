//! One policy on its own.

use std::collections::BTreeMap;

use super::mean::mean;
use crate::compare::{Frame, Route, per_sample, route};
use crate::model::{ModelShare, PolicySummary};
use crate::table::{Arm, Money, ScoreState};

/// The summary of the policy at a position of the run.
pub fn policy(frame: &Frame<'_>, policy: usize) -> PolicySummary {
    let entry = &frame.table.header().policies[policy];
    let arm = &frame.table.arms()[policy];
    let count = |state: ScoreState| arm.state.iter().filter(|s| **s == state).count() as u64;
    let mut spent = Money::default();
    arm.cost_usd
        .iter()
        .for_each(|&usd| spent += Money::of_usd(usd));
    let trials = arm.trials.max(1) as f64;
    let successes = arm.score.iter().filter(|s| **s >= 0.5).count();
    let models = models(frame, arm);
    let served = arm.served.iter().filter(|s| **s).count();
    let ledger = &arm.ledger;
    PolicySummary {
        name: entry.name.clone(),
        kind: entry.kind.clone(),
        role: entry.role,
        notes: entry.notes.clone(),
        scored: count(ScoreState::Value),
        failed: count(ScoreState::Failed),
        unscored: count(ScoreState::Unscored),
        missing: count(ScoreState::Missing),
        quality: mean(frame, &frame.scores[policy]),
        quality_worst: bound(arm, 0.0),
        quality_best: bound(arm, 1.0),
        cost_per_1k_usd: 1000.0 * spent.usd() / trials,
        cost_per_success_usd: (successes > 0).then(|| spent.usd() / successes as f64),
        calls_per_request: ledger.calls as f64 / trials,
        entropy_bits: entropy(&models),
        models,
        prompt_cache_hit_rate: (ledger.cache_known_input_tokens > 0)
            .then(|| ledger.cache_read_tokens as f64 / ledger.cache_known_input_tokens as f64),
        served_share: served as f64 / trials,
        served_quality: (served > 0).then(|| {
            let values = per_sample(frame.table, |at| arm.counted(at).filter(|_| arm.served[at]));
            mean(frame, &values)
        }),
    }
}

/// Mean over all planned trials with a stand-in for those without a score.
fn bound(arm: &Arm, stand_in: f64) -> f64 {
    let value = |at: usize| arm.counted(at).unwrap_or(stand_in);
    let total: f64 = (0..arm.state.len()).map(value).sum();
    total / arm.state.len().max(1) as f64
}

/// Shares by route over the trials in the log: models as in the fleet, the cache, nowhere. A trial
/// without an answer counts as nowhere, whatever was called.
fn models(frame: &Frame<'_>, arm: &Arm) -> Vec<ModelShare> {
    let mut counts: BTreeMap<Route, u64> = BTreeMap::new();
    for at in 0..arm.state.len() {
        if arm.state[at] == ScoreState::Missing {
            continue;
        }
        let answered = arm.served[at] || arm.final_model(at).is_some();
        let to = if answered {
            route(arm, at)
        } else {
            Route::Nowhere
        };
        *counts.entry(to).or_default() += 1;
    }
    let total: u64 = counts.values().sum();
    let share = |(to, n): (Route, u64)| ModelShare {
        model: to.name(frame),
        share: n as f64 / total as f64,
    };
    counts.into_iter().map(share).collect()
}

/// Shannon entropy in bits.
fn entropy(shares: &[ModelShare]) -> f64 {
    let term = |s: &ModelShare| s.share * s.share.log2();
    0.0 - shares
        .iter()
        .filter(|s| s.share > 0.0)
        .map(term)
        .sum::<f64>()
}
