//! What the measuring client says of itself.

use super::provenance::pairs;
use crate::model::Report;
use crate::render::table::Table;

/// Notes of the client by name, with what each is called in a report.
const NAMES: [(&str, &str); 37] = [
    ("validity", "Did it keep up"),
    ("offered_per_s", "Arrivals per second, scheduled"),
    ("achieved_per_s", "Arrivals per second, sent"),
    (
        "cv_scheduled",
        "Coefficient of variation of the gaps, scheduled",
    ),
    ("cv_sent", "Coefficient of variation of the gaps, sent"),
    ("ks", "Kolmogorov-Smirnov distance of the gaps"),
    ("bursts", "Instants with several arrivals"),
    ("burst_largest", "Most arrivals at one instant"),
    (
        "burst_spread_p50_ms",
        "From the first to the last start of an instant, median, ms",
    ),
    (
        "burst_spread_p99_ms",
        "From the first to the last start of an instant, 99th percentile, ms",
    ),
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
    (
        "read_lag_p50_ms",
        "First tokens unread in the socket (in no time), median, ms",
    ),
    (
        "read_lag_p99_ms",
        "First tokens unread in the socket, 99th percentile, ms",
    ),
    ("max_in_flight", "Most trials under way at once"),
    ("max_connections", "Most connections open at once"),
    ("overhead", "Own overhead"),
    (
        "overhead_p50_ms",
        "Own part of a time to first token (null backend), median, ms",
    ),
    (
        "overhead_p99_ms",
        "Own part of a time to first token, 99th percentile, ms",
    ),
    ("overhead_requests", "Requests it was measured with"),
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
    (
        "steady_output_tokens_per_s",
        "Output tokens per second under steady load",
    ),
    ("steady_tokens_by", "Tokens counted by"),
    ("drift", "Change under steady load"),
    ("prefix_check", "Prefix caches"),
    ("prefix_problem", "Prompts that servers knew"),
    ("prefix_warning", "Prompts that servers forgot"),
];

/// Whether a note is shown by [`table`] rather than among the facts.
pub(super) fn is_shown(note: &str) -> bool {
    let name = note.strip_prefix("client.");
    name.is_some_and(|name| NAMES.iter().any(|(known, _)| *known == name))
}

/// What the client of a live run says, in the words of a report; empty where none said anything.
pub(in crate::render) fn rows(report: &Report) -> Vec<(&'static str, String)> {
    let notes = &report.provenance.notes;
    let value = |name: &str| {
        let key = format!("client.{name}");
        notes
            .iter()
            .find(|(k, _)| *k == key)
            .map(|(_, v)| v.clone())
    };
    NAMES
        .iter()
        .filter_map(|(name, shown)| Some((*shown, value(name)?)))
        .collect()
}

/// The same as a table.
pub(super) fn table(report: &Report) -> Option<Table> {
    let rows = rows(report);
    (!rows.is_empty()).then(|| pairs("Measuring client", rows))
}
