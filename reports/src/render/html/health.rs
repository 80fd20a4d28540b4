//! Findings about the data, and how many trials have a score.

use serde::Serialize;

use crate::model::{Coverage, Report};
use crate::render::number::{NONE, count, p_value, percent, points};
use crate::render::table::{Cell, Table, Tone};
use crate::render::words;

/// Both sections.
#[derive(Debug, Serialize)]
pub(super) struct View {
    findings: Option<Table>,
    coverage: Table,
    floor: String,
}

/// Prepares both sections.
pub(super) fn view(report: &Report) -> View {
    View {
        findings: (!report.health.is_empty()).then(|| findings(report)),
        coverage: coverage(report),
        floor: percent(report.gate.coverage_floor),
    }
}

fn findings(report: &Report) -> Table {
    let mut table = Table::new(
        "Findings, worst first",
        &[
            "Severity",
            "What was found",
            "Model",
            "Slice",
            "#Rows",
            "#p",
        ],
    );
    for finding in &report.health {
        let (severity, tone) = words::severity(finding.severity);
        let or_none = |x: &Option<String>| x.clone().unwrap_or_else(|| NONE.to_owned());
        table.push(vec![
            Cell::toned(severity, tone),
            finding.message.clone().into(),
            or_none(&finding.model).into(),
            or_none(&finding.slice).into(),
            count(finding.n).into(),
            finding.p.map_or_else(|| NONE.to_owned(), p_value).into(),
        ]);
    }
    table
}

fn coverage(report: &Report) -> Table {
    let mut table = Table::new(
        "Trials by policy",
        &[
            "Policy",
            "#Planned",
            "#Scored",
            "#Not judged",
            "#Failed",
            "#Missing",
            "#Quality, worst to best",
            "Failed attempts by kind",
        ],
    );
    for row in &report.coverage {
        let bounds = report
            .policies
            .iter()
            .find(|p| p.name == row.policy)
            .map_or_else(
                || NONE.to_owned(),
                |p| format!("{} to {}", points(p.quality_worst), points(p.quality_best)),
            );
        let tone = if row.unscored + row.missing > 0 {
            Tone::Unsure
        } else {
            Tone::Plain
        };
        table.push(vec![
            row.policy.clone().into(),
            count(row.planned).into(),
            count(row.scored).into(),
            Cell::toned(count(row.unscored), tone),
            count(row.failed).into(),
            count(row.missing).into(),
            bounds.into(),
            errors(row).into(),
        ]);
    }
    table
}

fn errors(row: &Coverage) -> String {
    if row.errors.is_empty() {
        return NONE.to_owned();
    }
    row.errors
        .iter()
        .map(|(kind, n)| format!("{kind} {}", count(*n)))
        .collect::<Vec<_>>()
        .join(", ")
}
