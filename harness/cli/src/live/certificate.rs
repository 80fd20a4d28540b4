//! The client's statement about itself, kept beside the log.

use std::collections::BTreeMap;
use std::path::Path;

use weighbridge_engine::executor::{Bursts, Drift, Overhead, Pace, Steady};
use weighbridge_engine::{LiveSummary, RunEnd};
use weighbridge_record::Trial;
use weighbridge_reports::table::RunTable;

use super::prefix;

/// What a run says about the client and its prompts, while it is put together.
#[derive(Debug, Default)]
pub(super) struct Certificate {
    /// Whether an earlier part of the run left trials.
    pub(super) is_resumed: bool,
    /// What an earlier part said: its trials are kept, and so are its problems.
    earlier: BTreeMap<String, String>,
    /// The client's own part of a time to first token, or why it is not known; absent where nobody asked.
    pub(super) overhead: Option<Result<Overhead, String>>,
    /// Most connections that were open for calls at once.
    pub(super) connections: usize,
    /// What the prefix caches of the servers say.
    pub(super) prefix: prefix::Finding,
}

const BUDGET: &str = "budget_reached";

impl Certificate {
    /// Reads what an earlier part said, where it left trials.
    pub(super) fn begin(dir: &Path, done: &[Trial]) -> Self {
        let is_resumed = !done.is_empty();
        let text = is_resumed.then(|| std::fs::read_to_string(dir.join(RunTable::NOTES)));
        let text = text.and_then(Result::ok).unwrap_or_default();
        Self {
            is_resumed,
            earlier: serde_json::from_str(&text).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Everything that is known; the overhead may be `limit` of the times to first token, if that is
    /// judged.
    pub(super) fn notes(
        &self,
        summary: &LiveSummary,
        limit: Option<f64>,
    ) -> BTreeMap<String, String> {
        let mut notes = self.of_this_part(summary, limit);
        if let RunEnd::Budget(limit) = summary.end {
            notes.insert(BUDGET.to_owned(), limit.as_str().to_owned());
        }
        notes
    }

    fn of_this_part(&self, summary: &LiveSummary, limit: Option<f64>) -> BTreeMap<String, String> {
        let v = &summary.validity;
        if v.trials == 0 && self.earlier.contains_key(RunTable::VALIDITY) {
            // Nothing was measured: what the earlier part said of the trials stays as it is.
            let mut notes = self.earlier.clone();
            notes.remove(BUDGET);
            return notes;
        }
        let mut notes = Notes::default();
        notes.add("wall_ms", format!("{:.0}", v.wall_ms));
        notes.add("lag_p50_ms", ms(v.lag_p50_ms));
        notes.add("lag_p99_ms", ms(v.lag_p99_ms));
        for (key, lag) in [
            ("read_lag_p50_ms", v.read_lag_p50_ms),
            ("read_lag_p99_ms", v.read_lag_p99_ms),
        ] {
            if let Some(lag) = lag {
                notes.add(key, ms(lag));
            }
        }
        notes.add("max_in_flight", v.max_in_flight.to_string());
        notes.add("max_connections", self.connections.to_string());
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
        if let Some(overhead) = &self.overhead {
            notes.overhead(overhead);
        }
        let mut problems = v.problems.clone();
        if let (Some(Ok(overhead)), Some(limit)) = (&self.overhead, limit) {
            problems.extend(overhead.problem(v.steady.as_ref(), limit));
        }
        let said = self.kept(RunTable::VALIDITY, &problems);
        let said = said.unwrap_or_else(|| RunTable::VALID.to_owned());
        notes.0.insert(RunTable::VALIDITY.to_owned(), said);
        notes.0.extend(self.prefix.notes.clone());
        for (key, said) in [
            (RunTable::PREFIX_PROBLEM, &self.prefix.problems),
            (RunTable::PREFIX_WARNING, &self.prefix.warnings),
        ] {
            notes
                .0
                .extend(self.kept(key, said).map(|said| (key.to_owned(), said)));
        }
        notes.0
    }

    /// What is said now and what an earlier part said; `None` of nothing.
    fn kept(&self, key: &str, now: &[String]) -> Option<String> {
        let mut all: Vec<&str> = now.iter().map(String::as_str).collect();
        let earlier = self
            .earlier
            .get(key)
            .filter(|said| *said != RunTable::VALID);
        all.extend(
            earlier
                .map(String::as_str)
                .filter(|said| !all.contains(said)),
        );
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// Tells what does not make a run invalid and yet should be known before its figures are.
pub(super) fn warn(notes: &BTreeMap<String, String>) {
    for key in [RunTable::DRIFT, RunTable::PREFIX_WARNING] {
        if let Some(said) = notes.get(key) {
            eprintln!("warning: {said}");
        }
    }
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

    /// What the client adds by itself.
    fn overhead(&mut self, overhead: &Result<Overhead, String>) {
        match overhead {
            Ok(overhead) => {
                self.add("overhead_p50_ms", ms(overhead.p50_ms));
                self.add("overhead_p99_ms", ms(overhead.p99_ms));
                self.add("overhead_requests", overhead.requests.to_string());
            }
            Err(why) => self.add("overhead", format!("not measured: {why}")),
        }
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
        if let Some(bursts) = &pace.bursts {
            self.bursts(bursts);
        }
    }

    /// How together those were that were due together.
    fn bursts(&mut self, bursts: &Bursts) {
        self.add("bursts", bursts.count.to_string());
        self.add("burst_largest", bursts.largest.to_string());
        self.add("burst_spread_p50_ms", ms(bursts.spread_p50_ms));
        self.add("burst_spread_p99_ms", ms(bursts.spread_p99_ms));
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
        if let Some(rate) = steady.output_tokens_per_s {
            self.add("steady_output_tokens_per_s", format!("{rate:.1}"));
            let by = match steady.is_by_chunk {
                true => "the time of their chunk",
                false => "spread evenly from the first to the last token of their answer",
            };
            let estimated = match steady.has_estimates {
                true => "; some numbers of tokens are estimates",
                false => "",
            };
            self.add("steady_tokens_by", format!("{by}{estimated}"));
        }
        if let Some(drift) = &steady.drift {
            self.add("drift", sentence(drift, steady));
            self.add("drift_at_ms", format!("{:.0}", drift.at_ms));
        }
    }
}

/// A change of the times to first token in words.
fn sentence(drift: &Drift, steady: &Steady) -> String {
    format!(
        "under a load that stayed the same, the median time to first token went from {:.2} to {:.2} ms \
         {:.1} s after the start of the run ({} trials; self-normalised CUSUM of ranks {:.0}, 1% point \
         {:.1}): the warm-up is too short, the server fills up or slows down, or later samples differ \
         from earlier ones",
        drift.before_ms,
        drift.after_ms,
        drift.at_ms / 1e3,
        steady.trials,
        drift.statistic,
        Drift::CRITICAL
    )
}

#[cfg(test)]
mod tests {
    use weighbridge_engine::executor::{ClientValidity, Progress};

    use super::*;

    fn summary(trials: usize) -> LiveSummary {
        LiveSummary {
            end: RunEnd::Completed,
            progress: Progress::default(),
            limits: Vec::new(),
            validity: ClientValidity {
                wall_ms: 10.0,
                lag_p50_ms: 0.1,
                lag_p99_ms: 0.2,
                read_lag_p50_ms: None,
                read_lag_p99_ms: None,
                trials,
                max_in_flight: 1,
                cpu_share: None,
                pace: None,
                steady: Some(Steady {
                    ttft_p50_ms: Some(1.0),
                    ttft_p99_ms: Some(1.0),
                    ..Steady::default()
                }),
                problems: Vec::new(),
            },
        }
    }

    fn overhead(each_ms: f64) -> Option<Result<Overhead, String>> {
        Overhead::of(vec![each_ms; 200]).map(Ok)
    }

    #[test]
    fn an_overhead_that_is_a_large_part_of_the_times_is_a_problem_where_it_is_judged() {
        let certificate = Certificate {
            overhead: overhead(0.3),
            connections: 7,
            ..Certificate::default()
        };
        let judged = certificate.notes(&summary(9), Some(0.1));
        assert!(judged[RunTable::VALIDITY].contains("the client itself takes 0.30 ms"));
        assert_eq!(judged["client.overhead_p99_ms"], "0.300");
        assert_eq!(judged["client.max_connections"], "7");
        let beside = certificate.notes(&summary(9), None);
        assert_eq!(beside[RunTable::VALIDITY], RunTable::VALID);
    }

    #[test]
    fn what_an_earlier_part_said_of_kept_trials_stays() {
        let text = |s: &str| s.to_owned();
        let earlier = BTreeMap::from([
            (text(RunTable::VALIDITY), text("too late")),
            (text(RunTable::PREFIX_PROBLEM), text("known prompts")),
            (text("client.lag_p99_ms"), text("50.000")),
            (text(BUDGET), text("max_calls")),
        ]);
        let resumed = Certificate {
            is_resumed: true,
            earlier,
            ..Certificate::default()
        };
        let more = resumed.notes(&summary(3), None);
        assert_eq!(more[RunTable::VALIDITY], "too late");
        assert_eq!(more[RunTable::PREFIX_PROBLEM], "known prompts");
        assert_eq!(more["client.lag_p99_ms"], "0.200");
        assert!(!more.contains_key(BUDGET));
        // Run again with nothing left to do.
        let nothing = resumed.notes(&summary(0), None);
        assert_eq!(nothing["client.lag_p99_ms"], "50.000");
        assert!(!nothing.contains_key(BUDGET));
    }
}
