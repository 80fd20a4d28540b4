//! How a sequential run went, and the attempts at the change.

use serde::Serialize;

use crate::model::{Attempts, EvidenceRow, Outcome, Report, Sequential};
use crate::render::escape::shorten;
use crate::render::number::{count, level, usd};
use crate::render::sequential::{question, rows, when};
use crate::render::table::{Cell, Table, Tone};
use crate::render::words;
use crate::sequential::words::e_value;

/// The section.
#[derive(Debug, Serialize)]
pub(super) struct View {
    sentence: Option<String>,
    facts: Option<Table>,
    candidates: Vec<Table>,
    note: Option<String>,
    attempts: Option<Table>,
}

/// `None` where the log neither is sequential nor names a change.
pub(super) fn view(report: &Report) -> Option<View> {
    if report.sequential.is_none() && report.attempts.is_none() {
        return None;
    }
    let sequential = report.sequential.as_ref();
    Some(View {
        sentence: sequential.map(|s| words::stopped(&s.sentence)),
        facts: sequential.map(facts),
        candidates: sequential.map(candidates).unwrap_or_default(),
        note: report.attempts.as_ref().map(|a| a.note.clone()),
        attempts: report.attempts.as_ref().map(attempts),
    })
}

fn facts(s: &Sequential) -> Table {
    let mut table = Table::new("Sequential run", &["What", "Value"]);
    let mut rows = vec![
        ("Method", s.method.clone()),
        (
            "Samples used",
            format!(
                "{} of {}",
                count(s.samples_used),
                count(s.samples_available)
            ),
        ),
        ("Spent", usd(s.spent_usd)),
        ("Saved by stopping early, about", usd(s.saved_usd)),
        ("False PASS, each claim", level(s.alpha_pass)),
        ("False BLOCK, all slices together", level(s.alpha_block)),
        ("Round over the samples", s.round.to_string()),
    ];
    if s.samples_carried > 0 {
        rows.push(("Samples of earlier attempts", count(s.samples_carried)));
    }
    if s.unused_trials > 0 {
        let trials = count(s.unused_trials);
        rows.push((
            "Under way at the stop, paid and not used",
            format!("{trials} trials, {}", usd(s.unused_usd)),
        ));
    }
    for (what, value) in rows {
        table.push(vec![what.into(), value.into()]);
    }
    table
}

fn candidates(s: &Sequential) -> Vec<Table> {
    let one = |c: &crate::model::SequentialCandidate| {
        let mut table = Table::new(
            format!("{}: {}", c.candidate, c.sentence),
            &["Bet", "#E-value", "#Decides", "#Carried", "State"],
        );
        for row in rows(&c.evidence) {
            table.push(evidence(row));
        }
        table
    };
    s.candidates.iter().map(one).collect()
}

fn evidence(row: &EvidenceRow) -> Vec<Cell> {
    let state = if row.decided {
        Cell::toned("shown", Tone::Plain)
    } else {
        Cell::toned("open", Tone::Mute)
    };
    vec![
        format!("{} · {}", row.slice, question(row)).into(),
        e_value(row.log_e).into(),
        row.log_threshold
            .map_or_else(|| "family".to_owned(), e_value)
            .into(),
        e_value(row.carried_log_e).into(),
        state,
    ]
}

fn attempts(attempts: &Attempts) -> Table {
    let mut table = Table::new(
        format!("Attempts at change {}", shorten(&attempts.change, 12)),
        &[
            "Attempt", "Method", "#Started", "#Samples", "#Cost", "Verdict",
        ],
    );
    for attempt in attempts.earlier.iter().chain([&attempts.this]) {
        let outcome = attempt.outcome.clone();
        table.push(vec![
            attempt.attempt.to_string().into(),
            crate::render::sequential::method(attempt.method).into(),
            when(attempt).into(),
            count(attempt.samples_used).into(),
            usd(attempt.cost_usd).into(),
            outcome.map_or_else(|| Cell::toned("given up", Tone::Mute), verdict),
        ]);
    }
    table
}

fn verdict(name: String) -> Cell {
    let all = [
        Outcome::Pass,
        Outcome::Block,
        Outcome::Inconclusive,
        Outcome::Invalid,
    ];
    match all.into_iter().find(|o| o.as_str() == name) {
        Some(outcome) => Cell::toned(
            format!(
                "{} {}",
                words::outcome_sign(outcome),
                words::outcome(outcome)
            ),
            words::outcome_tone(outcome),
        ),
        None => name.into(),
    }
}
