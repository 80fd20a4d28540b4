//! Routing metrics, comparisons with controls and deferral curves.

use serde::Serialize;

use super::figure::Figure;
use crate::model::{Cpt, Report, RoutingSummary};
use crate::render::headline::{bracketed, signed_share};
use crate::render::number::{NONE, fixed, percent, points, signed_points};
use crate::render::svg::{self, Axis, Chart, MOST_SERIES, Series};
use crate::render::table::{Cell, Table, Tone};

/// The section.
#[derive(Debug, Serialize)]
pub(super) struct View {
    recovery: Table,
    areas: Table,
    controls: Option<Table>,
    curves: Option<Figure>,
}

/// Prepares the section; nothing where no policy has routing metrics.
pub(super) fn view(report: &Report) -> Option<View> {
    if report.routing.is_empty() {
        return None;
    }
    Some(View {
        recovery: recovery(&report.routing),
        areas: areas(&report.routing),
        controls: controls(&report.routing),
        curves: curves(&report.routing),
    })
}

/// How much of the gap each router recovers.
fn recovery(all: &[RoutingSummary]) -> Table {
    // Every summary has the same parts; a run without any has no such column.
    let parts: Vec<f64> = all
        .first()
        .map(|r| r.cpt.iter().map(|c| c.recovered).collect())
        .unwrap_or_default();
    let pair = |r: &RoutingSummary| format!("{} → {}", r.weak, r.strong);
    // One pair for all, as usual, is said once.
    let shared = all
        .first()
        .map(pair)
        .filter(|p| all.iter().all(|r| pair(r) == *p));
    let mut heads = vec!["Policy".to_owned()];
    if shared.is_none() {
        heads.push("Weak → strong".to_owned());
    }
    heads.extend(["#Strong share", "#PGR", "#APGR", "#10 bins"].map(str::to_owned));
    heads.extend(
        parts
            .iter()
            .map(|p| format!("#CPT {}%", fixed(100.0 * p, 0))),
    );
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let caption = shared.as_ref().map_or_else(
        || "Recovered gap".to_owned(),
        |p| format!("Recovered gap, {p}"),
    );
    let mut table = Table::new(caption, &heads);
    for r in all {
        let pgr = r.pgr.as_ref().map_or_else(
            || "gap within noise".to_owned(),
            |pgr| bracketed(pgr, percent),
        );
        let mut row: Vec<Cell> = vec![r.policy.clone().into()];
        if shared.is_none() {
            row.push(pair(r).into());
        }
        row.extend([
            percent(r.strong_share).into(),
            pgr.into(),
            plain(r.apgr),
            plain(r.apgr_10),
        ]);
        row.extend(parts.iter().map(|part| threshold(r, *part)));
        table.push(row);
    }
    table
}

/// Areas under curves and hulls, and how often the best choice was made.
fn areas(all: &[RoutingSummary]) -> Table {
    let share = |x: Option<f64>| Cell::from(x.map_or_else(|| NONE.to_owned(), percent));
    let mut table = Table::new(
        "Areas and optimal choices",
        &[
            "Policy",
            "#AUC",
            "#AIQ",
            "#AIQ, as released",
            "#Arena",
            "#Optimal choice",
            "#Optimal cost",
            "#Optimal accuracy",
        ],
    );
    for r in all {
        table.push(vec![
            r.policy.clone().into(),
            plain(r.auc),
            plain(r.aiq),
            plain(r.aiq_released),
            fixed(r.arena, 3).into(),
            share(r.opt_selection),
            share(r.opt_cost),
            share(r.opt_accuracy),
        ]);
    }
    table
}

fn plain(x: Option<f64>) -> Cell {
    x.map_or_else(|| NONE.to_owned(), |x| fixed(x, 3)).into()
}

fn threshold(routing: &RoutingSummary, part: f64) -> Cell {
    match routing
        .cpt
        .iter()
        .find(|c| c.recovered.total_cmp(&part).is_eq())
    {
        Some(cpt) => passage(cpt).into(),
        None => NONE.into(),
    }
}

/// The expected first passage, with the range over orders of ties where it can be seen.
fn passage(cpt: &Cpt) -> String {
    let Some(share) = cpt.share.map(percent) else {
        return "never".to_owned();
    };
    match cpt.tie_range.map(|(low, high)| (points(low), points(high))) {
        Some((low, high)) if low != high => format!("{share} ({low}–{high})"),
        _ => share,
    }
}

