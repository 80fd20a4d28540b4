//! The client's statement about itself, kept beside the log.

use std::collections::BTreeMap;
use std::path::Path;

use weighbridge_engine::executor::{Pace, Steady};
use weighbridge_engine::{LiveSummary, RunEnd};
use weighbridge_record::Trial;
use weighbridge_reports::table::RunTable;

/// What was wrong with the client in an earlier part of the run, whose trials are kept.
pub(super) fn earlier(dir: &Path, done: &[Trial]) -> Option<String> {
    if done.is_empty() {
        return None;
    }
    let text = std::fs::read_to_string(dir.join(RunTable::NOTES)).ok()?;
    let notes: BTreeMap<String, String> = serde_json::from_str(&text).ok()?;
    notes
        .get(RunTable::VALIDITY)
        .filter(|said| *said != RunTable::VALID)
        .cloned()
}

/// Everything that is known of the client; `earlier` problems stay, since the trials stay.
pub(super) fn notes(summary: &LiveSummary, earlier: Option<&str>) -> BTreeMap<String, String> {
    let v = &summary.validity;
    let mut notes = Notes::default();
    notes.add("wall_ms", format!("{:.0}", v.wall_ms));
    notes.add("lag_p50_ms", ms(v.lag_p50_ms));
    notes.add("lag_p99_ms", ms(v.lag_p99_ms));
    notes.add("max_in_flight", v.max_in_flight.to_string());
    notes.add("calls", summary.progress.calls.to_string());
    if let Some(share) = v.cpu_share {
        notes.add("cpu_share", format!("{share:.3}"));
    }
    if let Some(pace) = &v.pace {
        notes.pace(pace);
    }
    if let Some(steady) = &v.steady {
        notes.steady(steady);
    }
    let mut problems: Vec<&str> = v.problems.iter().map(String::as_str).collect();
    problems.extend(earlier.filter(|said| !problems.contains(said)));
    let validity = match problems.as_slice() {
        [] => RunTable::VALID.to_owned(),
        some => some.join("; "),
    };
    notes.0.insert(RunTable::VALIDITY.to_owned(), validity);
    if let RunEnd::Budget(limit) = summary.end {
        let limit = limit.as_str().to_owned();
        notes.0.insert("budget_reached".to_owned(), limit);
    }
    notes.0
}

fn ms(x: f64) -> String {
    format!("{x:.3}")
}

#[derive(Default)]
struct Notes(BTreeMap<String, String>);

impl Notes {
    fn add(&mut self, name: &str, value: String) {
        self.0.insert(format!("client.{name}"), value);
    }

    /// How the schedule was kept.
    fn pace(&mut self, pace: &Pace) {
        self.add("schedule_hash", pace.schedule_hash.clone());
        self.add("arrivals_sent", pace.sent.to_string());
        for (name, rate) in [
            ("offered_per_s", pace.offered_per_s),
            ("achieved_per_s", pace.achieved_per_s),
        ] {
            if let Some(rate) = rate {
                self.add(name, format!("{rate:.2}"));
            }
        }
        self.add("cv_scheduled", format!("{:.4}", pace.cv_scheduled));
        self.add("cv_sent", format!("{:.4}", pace.cv_sent));
        self.add("ks", format!("{:.4}", pace.ks));
        self.add("queue_p50_ms", ms(pace.queue_p50_ms));
        self.add("queue_p99_ms", ms(pace.queue_p99_ms));
    }

    /// The part of the run with its full load.
    fn steady(&mut self, steady: &Steady) {
        self.add("steady_from_ms", format!("{:.0}", steady.from_ms));
        self.add("steady_to_ms", format!("{:.0}", steady.to_ms));
        self.add("steady_trials", steady.trials.to_string());
        for (name, time) in [
            ("steady_ttft_p50_ms", steady.ttft_p50_ms),
            ("steady_ttft_p99_ms", steady.ttft_p99_ms),
        ] {
            if let Some(time) = time {
                self.add(name, ms(time));
            }
        }
    }
}
