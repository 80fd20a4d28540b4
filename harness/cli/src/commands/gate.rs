//! `weighbridge gate`: judge a run directory by its own gate policy or by another one.

mod aa;
mod selftest;

use std::io::Write;

use serde::Serialize;
use weighbridge_record::Exit;
use weighbridge_reports::table::RunTable;

use crate::args::{GateArgs, GateCommand};
use crate::failure::Failure;
use crate::{config, outputs};

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
    let policy = args.policy.as_deref().map(config::gate_file).transpose()?;
    let out = args.out.as_ref().unwrap_or(run);
    outputs::check_writable(out)?;
    let mut table = RunTable::load(run)?;
    if let Some(policy) = policy {
        table = table.with_gate(policy);
    }
    super::run::finish(&table, run, out, &args.output)
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
