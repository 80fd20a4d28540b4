//! One measurement on a schedule: what is sent, and how wrong the time to the first token is.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use weighbridge_engine::arrivals::{Arrivals, Gaps, OpenLoop, cv};
use weighbridge_engine::executor::{ClientLimits, Stop, Warmup};
use weighbridge_engine::{LiveSummary, Settings};
use weighbridge_mock::null::NullRecord;
use weighbridge_record::{RunReader, RunWriter, SampleLine};

use super::cell::{Scratch, header, is_right, live, samples};
use super::truth;
use crate::args::OpenArgs;
use crate::failure::Failure;
use crate::live::record::{self, Log};
use crate::progress::Progress;

/// Arrivals that open the first connections and are no part of the error, at most a tenth of all.
const WARMUP: usize = 50;

/// What one measurement found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct OpenCell {
    /// Arrivals per second, as asked for.
    pub(crate) rate_per_s: u32,
    /// Answers that came.
    pub(crate) answers: usize,
    /// Answers that failed, were cut, or were scored or counted wrong. 0, or nothing else counts.
    pub(crate) wrong: usize,
    /// Arrivals per second of the schedule, a draw from the process; absent of fewer than two.
    pub(crate) due_per_s: Option<f64>,
    /// Arrivals per second by the client's clock.
    pub(crate) sent_per_s: Option<f64>,
    /// Arrivals per second by the server's clock.
    pub(crate) server_per_s: Option<f64>,
    /// Coefficient of variation of the gaps of the schedule.
    pub(crate) cv_due: f64,
    /// The same by the client's clock.
    pub(crate) cv_sent: f64,
    /// The same by the server's clock.
    pub(crate) cv_server: f64,
    /// Reported time to the first token, from the intended start, minus the true one, in milliseconds,
    /// sorted.
    pub(crate) ttft_error_ms: Vec<f64>,
    /// Why a run of this load would be invalid here.
    pub(crate) problems: Vec<String>,
}

/// Measures.
pub(crate) fn measure(args: &OpenArgs) -> Result<OpenCell, Failure> {
    if args.rate == 0 || args.answers == 0 {
        return Err(Failure::config("--rate and --answers must be at least 1"));
    }
    let folder = Scratch::new()?;
    let runtime = crate::live::runtime()?;
    let samples = samples(args.answers);
    let live = live(&args.url, &samples, settings(args))?;
    let lines: Vec<_> = samples.iter().map(SampleLine::of).collect();
    let (writer, _) = RunWriter::resume(&folder.0, &header(1), &lines)?;
    let (handle, stop) = Stop::pair();
    let log = Log {
        writer,
        handle: Arc::new(handle),
        progress: Progress::new(args.answers as u64, 0),
        judge: None,
    };
    let (summary, written) = runtime.block_on(record::run(live, stop, log));
    written?;
    found(args, summary, &folder.0, &truth::records(&args.url)?)
}

fn settings(args: &OpenArgs) -> Settings {
    Settings {
        open_loop: Some(OpenLoop {
            arrivals: Arrivals::steady(args.rate.into(), Gaps::Exponential),
            max_in_flight: None,
        }),
        warmup: Warmup {
            trials: WARMUP.min(args.answers / 10) as u64,
            time: Duration::ZERO,
        },
        client: ClientLimits::open_loop(),
        ..Settings::default()
    }
}

/// Reads the log back and holds it against what the server saw.
fn found(
    args: &OpenArgs,
    summary: LiveSummary,
    dir: &Path,
    truth: &BTreeMap<String, NullRecord>,
) -> Result<OpenCell, Failure> {
    let pace = summary.validity.pace.as_ref();
    let mut cell = OpenCell {
        rate_per_s: args.rate,
        answers: 0,
        wrong: 0,
        due_per_s: pace.and_then(|p| p.offered_per_s),
        sent_per_s: pace.and_then(|p| p.achieved_per_s),
        server_per_s: None,
        cv_due: pace.map_or(0.0, |p| p.cv_scheduled),
        cv_sent: pace.map_or(0.0, |p| p.cv_sent),
        cv_server: 0.0,
        ttft_error_ms: Vec::new(),
        problems: summary.validity.problems,
    };
    let mut arrived_us = Vec::new();
    let mut reader = RunReader::open(dir)?;
    while let Some(at) = reader.next_trial()? {
        cell.answers += 1;
        cell.wrong += usize::from(!is_right(&at.trial));
        let id = at
            .trial
            .attempts
            .first()
            .and_then(|a| a.request_id.as_ref());
        let Some(record) = id.and_then(|id| truth.get(id)) else {
            continue;
        };
        arrived_us.push(record.arrived_us);
        let told = at.trial.ttft_ms.filter(|_| !at.trial.is_warmup());
        cell.ttft_error_ms
            .extend(told.map(|ms| ms - record.ttft_ms()));
    }
    cell.ttft_error_ms.sort_by(f64::total_cmp);
    (cell.server_per_s, cell.cv_server) = seen(arrived_us);
    Ok(cell)
}

/// Rate per second and coefficient of variation of arrivals in microseconds.
fn seen(mut arrived_us: Vec<u64>) -> (Option<f64>, f64) {
    arrived_us.sort_unstable();
    let gaps = arrived_us.windows(2).map(|pair| (pair[1] - pair[0]) as f64);
    let gaps: Vec<f64> = gaps.collect();
    let us: f64 = gaps.iter().sum();
    ((us > 0.0).then(|| 1e6 * gaps.len() as f64 / us), cv(&gaps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_counted_in_the_order_in_which_they_came() {
        let (rate, cv) = seen(vec![3_000, 1_000, 2_000, 5_000]);
        assert!((rate.unwrap() - 750.0).abs() < 1e-9);
        assert!(
            (cv - (2.0f64 / 9.0).sqrt() / (4.0 / 3.0)).abs() < 1e-9,
            "{cv}"
        );
        assert_eq!(seen(vec![7]), (None, 0.0));
        assert_eq!(seen(Vec::new()), (None, 0.0));
    }
}
