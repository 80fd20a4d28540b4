//! Time to first token by policy.

use serde::Serialize;

use super::figure::Figure;
use crate::model::{LatencySummary, QuantileEstimate, Report};
use crate::render::number::{NONE, fixed, millis, percent};
use crate::render::svg::{self, Axis, Chart, MOST_SERIES, Series};
use crate::render::table::{Cell, Table};

/// The section.
#[derive(Debug, Serialize)]
pub(super) struct View {
    figure: Figure,
    others: Table,
    objective: Option<String>,
}

/// Prepares the section; nothing where no latency was recorded.
pub(super) fn view(report: &Report) -> Option<View> {
    if report.latency.is_empty() {
        return None;
    }
    let all = &report.latency;
    let series = || -> Vec<Series<'_>> {
        all.iter()
            .map(|l| Series {
                name: &l.policy,
                points: l.ecdf.points.iter().map(|p| (p.0, 100.0 * p.1)).collect(),
                marked: None,
            })
            .collect()
    };
    let chart = chart(all);
    let mut caption =
        "Share of requests whose first token had come by a time, on a logarithmic axis; \
                       further left is faster. Time in the router counts. Requests without a first \
                       token never arrive, so their line ends below 100%."
            .to_owned();
    if all.len() > MOST_SERIES {
        caption += &format!(" {} more are in the table.", all.len() - MOST_SERIES);
    }
    let mut figure = Figure::new(
        |width| svg::lines(&chart, &series(), width, "ttft"),
        caption,
        quantiles(all),
    );
    figure.folded = false;
    Some(View {
        figure,
        others: others(all),
        objective: report
            .gate
            .ttft_slo_ms
            .map(|ms| format!("The objective for the first token is {}.", millis(ms))),
    })
}

fn chart(all: &[LatencySummary]) -> Chart<'static> {
    let times = || all.iter().flat_map(|l| &l.ecdf.points).map(|p| p.0);
    let low = times().filter(|t| *t > 0.0).fold(f64::INFINITY, f64::min);
    let high = times().fold(0.0, f64::max);
    let (low, high) = if low.is_finite() {
        (low, high)
    } else {
        (1.0, 10.0)
    };
    Chart {
        x: Axis {
            range: (low / 1.05, high * 1.05),
            log: true,
            title: "Time to first token, logarithmic",
            write: |tick, _| tick_text(tick),
        },
        y: Axis {
            range: (0.0, 100.0),
            log: false,
            title: "Requests with a first token, %",
            write: |tick, _| fixed(tick, 0),
        },
        steps: true,
        title: "Time to first token",
        text: format!(
            "Distribution of the time to first token of {} policies. Quantiles are in the table below.",
            all.len()
        ),
    }
}

/// Round numbers without needless decimals.
fn tick_text(ms: f64) -> String {
    let (x, unit) = if ms >= 1000.0 {
        (ms / 1000.0, "s")
    } else {
        (ms, "ms")
    };
    let text = fixed(x, 2);
    format!(
        "{} {unit}",
        text.trim_end_matches('0').trim_end_matches('.')
    )
}

/// `420 [399, 449]` in milliseconds; a limit that the data cannot give is unbounded.
fn quantile(q: &QuantileEstimate) -> String {
    let text = |x: Option<f64>| x.map_or_else(|| "unbounded".to_owned(), plain_millis);
    format!(
        "{} [{}, {}]",
        text(q.value_ms),
        q.lower_ms.map_or_else(|| NONE.to_owned(), plain_millis),
        text(q.upper_ms)
    )
}

/// Milliseconds without the unit, with about three digits.
fn plain_millis(ms: f64) -> String {
    let decimals = match ms.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    fixed(ms, decimals)
}

fn at(all: &[QuantileEstimate], q: f64) -> Cell {
    all.iter()
        .find(|e| (e.q - q).abs() < 1e-9)
        .map_or_else(|| NONE.into(), |e| quantile(e).into())
}

fn quantiles(all: &[LatencySummary]) -> Table {
    let mut table = Table::new(
        "Time to first token in milliseconds, router time inside, with 95% intervals",
        &[
            "Policy",
            "#p50",
            "#p90",
            "#p95",
            "#p99",
            "#Without a first token",
        ],
    );
    for l in all {
        let mut row = vec![l.policy.clone().into()];
        row.extend([0.5, 0.9, 0.95, 0.99].map(|q| at(&l.ttft, q)));
        row.push(percent(l.ecdf.failed_share).into());
        table.push(row);
    }
    table
}

fn others(all: &[LatencySummary]) -> Table {
    let mut table = Table::new(
        "Whole answers and the router alone, in milliseconds with 95% intervals",
        &[
            "Policy",
            "#End to end, p50",
            "#End to end, p95",
            "#Router, p50",
            "#Router, p95",
            "#Router, p99",
        ],
    );
    for l in all {
        table.push(vec![
            l.policy.clone().into(),
            at(&l.e2e, 0.5),
            at(&l.e2e, 0.95),
            at(&l.router, 0.5),
            at(&l.router, 0.95),
            at(&l.router, 0.99),
        ]);
    }
    table
}
