//! Metrics and items of a joined run, before and after.

use super::header::join_of;
use crate::compare::Frame;
use crate::model::{ItemChange, LatencySummary, MetricChange, MetricUnit, PolicySummary, RunDiff};
use crate::summary;

/// A sample with a mean score below this fails.
const SUCCESS: f64 = 0.5;

/// What differs between the two runs of a joined one; `None` for any other run.
pub(crate) fn diff(frame: &Frame<'_>) -> Option<RunDiff> {
    let header = frame.table.header();
    let join = join_of(header)?;
    if header.policies.len() != 2 {
        return None;
    }
    let mut diff = RunDiff {
        join,
        metrics: metrics(frame),
        new_failures: Vec::new(),
        fixed: Vec::new(),
        still_failing: Vec::new(),
        unjudged: Vec::new(),
    };
    let slices = slice_names(frame);
    for (sample, slices) in slices.into_iter().enumerate() {
        let (a, b) = (frame.scores[0][sample], frame.scores[1][sample]);
        let id = frame.table.samples()[sample].id.to_string();
        if a.is_nan() || b.is_nan() {
            diff.unjudged.push(id);
            continue;
        }
        let list = match (a >= SUCCESS, b >= SUCCESS) {
            (true, true) => continue,
            (true, false) => &mut diff.new_failures,
            (false, true) => &mut diff.fixed,
            (false, false) => &mut diff.still_failing,
        };
        list.push(ItemChange {
            sample: id,
            slices,
            a,
            b,
            model_a: model(frame, 0, sample),
            model_b: model(frame, 1, sample),
        });
    }
    Some(diff)
}

fn slice_names(frame: &Frame<'_>) -> Vec<Vec<String>> {
    let mut names = vec![Vec::new(); frame.table.samples().len()];
    for slice in &frame.slices {
        for &member in &slice.members {
            names[member as usize].push(slice.name.clone());
        }
    }
    names
}

fn model(frame: &Frame<'_>, policy: usize, sample: usize) -> Option<String> {
    let at = frame.table.arms()[policy].final_model(sample)?;
    Some(frame.table.header().fleet[at].name.clone())
}

fn metrics(frame: &Frame<'_>) -> Vec<MetricChange> {
    let [a, b] = [0, 1].map(|policy| summary::policy(frame, policy));
    let mut metrics = Vec::new();
    let mut add = |name: &str, unit: MetricUnit, value: &dyn Fn(&PolicySummary) -> Option<f64>| {
        metrics.push(MetricChange {
            name: name.to_owned(),
            unit,
            a: value(&a),
            b: value(&b),
        });
    };
    let share = |n: u64, p: &PolicySummary| {
        let all = p.scored + p.failed + p.unscored + p.missing;
        (all > 0).then(|| n as f64 / all as f64)
    };
    add("quality", MetricUnit::Score, &|p| Some(p.quality.point));
    add("cost per 1,000 requests", MetricUnit::Usd, &|p| {
        Some(p.cost_per_1k_usd)
    });
    add("cost per success", MetricUnit::Usd, &|p| {
        p.cost_per_success_usd
    });
    add("calls per request", MetricUnit::Number, &|p| {
        Some(p.calls_per_request)
    });
    add("failed trials", MetricUnit::Share, &|p| share(p.failed, p));
    add("trials without a score", MetricUnit::Share, &|p| {
        share(p.unscored + p.missing, p)
    });
    add("served from the policy's cache", MetricUnit::Share, &|p| {
        Some(p.served_share)
    });
    add("input read from prompt caches", MetricUnit::Share, &|p| {
        p.prompt_cache_hit_rate
    });
    metrics.extend(models(&a, &b));
    metrics.extend(latency(frame));
    metrics
}

/// Shares of the answering models, in the order of A, then those that only B has.
fn models(a: &PolicySummary, b: &PolicySummary) -> Vec<MetricChange> {
    let of = |p: &PolicySummary, name: &str| {
        let found = p.models.iter().find(|m| m.model == name);
        Some(found.map_or(0.0, |m| m.share))
    };
    let only_b = b
        .models
        .iter()
        .filter(|m| a.models.iter().all(|x| x.model != m.model));
    a.models
        .iter()
        .chain(only_b)
        .map(|m| MetricChange {
            name: format!("answered by {}", m.model),
            unit: MetricUnit::Share,
            a: of(a, &m.model),
            b: of(b, &m.model),
        })
        .collect()
}

fn latency(frame: &Frame<'_>) -> Vec<MetricChange> {
    let arms = frame.table.arms();
    let [a, b] = [0, 1].map(|i| summary::latency("", &arms[i]));
    let mut metrics = Vec::new();
    for (name, of) in [
        (
            "time to first token",
            (|l| &l.ttft) as fn(&LatencySummary) -> &Vec<_>,
        ),
        ("total time", |l| &l.e2e),
        ("router time", |l| &l.router),
    ] {
        for q in of(&a).iter().chain(of(&b)).map(|x| x.q) {
            let name = format!("{name}, p{}", (100.0 * q).round());
            if metrics.iter().any(|m: &MetricChange| m.name == name) {
                continue;
            }
            let value = |l| of(l).iter().find(|x| x.q == q).and_then(|x| x.value_ms);
            metrics.push(MetricChange {
                unit: MetricUnit::Ms,
                a: value(&a),
                b: value(&b),
                name,
            });
        }
    }
    metrics
}
