//! `weighbridge run`: execute or replay, score, report, gate.

use std::path::{Path, PathBuf};

use weighbridge_record::{Exit, RunReader, RunWriter};
use weighbridge_reports::model::Report;
use weighbridge_reports::sequential::settle;
use weighbridge_reports::table::RunTable;

use crate::args::RunArgs;
use crate::config::{self, Experiment, Overrides};
use crate::failure::Failure;
use crate::{change, ci, live, outputs, plan, replay};

/// How far a run came.
pub(crate) enum RunEnd {
    /// Everything was done.
    Completed,
    /// A budget was reached.
    Budget(String),
    /// The user interrupted.
    Interrupted,
    /// A trial ended in a panic.
    Panicked,
}

/// Runs an experiment file.
pub(crate) fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let overrides = Overrides {
        data: args.data.as_deref(),
        seed: args.seed,
        limit: args.limit,
    };
    let mut experiment = config::load(&args.experiment, &overrides)?;
    experiment.run.sequential |= args.sequential;
    let sequential = experiment.run.sequential;
    let visit = sequential
        .then(|| change::visit(&mut experiment))
        .transpose()?;
    let planned = plan::plan(&experiment)?;
    let mut header = plan::header(&experiment, &planned);
    let dir = out_dir(args, &experiment);
    outputs::check_writable(&dir)?;
    ci::check_writable(&args.output.ci)?;
    if args.fresh {
        outputs::set_aside(&dir)?;
    }
    if let Some(visit) = &visit {
        header.dataset.fingerprint.clone_from(&visit.fingerprint);
    }
    header.started_unix_ms = live::started(&experiment);
    let ledger = change::folder(args.ledger.as_ref(), &dir);
    let attempt = change::begin(&experiment, &mut header, visit.as_ref(), &dir, &ledger)?;
    let first = first_sample(&header, visit.as_ref());
    let (table, end) = if experiment.is_replay() {
        (
            replay::replay(&experiment, &planned, header, &dir)?,
            RunEnd::Completed,
        )
    } else {
        live::live(&experiment, &planned, header, first, &dir, &attempt)?
    };
    let report = report_on(&table, &dir, &dir)?;
    // Kept before anything is printed: a reader that goes away must not lose an attempt.
    attempt.end(&report)?;
    publish(&report, &dir, &args.output, &args.experiment)?;
    let verdict = exit(&report);
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
        RunEnd::Panicked => {
            eprintln!("error: this is a bug in weighbridge; finished trials are on disk");
            Exit::Internal
        }
    })
}

fn out_dir(args: &RunArgs, experiment: &Experiment) -> PathBuf {
    args.out
        .clone()
        .unwrap_or_else(|| Path::new("runs").join(&experiment.name))
}

/// How many samples earlier attempts used up.
fn first_sample(header: &weighbridge_record::RunHeader, visit: Option<&change::Visit>) -> usize {
    let start = header.change.as_ref().and_then(|c| c.start.as_ref());
    let from_block = start.map_or(0, |s| s.from_block);
    visit.map_or(0, |visit| visit.samples_before(from_block))
}

/// Reports and judges a run that is on disk; the exit code of its verdict.
pub(crate) fn finish(
    table: &RunTable,
    run: &Path,
    out: &Path,
    output: &crate::args::OutputArgs,
) -> Result<Exit, Failure> {
    finish_with(table, run, out, output, |_| {})
}

/// The same, with something to say about the report before it is printed.
pub(crate) fn finish_with(
    table: &RunTable,
    run: &Path,
    out: &Path,
    output: &crate::args::OutputArgs,
    talk: impl FnOnce(&Report),
) -> Result<Exit, Failure> {
    let report = report_on(table, run, out)?;
    talk(&report);
    publish(&report, out, output, &run.join(RunWriter::LOG))?;
    Ok(exit(&report))
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
    let report = report_on(table, run, out)?;
    publish(&report, out, output, location)?;
    Ok(exit(&report))
}

/// For build servers, then for the reader.
fn publish(
    report: &Report,
    out: &Path,
    output: &crate::args::OutputArgs,
    location: &Path,
) -> Result<(), Failure> {
    ci::write(report, location, &output.ci)?;
    outputs::print(report, out, output)
}

fn exit(report: &Report) -> Exit {
    weighbridge_reports::gate::exit(report.outcome, report.gate.on_inconclusive)
}

/// Judges a run that is on disk and writes its reports.
fn report_on(table: &RunTable, run: &Path, out: &Path) -> Result<Report, Failure> {
    // A sequential verdict rests on the samples up to its stop, not on those under way then.
    let settled = settle(table, run)?;
    let mut reader = RunReader::open(run)?;
    let table = settled.as_ref().unwrap_or(table);
    let report = weighbridge_reports::assemble::assemble(table, Some(&mut reader));
    outputs::write(&report, out)?;
    Ok(report)
}
