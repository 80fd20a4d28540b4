//! A replay over recorded outcomes, into a run directory.

use std::path::Path;

use weighbridge_engine::{PriceBook, Replay, ReplayError};
use weighbridge_record::{LogError, RunHeader, RunWriter};
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
    let mut table = RunTable::new(header, samples);
    let prices = price_book(experiment);
    let replay = Replay::new(experiment.judged.samples(), &experiment.outcomes, &prices)
        .repeats(experiment.repeats);
    warn_about_gaps(&replay, experiment);
    let done = replay.run_serialized(&plan::named(planned), |batch| -> Result<(), LogError> {
        let mut offset = writer.append_serialized(&batch.lines)?;
        for (trial, &len) in batch.trials.iter().zip(&batch.line_lens) {
            table.push(trial, Place { offset, len });
            offset += u64::from(len) + 1;
        }
        Ok(())
    });
    match done {
        Ok(()) => {}
        Err(ReplayError::Sink(error)) => return Err(error.into()),
        Err(error) => return Err(Failure::invalid(error.to_string())),
    }
    writer.flush()?;
    Ok(table)
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
