//! Sequential runs and attempts, as every format words them.

use std::fmt::Write as _;

use weighbridge_record::{ChangeAttempt, JudgedBy};

use super::escape::{markdown as esc, shorten};
use super::number::{NONE, count, usd, utc};
use crate::model::{Attempts, EvidenceRow, Report, Sequential};
use crate::sequential::words::{self, e_value};

/// Most rows of evidence shown per candidate; report.json has all.
const ROWS: usize = 24;

/// What is bet on.
pub(crate) fn question(row: &EvidenceRow) -> &'static str {
    words::question(row.question)
}

/// The rows worth showing: required questions, then the others by evidence.
pub(crate) fn rows(evidence: &[EvidenceRow]) -> Vec<&EvidenceRow> {
    let mut rows: Vec<&EvidenceRow> = evidence.iter().collect();
    rows.sort_by(|a, b| {
        let required = |r: &EvidenceRow| r.log_threshold.is_none();
        (required(a).cmp(&required(b))).then(b.log_e.total_cmp(&a.log_e))
    });
    rows.truncate(ROWS);
    rows
}

/// Name of a method.
pub(crate) fn method(method: JudgedBy) -> &'static str {
    match method {
        JudgedBy::FixedN => "fixed n",
        JudgedBy::Sequential => "sequential",
    }
}

/// Start of a live attempt.
pub(crate) fn when(attempt: &ChangeAttempt) -> String {
    let started = attempt.started_unix_ms;
    started.map_or_else(|| NONE.to_owned(), utc)
}

/// One line for a terminal: `sequential: stopped after 240 of 900 samples: …; $0.31 spent`.
pub(crate) fn line(sequential: &Sequential) -> String {
    format!(
        "{}; {} spent, about {} saved",
        sequential.sentence,
        usd(sequential.spent_usd),
        usd(sequential.saved_usd)
    )
}

/// A block of Markdown; `None` where there is nothing to say.
pub(crate) fn markdown(report: &Report) -> Option<String> {
    let mut out = String::new();
    if let Some(sequential) = &report.sequential {
        push_sequential(&mut out, sequential);
    }
    if let Some(attempts) = &report.attempts {
        push_attempts(&mut out, attempts);
    }
    (!out.is_empty()).then_some(out)
}

fn push_sequential(out: &mut String, sequential: &Sequential) {
    let _ = writeln!(
        out,
        "**Sequential** ({}): {}.\n\n| Candidate | Bet | E-value | Decides | |\n| --- | --- | ---: | ---: | --- |",
        esc(&sequential.method),
        esc(&line(sequential))
    );
    for candidate in &sequential.candidates {
        for row in rows(&candidate.evidence).into_iter().take(6) {
            let _ = writeln!(
                out,
                "| {} | {} · {} | {} | {} | {} |",
                esc(&shorten(&candidate.candidate, 60)),
                esc(&shorten(&row.slice, 60)),
                question(row),
                esc(&e_value(row.log_e)),
                row.log_threshold
                    .map_or_else(|| "family".to_owned(), |t| esc(&e_value(t))),
                if row.decided { "shown" } else { "open" }
            );
        }
    }
    out.push('\n');
}

fn push_attempts(out: &mut String, attempts: &Attempts) {
    let _ = writeln!(out, "{}", esc(&attempts.note));
    if attempts.earlier.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n| Attempt | Method | Samples | Cost | Verdict |\n| ---: | --- | ---: | ---: | --- |"
    );
    for attempt in attempts
        .earlier
        .iter()
        .chain([&attempts.this])
        .rev()
        .take(10)
    {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            attempt.attempt,
            method(attempt.method),
            count(attempt.samples_used),
            usd(attempt.cost_usd).replace('$', "\\$"),
            esc(attempt.outcome.as_deref().unwrap_or("given up"))
        );
    }
}
