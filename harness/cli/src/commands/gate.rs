//! `weighbridge gate`: judge a run directory by its own gate policy or by another one.

mod aa;
mod selftest;

use std::io::Write;

use serde::Serialize;
use weighbridge_record::Exit;
use weighbridge_reports::table::RunTable;

use crate::args::{GateArgs, GateCommand};
use crate::config::{GateFile, Names};
use crate::failure::Failure;
use crate::{ci, outputs};

/// Judges a run; the exit code is the verdict's.
pub(crate) fn gate(args: &GateArgs) -> Result<Exit, Failure> {
    match &args.command {
        Some(GateCommand::Selftest(args)) => return selftest::selftest(args),
        Some(GateCommand::Aa(args)) => return aa::aa(args),
        None => {}
    }
    let Some(run) = &args.run else {
        return Err(Failure::config("name a run directory"));
    };
    let policy = args.policy.as_deref().map(GateFile::read).transpose()?;
    let out = args.out.as_ref().unwrap_or(run);
    outputs::check_writable(out)?;
    ci::check_writable(&args.output.ci)?;
    let table = judged_by(RunTable::load(run)?, policy)?;
    match &args.policy {
        Some(file) => super::run::finish_at(&table, run, out, &args.output, file),
        None => super::run::finish(&table, run, out, &args.output),
    }
}

/// The run held against a gate policy from a file, if one is given; says where it is another one than
/// the run was made under.
pub(crate) fn judged_by(table: RunTable, policy: Option<GateFile>) -> Result<RunTable, Failure> {
    let Some(policy) = policy else {
        return Ok(table);
    };
    policy.check_names(&Names::of_run(&table))?;
    let (made, judged) = (table.made_under(), policy.policy());
    if judged.hash() != made {
        eprintln!(
            "note: judged by gate policy version {} ({}), not by the one the run was made under, \
             version {} ({made})",
            judged.version,
            judged.hash(),
            table.header().gate.version,
        );
    }
    Ok(table.with_gate(policy.into_policy()))
}

/// One document on standard output: JSON, or text for people.
fn print(value: &impl Serialize, text: &str, json: bool) -> Result<(), Failure> {
    let text = if json {
        let json = serde_json::to_string_pretty(value);
        json.map_err(|e| Failure::invalid(e.to_string()))? + "\n"
    } else {
        text.to_owned()
    };
    let mut out = std::io::stdout().lock();
    // A closed pipe is the reader's choice and no error.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    Ok(())
}
