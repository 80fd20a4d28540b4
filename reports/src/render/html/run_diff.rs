//! What differs between two runs: settings, metrics, samples.

use serde::Serialize;

use crate::model::{ItemChange, Report, RunDiff, RunSide};
use crate::render::escape::shorten;
use crate::render::number::{NONE, count, fixed, utc};
use crate::render::run_diff::{lead, metric};
use crate::render::table::{Cell, Table};
use crate::render::words;

/// Rows of a list shown on the page.
const ROWS: usize = 100;

/// The section.
#[derive(Debug, Serialize)]
pub(super) struct View {
    lead: String,
    notes: Vec<String>,
    runs: Table,
    metrics: Table,
    items: Vec<Part>,
}

#[derive(Debug, Serialize)]
struct Part {
    summary: String,
    open: bool,
    table: Option<Table>,
    rest: Option<String>,
}

/// Prepares the section; nothing for the report of one run.
pub(super) fn view(report: &Report) -> Option<View> {
    let diff = report.run_diff.as_ref()?;
    Some(View {
        lead: lead(diff),
        notes: diff.join.notes.iter().map(|n| words::stopped(n)).collect(),
        runs: runs(diff),
        metrics: metrics(diff),
        items: parts(diff),
    })
}

fn runs(diff: &RunDiff) -> Table {
    let (a, b) = (&diff.join.a, &diff.join.b);
    let mut table = Table::new("The two runs", &["What", "A, baseline", "B, candidate"]);
    let mut row = |what: &str, value: &dyn Fn(&RunSide) -> String| {
        table.push(vec![what.into(), value(a).into(), value(b).into()]);
    };
    row("Experiment", &|s| s.name.clone());
    row("Policy", &|s| s.policy.clone());
    row("Mode", &|s| words::mode(s.mode).to_owned());
    row("Started", &|s| {
        s.started_unix_ms.map_or_else(|| NONE.to_owned(), utc)
    });
    row("Samples", &|s| count(s.samples));
    row("Repeats", &|s| s.repeats.to_string());
    row("Trials of the policy in the log", &|s| {
        let torn = if s.torn { ", and a torn last line" } else { "" };
        format!("{}{torn}", count(s.trials))
    });
    row("Experiment hash", &|s| s.experiment_hash.clone());
    table
}

fn metrics(diff: &RunDiff) -> Table {
    let mut table = Table::new(
        "Metrics over the compared samples",
        &["Metric", "#A", "#B", "#Change"],
    );
    for change in &diff.metrics {
        let [a, b, by] = metric(change);
        table.push(vec![
            change.name.clone().into(),
            a.into(),
            b.into(),
            by.into(),
        ]);
    }
    table
}

fn parts(diff: &RunDiff) -> Vec<Part> {
    let join = &diff.join;
    vec![
        items(
            "new failures: right in A, wrong in B",
            &diff.new_failures,
            true,
        ),
        items("fixed: wrong in A, right in B", &diff.fixed, false),
        items("still failing: wrong in both", &diff.still_failing, false),
        ids("samples only in A, excluded", &join.only_a),
        ids("samples only in B, excluded", &join.only_b),
        part(
            "samples changed under the same id, excluded",
            join.changed
                .iter()
                .map(|c| vec![c.id.as_str().into(), c.what.as_str().into()]),
            &["Sample", "What differs"],
            true,
        ),
        ids(
            "samples with other labels or another cluster; B's count",
            &join.relabelled,
        ),
        ids(
            "compared samples without a score in one of the runs",
            &diff.unjudged,
        ),
        part(
            "settings differ",
            join.config.iter().map(|c| {
                let value = |x: &Option<String>| {
                    Cell::from(
                        x.as_ref()
                            .map_or_else(|| NONE.to_owned(), |t| shorten(t, 300)),
                    )
                };
                vec![c.path.as_str().into(), value(&c.a), value(&c.b)]
            }),
            &["Setting", "A", "B"],
            false,
        ),
    ]
}

fn items(what: &str, list: &[ItemChange], open: bool) -> Part {
    let model = |name: &Option<String>| name.clone().unwrap_or_else(|| "no answer".to_owned());
    let rows = list.iter().map(|item| {
        vec![
            shorten(&item.sample, 120).into(),
            shorten(&item.slices.join(", "), 200).into(),
            fixed(item.a, 2).into(),
            model(&item.model_a).into(),
            fixed(item.b, 2).into(),
            model(&item.model_b).into(),
        ]
    });
    let heads = [
        "Sample",
        "Slices",
        "#Score in A",
        "Model in A",
        "#Score in B",
        "Model in B",
    ];
    part(what, rows, &heads, open)
}

fn ids(what: &str, ids: &[String]) -> Part {
    let rows = ids.iter().map(|id| vec![shorten(id, 120).into()]);
    part(what, rows, &["Sample"], false)
}

/// A folded list; the page shows its beginning and says how much is left out.
fn part(
    what: &str,
    rows: impl ExactSizeIterator<Item = Vec<Cell>>,
    heads: &[&str],
    open: bool,
) -> Part {
    let n = rows.len();
    let mut table = Table::new(what, heads);
    rows.take(ROWS).for_each(|row| table.push(row));
    let rest = n.saturating_sub(ROWS);
    Part {
        summary: format!("{} {what}", count(n as u64)),
        open: open && n > 0,
        table: (n > 0).then_some(table),
        rest: (rest > 0).then(|| format!("{} more are in report.json.", count(rest as u64))),
    }
}
