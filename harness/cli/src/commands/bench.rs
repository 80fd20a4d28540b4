//! `weighbridge bench`: what the measuring client itself costs.

use std::io::Write;

use weighbridge_record::Exit;

use crate::args::{BenchArgs, BenchCommand};
use crate::bench::{cell, open, own};
use crate::failure::Failure;

/// Measures this program, or makes one measurement for a parent.
pub(crate) fn bench(args: &BenchArgs) -> Result<Exit, Failure> {
    let text = match &args.command {
        Some(BenchCommand::Cell(cell)) => json(&cell::measure(cell)?)?,
        Some(BenchCommand::Open(cell)) => json(&open::measure(cell)?)?,
        None if args.own => {
            let report = own::measure(args)?;
            match args.json {
                true => json(&report)?,
                false => report.shown(),
            }
        }
        None => {
            return Err(Failure::config("nothing to measure was named")
                .with_hint("`weighbridge bench --self` measures this program on this machine"));
        }
    };
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|e| Failure::invalid(format!("cannot write to standard output: {e}")))?;
    Ok(Exit::Pass)
}

fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map(|text| text + "\n")
        .map_err(|e| Failure::invalid(format!("cannot write the figures as JSON: {e}")))
}
