//! What differs between two runs, for every format but the page.

use std::fmt::Write as _;

use serde::Serialize;

use super::escape::{markdown as esc, shorten, terminal as plain};
use super::number::{self, NONE};
use crate::model::{MetricChange, MetricUnit, RunDiff};

/// Rows and ids shown in Markdown and on a terminal.
const SHOWN: usize = 10;

/// The part of `verdict.json`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct RunDiffBrief<'a> {
    matched: u64,
    excluded: u64,
    only_a: &'a [String],
    only_b: &'a [String],
    changed: Vec<&'a str>,
    new_failures: Vec<&'a str>,
    fixed: Vec<&'a str>,
    still_failing: u64,
}

impl<'a> RunDiffBrief<'a> {
    pub(super) fn of(diff: &'a RunDiff) -> Self {
        let join = &diff.join;
        Self {
            matched: join.matched,
            excluded: join.excluded(),
            only_a: &join.only_a,
            only_b: &join.only_b,
            changed: join.changed.iter().map(|c| c.id.as_str()).collect(),
            new_failures: diff
                .new_failures
                .iter()
                .map(|i| i.sample.as_str())
                .collect(),
            fixed: diff.fixed.iter().map(|i| i.sample.as_str()).collect(),
            still_failing: diff.still_failing.len() as u64,
        }
    }
}

/// Counts by name, for formats that hold numbers only.
pub(super) fn counts(diff: &RunDiff) -> [(&'static str, u64); 7] {
    let join = &diff.join;
    [
        ("matched_samples", join.matched),
        ("only_in_a", join.only_a.len() as u64),
        ("only_in_b", join.only_b.len() as u64),
        ("changed_samples", join.changed.len() as u64),
        ("new_failures", diff.new_failures.len() as u64),
        ("fixed", diff.fixed.len() as u64),
        ("still_failing", diff.still_failing.len() as u64),
    ]
}

/// What is compared and what is not, in one sentence.
pub(crate) fn lead(diff: &RunDiff) -> String {
    let join = &diff.join;
    let mut text = format!(
        "{} samples are in both runs and compared; excluded: {} only in A ({} of {}), {} only in B \
         ({} of {}), {} changed under the same id.",
        number::count(join.matched),
        number::count(join.only_a.len() as u64),
        join.a.policy,
        join.a.name,
        number::count(join.only_b.len() as u64),
        join.b.policy,
        join.b.name,
        number::count(join.changed.len() as u64),
    );
    if !diff.unjudged.is_empty() {
        let _ = write!(
            text,
            " {} matched samples lack a score in one of the runs.",
            number::count(diff.unjudged.len() as u64)
        );
    }
    text
}

/// A metric's values and its change, as text.
pub(crate) fn metric(change: &MetricChange) -> [String; 3] {
    let write = |x: f64| match change.unit {
        MetricUnit::Score => number::points(x),
        MetricUnit::Share => number::percent(x),
        MetricUnit::Usd => number::usd(x),
        MetricUnit::Ms => number::millis(x),
        MetricUnit::Number => number::fixed(x, 2),
    };
    let value = |x: Option<f64>| x.map_or_else(|| NONE.to_owned(), write);
    let by = change.a.zip(change.b).map(|(a, b)| b - a);
    let by = by.map(|by| match change.unit {
        MetricUnit::Score => format!("{} points", number::signed_points(by)),
        MetricUnit::Share => format!("{} points", number::signed(100.0 * by, 1)),
        MetricUnit::Ms => number::signed_millis(by),
        MetricUnit::Number => number::signed(by, 2),
        MetricUnit::Usd if by > 0.0 => format!("+{}", number::usd(by)),
        MetricUnit::Usd => number::usd(by),
    });
    [
        value(change.a),
        value(change.b),
        by.unwrap_or_else(|| NONE.to_owned()),
    ]
}

fn ids<'a>(all: impl ExactSizeIterator<Item = &'a str>) -> String {
    let n = all.len();
    let named: Vec<String> = all.take(SHOWN).map(|id| shorten(id, 60)).collect();
    match n.saturating_sub(SHOWN) {
        0 => named.join(", "),
        rest => format!(
            "{} and {} more",
            named.join(", "),
            number::count(rest as u64)
        ),
    }
}

/// Lists of sample ids with their titles, empty ones left out.
fn lists(diff: &RunDiff) -> Vec<(&'static str, usize, String)> {
    let join = &diff.join;
    let items = |list: &[crate::model::ItemChange]| ids(list.iter().map(|i| i.sample.as_str()));
    let all = [
        (
            "new failures",
            diff.new_failures.len(),
            items(&diff.new_failures),
        ),
        ("fixed", diff.fixed.len(), items(&diff.fixed)),
        (
            "still failing",
            diff.still_failing.len(),
            items(&diff.still_failing),
        ),
        (
            "only in A, excluded",
            join.only_a.len(),
            ids(join.only_a.iter().map(String::as_str)),
        ),
        (
            "only in B, excluded",
            join.only_b.len(),
            ids(join.only_b.iter().map(String::as_str)),
        ),
        (
            "changed, excluded",
            join.changed.len(),
            ids(join.changed.iter().map(|c| c.id.as_str())),
        ),
    ];
    all.into_iter().filter(|(_, n, _)| *n > 0).collect()
}

/// The block of `report.md`.
pub(super) fn markdown(diff: &RunDiff) -> String {
    let join = &diff.join;
    let mut out = format!("### Run diff\n\n{}\n\n", esc(&lead(diff)));
    for (what, n, named) in lists(diff) {
        let _ = writeln!(out, "- {n} {what}: {}", esc(&named));
    }
    for note in &join.notes {
        let _ = writeln!(out, "- {}", esc(&shorten(note, 300)));
    }
    out.push_str("\n<details>\n<summary>Metrics and settings of both runs</summary>\n\n");
    out.push_str("| Metric | A | B | Change |\n| --- | ---: | ---: | ---: |\n");
    for change in &diff.metrics {
        let [a, b, by] = metric(change).map(|text| text.replace('$', "\\$"));
        let _ = writeln!(out, "| {} | {a} | {b} | {by} |", esc(&change.name));
    }
    if !join.config.is_empty() {
        out.push_str("\n| Setting | A | B |\n| --- | --- | --- |\n");
    }
    let value = |x: &Option<String>| match x {
        Some(text) => esc(&shorten(text, 80)),
        None => NONE.to_owned(),
    };
    for change in join.config.iter().take(4 * SHOWN) {
        let path = esc(&shorten(&change.path, 80));
        let _ = writeln!(
            out,
            "| {path} | {} | {} |",
            value(&change.a),
            value(&change.b)
        );
    }
    out.push_str("\n</details>\n");
    out
}

/// The lines of the terminal summary.
pub(super) fn terminal(diff: &RunDiff) -> String {
    let mut out = format!("\nRun diff  {}\n", plain(&lead(diff)));
    for (what, n, named) in lists(diff) {
        let _ = writeln!(out, "  {n:>5} {what}: {}", shorten(&plain(&named), 200));
    }
    let changed = diff.join.config.len();
    let named = ids(diff.join.config.iter().map(|c| c.path.as_str()));
    if changed > 0 {
        let _ = writeln!(
            out,
            "  {changed:>5} settings differ: {}",
            shorten(&plain(&named), 300)
        );
    }
    out
}
