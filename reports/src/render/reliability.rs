//! What failed: the sentences and tables that several formats share, and the Markdown.

use std::fmt::Write as _;

use super::escape::{markdown as esc, shorten};
use super::number::{NONE, count, millis, percent, usd};
use super::table::{Cell, Table, Tone};
use crate::model::{
    FailureTimeline, PolicyReliability, Reliability, TimelineUnit, TriesSummary, TtftSplit,
};

/// What failed over all policies, in one sentence.
pub(super) fn sentence(all: &Reliability) -> String {
    let sum = |of: fn(&PolicyReliability) -> u64| all.policies.iter().map(of).sum::<u64>();
    let attempts = sum(|p| p.tries.attempts);
    let failed = sum(|p| p.tries.failed());
    if failed == 0 {
        return format!("None of {} attempts failed.", count(attempts));
    }
    format!(
        "{} of {} attempts failed ({}). {} requests met a failure: {} were answered by a later try of \
         the same model, {} by another model, {} were lost.",
        count(failed),
        count(attempts),
        percent(failed as f64 / attempts.max(1) as f64),
        count(sum(|p| p.met)),
        count(sum(|p| p.by_retry)),
        count(sum(|p| p.by_fallback)),
        count(sum(|p| p.lost))
    )
}

/// `from 1.2 s to 3.4 s`, `from sample 41 to sample 80`.
pub(super) fn span(timeline: Option<&FailureTimeline>, from: u64, to: u64) -> String {
    match timeline.map(|t| t.unit) {
        Some(TimelineUnit::Milliseconds) => {
            format!("from {} to {}", millis(from as f64), millis(to as f64))
        }
        Some(TimelineUnit::Samples) | None if to == from + 1 => format!("at sample {}", count(to)),
        Some(TimelineUnit::Samples) | None => {
            format!("from sample {} to {}", count(from + 1), count(to))
        }
    }
}

/// Name of a kind of failure, as people call it.
pub(super) fn kind(name: &str) -> String {
    match name {
        "connect" => "no connection",
        "reset" => "broken connection",
        "timeout" => "timeout",
        "rate_limited" => "429",
        "server" => "5xx",
        "rejected" => "4xx",
        "error_event" => "error inside a 200",
        "truncated" => "cut off",
        "malformed" => "malformed",
        "empty" => "empty",
        "circuit_open" => "not sent, breaker open",
        "recorded_failure" => "recorded failure",
        other => other,
    }
    .to_owned()
}

/// What became of requests that met a failure, by policy.
pub(super) fn requests_table(all: &Reliability) -> Table {
    let mut table = Table::new(
        "Requests that met a failure",
        &[
            "Policy",
            "#Met one",
            "#Answered by a retry",
            "#By another model",
            "#Lost",
            "#Cost of failed tries",
            "#Of discarded answers",
            "#First token with one, p50 / p95",
            "#Without one, p50 / p95",
        ],
    );
    for p in &all.policies {
        let tone = if p.lost > 0 { Tone::Bad } else { Tone::Plain };
        table.push(vec![
            p.policy.clone().into(),
            count(p.met).into(),
            count(p.by_retry).into(),
            count(p.by_fallback).into(),
            Cell::toned(count(p.lost), tone),
            usd(p.tries.failed_usd).into(),
            usd(p.discarded_usd).into(),
            split(p.ttft_met.as_ref()).into(),
            split(p.ttft_clean.as_ref()).into(),
        ]);
    }
    table
}

fn split(times: Option<&TtftSplit>) -> String {
    times.map_or_else(
        || NONE.to_owned(),
        |t| format!("{} / {}", millis(t.p50_ms), millis(t.p95_ms)),
    )
}

