//! What the measuring client says of itself.

use super::provenance::pairs;
use crate::model::Report;
use crate::render::table::Table;

/// Notes of the client by name, with what each is called in a report.
const NAMES: [(&str, &str); 20] = [
    ("validity", "Did it keep up"),
    ("offered_per_s", "Arrivals per second, scheduled"),
    ("achieved_per_s", "Arrivals per second, sent"),
    (
        "cv_scheduled",
        "Coefficient of variation of the gaps, scheduled",
    ),
    ("cv_sent", "Coefficient of variation of the gaps, sent"),
    ("ks", "Kolmogorov-Smirnov distance of the gaps"),
    ("arrivals_sent", "Arrivals sent"),
    ("schedule_hash", "Hash of the schedule"),
    ("lag_p50_ms", "Start after the intended time, median, ms"),
    (
        "lag_p99_ms",
        "Start after the intended time, 99th percentile, ms",
    ),
    ("queue_p50_ms", "Wait for a place in the client, median, ms"),
    (
        "queue_p99_ms",
        "Wait for a place in the client, 99th percentile, ms",
    ),
    ("max_in_flight", "Most trials under way at once"),
    ("cpu_share", "Share of this machine's processors"),
    ("wall_ms", "Time, ms"),
    ("steady_from_ms", "Steady load from, ms"),
    ("steady_to_ms", "Steady load to, ms"),
    ("steady_trials", "Trials started under steady load"),
    (
        "steady_ttft_p50_ms",
        "Their time to first token, median, ms",
    ),
    (
        "steady_ttft_p99_ms",
        "Their time to first token, 99th percentile, ms",
    ),
];

/// Whether a note is shown by [`table`] rather than among the facts.
pub(super) fn is_shown(note: &str) -> bool {
    let name = note.strip_prefix("client.");
    name.is_some_and(|name| NAMES.iter().any(|(known, _)| *known == name))
}

/// The client of a live run; `None` where none said anything.
pub(super) fn table(report: &Report) -> Option<Table> {
    let notes = &report.provenance.notes;
    let value = |name: &str| {
        let key = format!("client.{name}");
        notes
            .iter()
            .find(|(k, _)| *k == key)
            .map(|(_, v)| v.clone())
    };
    let rows: Vec<_> = NAMES
        .iter()
        .filter_map(|(name, shown)| Some((*shown, value(name)?)))
        .collect();
    (!rows.is_empty()).then(|| pairs("Measuring client", rows))
}