fn controls(all: &[RoutingSummary]) -> Option<Table> {
    let mut table = Table::new(
        "Against the controls, at the same cost or strong share",
        &[
            "Policy",
            "Control",
            "#Difference, points",
            "Beats it?",
            "In words",
        ],
    );
    for routing in all {
        for check in &routing.controls {
            let (beats, tone) = if check.beats {
                ("✓ yes", Tone::Good)
            } else if check.difference.upper.is_some_and(|upper| upper < 0.0) {
                ("✕ worse", Tone::Bad)
            } else {
                ("? not shown", Tone::Unsure)
            };
            table.push(vec![
                routing.policy.clone().into(),
                check.control.clone().into(),
                bracketed(&check.difference, signed_points).into(),
                Cell::toned(beats, tone),
                check.sentence.clone().into(),
            ]);
        }
    }
    (!table.rows.is_empty()).then_some(table)
}

fn curves(all: &[RoutingSummary]) -> Option<Figure> {
    let drawn: Vec<&RoutingSummary> = all.iter().filter(|r| !r.curve.is_empty()).collect();
    if drawn.is_empty() {
        return None;
    }
    let series = || -> Vec<Series<'_>> {
        drawn
            .iter()
            .map(|r| Series {
                name: &r.policy,
                points: r
                    .curve
                    .iter()
                    .map(|p| (100.0 * p.share, 100.0 * p.quality))
                    .collect(),
                marked: nearest(r, r.strong_share).map(|p| (100.0 * r.strong_share, 100.0 * p)),
            })
            .collect()
    };
    let all_points = || {
        drawn
            .iter()
            .flat_map(|r| &r.curve)
            .map(|p| 100.0 * p.quality)
    };
    let low = all_points().fold(f64::INFINITY, f64::min);
    let high = all_points().fold(f64::NEG_INFINITY, f64::max);
    let pad = 0.05 * (high - low).max(0.1);
    let chart = Chart {
        x: Axis {
            range: (0.0, 100.0),
            log: false,
            title: "Share of requests sent to the strong model, %",
            write: |tick, _| fixed(tick, 0),
        },
        y: Axis {
            range: (low - pad, high + pad),
            log: false,
            title: "Mean score, points",
            write: |tick, ticks| fixed(tick, svg::decimals(ticks)),
        },
        steps: false,
        title: "Deferral curves",
        text: format!(
            "Mean score against the share of requests sent to the strong model, for {} policies; a \
             dot marks where each operates. Numbers are in the table below.",
            drawn.len()
        ),
    };
    let mut caption =
        "Every cut of each router's ranking. Higher at the same share is better; the \
                       dot marks the share at which the policy operates."
            .to_owned();
    if drawn.len() > MOST_SERIES {
        caption += &format!(" {} more are in the table.", drawn.len() - MOST_SERIES);
    }
    Some(Figure::new(
        |width| svg::lines(&chart, &series(), width, "deferral"),
        caption,
        curve_table(&drawn),
    ))
}

/// Score at the drawn point nearest to a share.
fn nearest(routing: &RoutingSummary, share: f64) -> Option<f64> {
    routing
        .curve
        .iter()
        .min_by(|a, b| (a.share - share).abs().total_cmp(&(b.share - share).abs()))
        .map(|p| p.quality)
}

fn curve_table(drawn: &[&RoutingSummary]) -> Table {
    const SHARES: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
    let heads: Vec<String> = std::iter::once("Policy".to_owned())
        .chain(
            SHARES
                .iter()
                .map(|s| format!("#at {}%", fixed(100.0 * s, 0))),
        )
        .chain(["#where it operates".to_owned()])
        .collect();
    let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
    let mut table = Table::new(
        "Mean score in points at the drawn point nearest to a share of strong calls",
        &heads,
    );
    for routing in drawn {
        let at = |share: f64| nearest(routing, share).map_or_else(|| NONE.to_owned(), points);
        let mut row: Vec<Cell> = vec![routing.policy.clone().into()];
        row.extend(SHARES.iter().map(|share| Cell::from(at(*share))));
        let here = signed_share(routing.strong_share);
        let here = here.trim_start_matches('+');
        row.push(format!("{} at {here}", at(routing.strong_share)).into());
        table.push(row);
    }
    table
}
