//! Policies, models, fallbacks and gateways.

use super::declared::declared;
use super::outages::outages;
use crate::model::{
    FailureTimeline, Fallback, GatewayReliability, ModelReliability, PolicyReliability,
    Reliability, TimelineUnit, TriesSummary, TtftSplit,
};
use crate::stats::quantile::quantile;
use crate::table::{Arm, RunTable, ScoreState, Tries};

/// What failed; `None` where nothing failed, was tried again or was held back by a limit.
pub(in crate::assemble) fn reliability(table: &RunTable) -> Option<Reliability> {
    let header = table.header();
    let models = by_model(table);
    let notes = header.notes.iter();
    let limits: Vec<(String, String)> = notes
        .filter_map(|(key, text)| Some((key.strip_prefix("limits.")?.to_owned(), text.clone())))
        .collect();
    let declared = declared(&header.experiment);
    let is_quiet = limits.is_empty()
        && declared.is_empty()
        && models.iter().all(|(_, tries)| {
            let gateway = &tries.gateway;
            tries.failed() + tries.retries + gateway.retries + gateway.fallbacks == 0
        });
    if is_quiet {
        return None;
    }
    let timeline = timeline(table, &models);
    let arms = || header.policies.iter().zip(table.arms());
    Some(Reliability {
        policies: arms().map(|(p, arm)| policy(&p.name, arm)).collect(),
        fallbacks: arms()
            .flat_map(|(p, arm)| fallbacks(table, &p.name, arm))
            .collect(),
        gateways: gateways(table, &models),
        models: models
            .iter()
            .map(|(at, tries)| ModelReliability {
                model: model_name(table, *at),
                backend: backend(table, *at),
                tries: summary(tries),
            })
            .collect(),
        declared,
        outages: timeline.as_ref().map(outages).unwrap_or_default(),
        limits,
        timeline,
    })
}

/// Models with an attempt, by position in the fleet, over all policies.
fn by_model(table: &RunTable) -> Vec<(usize, Tries)> {
    let mut all = vec![Tries::default(); table.header().fleet.len() + 1];
    for arm in table.arms() {
        for (sum, tries) in all.iter_mut().zip(&arm.reliability.models) {
            sum.merge(tries);
        }
    }
    let called = all.into_iter().enumerate();
    called.filter(|(_, tries)| tries.attempts > 0).collect()
}

fn model_name(table: &RunTable, at: usize) -> String {
    let model = table.header().fleet.get(at);
    model.map_or_else(|| "not in the fleet".to_owned(), |m| m.name.clone())
}

/// The backend of a model, as the experiment says; else what kind of model it is.
fn backend(table: &RunTable, at: usize) -> String {
    let header = table.header();
    let Some(model) = header.fleet.get(at) else {
        return "none".to_owned();
    };
    let written = header.experiment["models"].as_array();
    let named = written
        .and_then(|models| models.iter().find(|m| m["name"] == model.name.as_str()))
        .and_then(|m| m["backend"].as_str());
    let is_recorded = model.dialect == "recorded";
    let named = named.filter(|_| !is_recorded);
    named.unwrap_or(&model.dialect).to_owned()
}

fn summary(tries: &Tries) -> TriesSummary {
    let failures = tries.failures.iter();
    TriesSummary {
        attempts: tries.attempts,
        answered: tries.answered,
        failures: failures
            .map(|(kind, n)| (kind.as_str().to_owned(), *n))
            .collect(),
        retries: tries.retries,
        retries_answered: tries.retries_answered,
        failed_usd: tries.failed.usd(),
        failed_ms: tries.failed_us as f64 / 1e3,
        backoff_ms: tries.backoff_us as f64 / 1e3,
        held: tries.held,
        held_ms: tries.held_us as f64 / 1e3,
    }
}

fn policy(name: &str, arm: &Arm) -> PolicyReliability {
    let reliability = &arm.reliability;
    let mut tries = Tries::default();
    reliability.models.iter().for_each(|t| tries.merge(t));
    let by_fallback = reliability.fallbacks.values().map(|a| a.trials).sum();
    PolicyReliability {
        policy: name.to_owned(),
        tries: summary(&tries),
        met: reliability.met,
        lost: reliability.lost,
        by_retry: reliability.by_retry,
        by_fallback,
        discarded_usd: arm.ledger.discarded.usd(),
        ttft_met: ttft(arm, true),
        ttft_clean: ttft(arm, false),
    }
}

/// Times of the answered trials in which an attempt failed, or of those in which none did.
fn ttft(arm: &Arm, met: bool) -> Option<TtftSplit> {
    let answered = |at: &usize| {
        arm.any_error[*at] == met
            && matches!(arm.state[*at], ScoreState::Value | ScoreState::Unscored)
    };
    let times = (0..arm.state.len()).filter(answered);
    let mut times: Vec<f64> = times
        .map(|at| f64::from(arm.ttft_ms[at]))
        .filter(|ms| !ms.is_nan())
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    Some(TtftSplit {
        n: times.len() as u64,
        p50_ms: quantile(&times, 0.5).ok()?,
        p95_ms: quantile(&times, 0.95).ok()?,
    })
}

fn fallbacks(table: &RunTable, policy: &str, arm: &Arm) -> Vec<Fallback> {
    let all = arm.reliability.fallbacks.iter();
    all.map(|((from, to), answers)| Fallback {
        policy: policy.to_owned(),
        from: model_name(table, *from),
        to: to.map(|to| model_name(table, to)),
        requests: answers.trials,
        scored: answers.scored,
        quality: (answers.scored > 0)
            .then(|| answers.score_e9 as f64 / 1e9 / answers.scored as f64),
        cost_per_request_usd: answers.cost.usd() / answers.trials.max(1) as f64,
    })
    .collect()
}

fn timeline(table: &RunTable, models: &[(usize, Tries)]) -> Option<FailureTimeline> {
    let failed = || models.iter().filter(|(_, tries)| tries.failed() > 0);
    let step = failed().map(|(_, tries)| tries.timeline.step()).max()?;
    let unit = match table.header().mode {
        weighbridge_record::Mode::Live => TimelineUnit::Milliseconds,
        weighbridge_record::Mode::Replay => TimelineUnit::Samples,
    };
    let line = |(at, tries): &(usize, Tries)| {
        let line = tries.timeline.clone().in_steps_of(step);
        (model_name(table, *at), line.steps().to_vec())
    };
    Some(FailureTimeline {
        unit,
        step,
        models: failed().map(line).collect(),
    })
}

fn gateways(table: &RunTable, models: &[(usize, Tries)]) -> Vec<GatewayReliability> {
    let said = models.iter().filter(|(_, tries)| {
        let gateway = &tries.gateway;
        gateway.told + gateway.priced > 0
    });
    said.map(|(at, tries)| {
        let gateway = &tries.gateway;
        GatewayReliability {
            model: model_name(table, *at),
            backend: backend(table, *at),
            told: gateway.told,
            retried: gateway.retried,
            retries: gateway.retries,
            fallbacks: gateway.fallbacks,
            priced: gateway.priced,
            said_usd: gateway.said.usd(),
            ledger_usd: gateway.ours.usd(),
        }
    })
    .collect()
}