/// What became of attempts: a column for each kind of failure that happened.
pub(super) fn attempts_table(
    caption: &str,
    first: &str,
    rows: Vec<(&str, &TriesSummary)>,
) -> Table {
    let mut kinds: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flat_map(|(_, tries)| &tries.failures) {
        if !kinds.contains(&name.as_str()) {
            kinds.push(name);
        }
    }
    let titles: Vec<String> = kinds
        .iter()
        .map(|name| format!("#{}", kind(name)))
        .collect();
    let mut heads = vec![first, "#Attempts", "#Answered", "#Failed"];
    heads.extend(titles.iter().map(String::as_str));
    heads.extend([
        "#Tried again",
        "#Of it answered",
        "#Cost of failures",
        "#Time of failures",
        "#Wait between tries",
        "#Wait before sending",
    ]);
    let mut table = Table::new(caption, &heads);
    for (name, tries) in rows {
        let mut cells: Vec<Cell> = vec![
            name.to_owned().into(),
            count(tries.attempts).into(),
            count(tries.answered).into(),
            count(tries.failed()).into(),
        ];
        for kind in &kinds {
            let n = tries.failures.iter().find(|(name, _)| name == kind);
            cells.push(n.map_or_else(|| NONE.to_owned(), |(_, n)| count(*n)).into());
        }
        let time = |ms: f64| {
            if ms > 0.0 {
                millis(ms)
            } else {
                NONE.to_owned()
            }
        };
        cells.extend([
            count(tries.retries).into(),
            count(tries.retries_answered).into(),
            usd(tries.failed_usd).into(),
            time(tries.failed_ms).into(),
            time(tries.backoff_ms).into(),
            time(tries.held_ms).into(),
        ]);
        table.push(cells);
    }
    table
}

/// The section as a folded block; `None` where nothing failed.
pub(super) fn markdown(all: &Reliability) -> String {
    let mut body = format!("{}\n", esc(&sentence(all)));
    let lists = [("Declared", &all.declared)];
    for (title, lines) in lists.iter().filter(|(_, lines)| !lines.is_empty()) {
        let _ = write!(body, "\n{title}:\n\n");
        for text in lines.iter().take(20) {
            let _ = writeln!(body, "- {}", esc(&shorten(text, 200)));
        }
    }
    for outage in all.outages.iter().take(10) {
        let _ = write!(
            body,
            "\n- Outage of {}: {} of {} calls failed {}",
            esc(&shorten(&outage.model, 120)),
            count(outage.failed),
            count(outage.calls),
            span(all.timeline.as_ref(), outage.from, outage.to)
        );
    }
    body.push('\n');
    write_table(&mut body, &requests_table(all));
    let policies = all.policies.iter();
    write_table(
        &mut body,
        &attempts_table(
            "Attempts by policy",
            "Policy",
            policies.map(|p| (p.policy.as_str(), &p.tries)).collect(),
        ),
    );
    for row in all.fallbacks.iter().take(30) {
        let _ = write!(
            body,
            "\n- {}: {} requests fell back from {} to {}{}",
            esc(&shorten(&row.policy, 120)),
            count(row.requests),
            esc(&shorten(&row.from, 120)),
            esc(&shorten(
                row.to.as_deref().unwrap_or("a cached answer"),
                120
            )),
            row.quality.map_or_else(String::new, |q| format!(
                ", quality {} points",
                super::number::points(q)
            ))
        );
    }
    let failed: u64 = all.policies.iter().map(|p| p.tries.failed()).sum();
    format!(
        "<details>\n<summary>Reliability ({} failed attempts)</summary>\n\n{body}\n</details>\n",
        count(failed)
    )
}

/// A table of at most 40 rows.
fn write_table(out: &mut String, table: &Table) {
    let row = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells.collect();
        format!("| {} |\n", cells.join(" | "))
    };
    out.push('\n');
    out.push_str(&row(&mut table.columns.iter().map(|c| esc(&c.head))));
    out.push_str(&row(&mut table.columns.iter().map(|c| {
        let line = if c.numeric { "---:" } else { "---" };
        line.to_owned()
    })));
    for cells in table.rows.iter().take(40) {
        // A dollar sign opens mathematics on some forges; the escape has it.
        out.push_str(&row(&mut cells.iter().map(|c| esc(&shorten(&c.text, 120)))));
    }
}
