//! Slices on which every model is right, or every model is wrong.

use super::grid::{Grid, Names};
use super::{Finding, FindingKind, Severity};

/// Slices where some model has fewer rows are not looked at.
pub const MIN_SATURATED_ROWS: u64 = 10;

/// Slices that cannot tell policies apart. Failed answers count as wrong; a slice with unscored
/// rows is not saturated as far as one knows.
pub(crate) fn findings(grid: &Grid, models: &Names) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (slice, row) in grid.slices() {
        let seen: Vec<_> = row.iter().filter(|c| c.rows() > 0).collect();
        let rows = seen.iter().map(|c| c.rows()).min().unwrap_or(0);
        if rows < MIN_SATURATED_ROWS {
            continue;
        }
        let all_right = seen.iter().all(|c| c.right == c.rows());
        let all_wrong = seen.iter().all(|c| c.wrong + c.failed == c.rows());
        if all_right || all_wrong {
            let word = if all_right { "right" } else { "wrong" };
            let place = slice.map_or("the rows in no slice".to_owned(), str::to_owned);
            let who = match row.iter().position(|c| c.rows() > 0) {
                Some(only) if seen.len() == 1 => models.name(only).to_owned(),
                _ => format!("all {} models", seen.len()),
            };
            findings.push(Finding {
                kind: FindingKind::SaturatedSlice,
                severity: Severity::Note,
                model: None,
                slice: slice.map(str::to_owned),
                n: rows,
                p: None,
                message: format!(
                    "{place}: {who} always {word} ({rows} rows), so that it cannot tell policies apart"
                ),
            });
        }
    }
    findings
}
