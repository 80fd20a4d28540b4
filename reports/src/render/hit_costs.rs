//! What prefix hits cost in an embedded fleet, from the notes of a run: `hit_costs.FLEET/MODEL.PART`.

use std::fmt::Write as _;

use super::escape::{markdown as esc, shorten};
use crate::model::Report;

/// Prefix of these notes.
const PREFIX: &str = "hit_costs.";

/// Parts in the order shown, with what each is called.
const PARTS: [(&str, &str); 7] = [
    ("break_even", "what a hit saves"),
    ("policy", "what it means for a cache policy"),
    ("times", "times to first token"),
    ("lookup", "hashing and finding"),
    ("fetch", "fetching"),
    ("operations", "operations"),
    ("records", "records"),
];

/// Heading of the section.
pub(super) const TITLE: &str = "What a prefix hit costs in the embedded fleet";

/// Whether a note is shown by this section rather than among the facts.
pub(super) fn is_shown(note: &str) -> bool {
    note.starts_with(PREFIX)
}

/// What and value, fleet by fleet; empty where nothing was said.
pub(super) fn rows(report: &Report) -> Vec<(String, String)> {
    let notes = &report.provenance.notes;
    let split = |key: &str| -> Option<(String, String)> {
        let (of, part) = key.strip_prefix(PREFIX)?.rsplit_once('.')?;
        Some((of.to_owned(), part.to_owned()))
    };
    let mut fleets: Vec<String> = Vec::new();
    for (of, _) in notes.iter().filter_map(|(key, _)| split(key)) {
        if !fleets.contains(&of) {
            fleets.push(of);
        }
    }
    let said = |of: &str, part: &str| {
        let found = notes
            .iter()
            .find(|(key, _)| *key == format!("{PREFIX}{of}.{part}"));
        found.map(|(_, said)| said.clone())
    };
    let of_fleet = |of: &String| {
        let named =
            |(part, shown): &(&str, &str)| Some((format!("{of}: {shown}"), said(of, part)?));
        PARTS.iter().filter_map(named).collect::<Vec<_>>()
    };
    fleets.iter().flat_map(of_fleet).collect()
}

/// A block of Markdown; `None` where there is nothing to say.
pub(super) fn markdown(report: &Report) -> Option<String> {
    let rows = rows(report);
    if rows.is_empty() {
        return None;
    }
    let mut out = format!("<details>\n<summary>{TITLE}</summary>\n\n");
    for (what, said) in rows {
        let _ = writeln!(out, "- {}: {}", esc(&what), esc(&shorten(&said, 400)));
    }
    out.push_str("\n</details>\n");
    Some(out)
}
