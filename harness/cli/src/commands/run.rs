//! `weighbridge run`: execute or replay, score, report, gate.

use std::path::{Path, PathBuf};

use weighbridge_record::{Exit, RunReader, RunWriter};
use weighbridge_reports::table::RunTable;

use crate::args::RunArgs;
use crate::config::{self, Experiment, Overrides};
use crate::failure::Failure;
use crate::{ci, live, outputs, plan, replay};

/// How far a run came.
pub(crate) enum RunEnd {
    /// Everything was done.
    Completed,
    /// A budget was reached.
    Budget(String),
    /// The user interrupted.
    Interrupted,
}

/// Runs an experiment file.
pub(crate) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let overrides = Overrides {
        data: args.data.as_deref(),
        seed: args.seed,
        limit: args.limit,
    };
    let experiment = config::load(&args.experiment, &overrides)?;
    let planned = plan::plan(&experiment)?;
    let header = plan::header(&experiment, &planned);
    let dir = out_dir(args, &experiment);
    outputs::check_writable(&dir)?;
    ci::check_writable(&args.output.ci)?;
    if args.fresh {
        outputs::set_aside(&dir)?;
    }
    let (table, end) = if experiment.is_replay() {
        (
            replay::replay(&experiment, &planned, header, &dir)?,
            RunEnd::Completed,
        )
    } else {
        live::live(&experiment, &planned, header, &dir)?
    };
    let verdict = finish_at(&table, &dir, &dir, &args.output, &args.experiment)?;
    Ok(match end {
        RunEnd::Completed => verdict,
        RunEnd::Budget(limit) => {
            eprintln!("budget reached: {limit}; finished trials are kept, run again to go on");
            Exit::Budget
        }
        RunEnd::Interrupted => {
            eprintln!("interrupted; finished trials are kept, run again to go on");
            Exit::Interrupted
        }
    })
}

fn out_dir(args: &RunArgs, experiment: &Experiment) -> PathBuf {
    args.out
        .clone()
        .unwrap_or_else(|| Path::new("runs").join(&experiment.name))
}

/// Reports and judges a run that is on disk; the exit code of its verdict.
pub(crate) fn finish(
    table: &RunTable,
    run: &Path,
    out: &Path,
    output: &crate::args::OutputArgs,
) -> Result<Exit, Failure> {
    finish_at(table, run, out, output, &run.join(RunWriter::LOG))
}

/// The same; `location` is the file that code-quality findings point at. GitLab shows a finding only
/// at a file of the repository, such as the experiment file.
pub(crate) fn finish_at(
    table: &RunTable,
    run: &Path,
    out: &Path,
    output: &crate::args::OutputArgs,
    location: &Path,
) -> Result<Exit, Failure> {
    let mut reader = RunReader::open(run)?;
    let report = weighbridge_reports::assemble::assemble(table, Some(&mut reader));
    outputs::write(&report, out)?;
    ci::write(&report, location, &output.ci)?;
    outputs::print(&report, out, output)?;
    Ok(weighbridge_reports::gate::exit(
        report.outcome,
        report.gate.on_inconclusive,
    ))
}
