//! A replay over recorded outcomes, into a run directory.

use std::path::Path;

use weighbridge_engine::{PriceBook, Replay, ReplayError};
use weighbridge_record::{LogError, RunHeader, RunWriter, Trial};
use weighbridge_reports::sequential::Monitor;
use weighbridge_reports::table::{Place, RunTable};

use crate::config::Experiment;
use crate::failure::Failure;
use crate::plan::{self, Planned};

/// Prices by the fleet's names.
pub(crate) fn price_book(experiment: &Experiment) -> PriceBook {
    let priced = experiment
        .models
        .iter()
        .filter_map(|m| Some((m.name.clone(), m.price?)));
    PriceBook {
        as_of: experiment.prices_as_of.clone(),
        models: priced.collect(),
    }
}

/// Replays every policy; the log is always written anew, since a replay costs nothing.
pub(crate) fn replay(
    experiment: &Experiment,
    planned: &[Planned],
    header: RunHeader,
    dir: &Path,
) -> Result<RunTable, Failure> {
    let samples = experiment.sample_lines();
    let mut writer = RunWriter::fresh(dir, &header, &samples)?;
    let mut table = RunTable::new(header.clone(), samples.clone());
    let mut monitor = Monitor::new(RunTable::new(header, samples))
        .map_err(|error| Failure::config(format!("the gate cannot be watched: {error}")))?;
    let prices = price_book(experiment);
    let faults = experiment.fault_schedule();
    let replay = Replay::new(experiment.judged.samples(), &experiment.outcomes, &prices)
        .repeats(experiment.repeats)
        .faults(&faults);
    warn_about_gaps(&replay, experiment);
    let done = replay.run_serialized(&plan::named(planned), |batch| -> Result<(), End> {
        // A sequential replay writes up to its last sample and nothing after.
        let (trials, stopped) = used(&mut monitor, &batch.trials);
        let lens = &batch.line_lens[..trials];
        let bytes: usize = lens.iter().map(|&len| len as usize + 1).sum();
        let mut offset = writer.append_serialized(&batch.lines[..bytes])?;
        for (trial, &len) in batch.trials.iter().zip(lens) {
            table.push(trial, Place { offset, len });
            offset += u64::from(len) + 1;
        }
        if stopped { Err(End::Enough) } else { Ok(()) }
    });
    match done {
        Ok(()) | Err(ReplayError::Sink(End::Enough)) => {}
        Err(ReplayError::Sink(End::Log(error))) => return Err(error.into()),
        Err(error) => return Err(Failure::invalid(error.to_string())),
    }
    writer.flush()?;
    Ok(table)
}

/// Why no more trials are taken.
#[derive(Debug)]
enum End {
    Enough,
    Log(LogError),
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Enough => f.write_str("nothing more is needed"),
            Self::Log(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for End {}

impl From<LogError> for End {
    fn from(error: LogError) -> Self {
        Self::Log(error)
    }
}

/// How many trials of a batch are used, and whether they were enough: all of a fixed-n run.
fn used(monitor: &mut Option<Monitor>, trials: &[Trial]) -> (usize, bool) {
    let Some(monitor) = monitor else {
        return (trials.len(), false);
    };
    if monitor.process().stop().is_some() {
        return (0, true);
    }
    let enough = trials
        .iter()
        .position(|trial| monitor.push(trial).is_some());
    (
        enough.map_or(trials.len(), |last| last + 1),
        enough.is_some(),
    )
}

fn warn_about_gaps(replay: &Replay<'_>, experiment: &Experiment) {
    for gap in replay.coverage() {
        if gap.missing > 0 && experiment.fleet.get(&gap.model).is_some() {
            eprintln!(
                "warning: {} has no recorded answer for {} of {} samples; trials that call it \
                 there fail",
                gap.model,
                gap.missing,
                gap.missing + gap.recorded
            );
        }
    }
}
