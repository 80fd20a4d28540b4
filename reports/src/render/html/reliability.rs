//! What failed, and what policies made of it.

use serde::Serialize;

use super::figure::Figure;
use crate::model::{FailureTimeline, Reliability, Report, TimelineUnit};
use crate::render::number::{NONE, count, millis, percent, points, usd};
use crate::render::reliability::{attempts_table, requests_table, sentence, span};
use crate::render::svg;
use crate::render::table::{Cell, Table, Tone};

/// The section.
#[derive(Debug, Serialize)]
pub(super) struct View {
    sentence: String,
    declared: Vec<String>,
    outages: Vec<String>,
    limits: Vec<String>,
    timeline: Option<Figure>,
    requests: Table,
    attempts: Table,
    models: Table,
    fallbacks: Option<Table>,
    gateways: Option<Table>,
}

/// Prepares the section; nothing where nothing failed.
pub(super) fn view(report: &Report) -> Option<View> {
    let all = report.reliability.as_ref()?;
    let policies = all.policies.iter();
    let outages = all.outages.iter().map(|o| {
        format!(
            "{}: {} of {} calls failed {}",
            o.model,
            count(o.failed),
            count(o.calls),
            span(all.timeline.as_ref(), o.from, o.to)
        )
    });
    let limits = all.limits.iter();
    Some(View {
        sentence: sentence(all),
        declared: all.declared.clone(),
        outages: outages.collect(),
        limits: limits
            .map(|(backend, text)| format!("{backend}: {text}"))
            .collect(),
        timeline: all.timeline.as_ref().map(|line| timeline(line, report)),
        requests: requests_table(all),
        attempts: attempts_table(
            "Attempts by policy",
            "Policy",
            policies.map(|p| (p.policy.as_str(), &p.tries)).collect(),
        ),
        models: models_table(all),
        fallbacks: (!all.fallbacks.is_empty()).then(|| fallbacks(all)),
        gateways: (!all.gateways.is_empty()).then(|| gateways(all)),
    })
}

fn models_table(all: &Reliability) -> Table {
    let names: Vec<String> = all
        .models
        .iter()
        .map(|m| format!("{} · {}", m.backend, m.model))
        .collect();
    let rows = names.iter().zip(&all.models);
    attempts_table(
        "Attempts by backend and model, over all policies",
        "Backend · model",
        rows.map(|(name, m)| (name.as_str(), &m.tries)).collect(),
    )
}

fn timeline(all: &FailureTimeline, report: &Report) -> Figure {
    // Strips in a picture of a size that can be read; the table has all.
    const MOST: usize = 8;
    let steps = all.models.iter().map(|(_, s)| s.len()).max().unwrap_or(0) as u64;
    // The last step may reach beyond the last sample.
    let last = match all.unit {
        TimelineUnit::Milliseconds => steps * all.step,
        TimelineUnit::Samples => (steps * all.step).min(report.provenance.dataset.samples),
    };
    let ends = (span_end(all, 0), span_end(all, last));
    let text = format!(
        "Share of failed calls over the run, for {} models. All numbers are in the table.",
        all.models.len()
    );
    Figure::new(
        |width| {
            let strips: Vec<svg::Strip<'_>> = all
                .models
                .iter()
                .take(MOST)
                .map(|(name, steps)| (name.as_str(), steps.as_slice()))
                .collect();
            svg::strips(&strips, (&ends.0, &ends.1), width, "failures", &text)
        },
        "Calls of each model with a failure, from the beginning of the run to its end, all policies \
         together. A column is filled from below by the share of calls that failed for good, after \
         their retries; it is empty where nothing was called.",
        timeline_table(all),
    )
}

fn span_end(all: &FailureTimeline, at: u64) -> String {
    match all.unit {
        TimelineUnit::Milliseconds if at == 0 => "start of the run".to_owned(),
        TimelineUnit::Milliseconds => millis(at as f64),
        TimelineUnit::Samples if at == 0 => "first sample".to_owned(),
        TimelineUnit::Samples => format!("sample {}", count(at)),
    }
}

fn timeline_table(all: &FailureTimeline) -> Table {
    let mut table = Table::new(
        "Steps in which a call failed for good",
        &["When", "Model", "#Calls", "#Failed", "#Share"],
    );
    for (model, steps) in &all.models {
        for (i, (calls, failed)) in (0u64..).zip(steps) {
            if *failed == 0 {
                continue;
            }
            table.push(vec![
                span(Some(all), i * all.step, (i + 1) * all.step).into(),
                model.clone().into(),
                count(*calls).into(),
                count(*failed).into(),
                percent(*failed as f64 / *calls as f64).into(),
            ]);
        }
    }
    table
}

fn fallbacks(all: &Reliability) -> Table {
    let mut table = Table::new(
        "Answers of another model in place of a failed one",
        &[
            "Policy",
            "Failed",
            "Answered instead",
            "#Requests",
            "#Their quality, points",
            "#Cost per 1,000",
        ],
    );
    for row in &all.fallbacks {
        let quality = row.quality.map_or_else(|| NONE.to_owned(), points);
        table.push(vec![
            row.policy.clone().into(),
            row.from.clone().into(),
            row.to
                .clone()
                .unwrap_or_else(|| "a cached answer".to_owned())
                .into(),
            count(row.requests).into(),
            quality.into(),
            usd(1000.0 * row.cost_per_request_usd).into(),
        ]);
    }
    table
}

fn gateways(all: &Reliability) -> Table {
    let mut table = Table::new(
        "What gateways say they did behind their answers",
        &[
            "Backend · model",
            "#Attempts told of",
            "#Tried again inside",
            "#Retries inside",
            "#Other target answered",
            "#Attempts with a cost",
            "#Cost it states",
            "#Cost in the ledger",
            "#Difference",
        ],
    );
    for row in &all.gateways {
        let is_priced = row.priced > 0;
        let money = |x: f64| {
            if is_priced { usd(x) } else { NONE.to_owned() }
        };
        let off = row.said_usd - row.ledger_usd;
        let scale = row.said_usd.abs().max(row.ledger_usd.abs());
        // Both sides round to some digits of their own.
        let is_off = is_priced && off.abs() > 0.01 * scale;
        let tone = if is_off { Tone::Unsure } else { Tone::Plain };
        table.push(vec![
            format!("{} · {}", row.backend, row.model).into(),
            count(row.told).into(),
            count(row.retried).into(),
            count(row.retries).into(),
            count(row.fallbacks).into(),
            count(row.priced).into(),
            money(row.said_usd).into(),
            money(row.ledger_usd).into(),
            Cell::toned(money(off), tone),
        ]);
    }
    table
}
