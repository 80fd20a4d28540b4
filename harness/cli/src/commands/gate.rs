//! `weighbridge gate`: judge a run directory by its own gate policy or by another one.

use weighbridge_record::Exit;
use weighbridge_reports::table::RunTable;

use crate::args::GateArgs;
use crate::failure::Failure;
use crate::{config, outputs};

/// Judges a run; the exit code is the verdict's.
pub(crate) fn gate(args: &GateArgs) -> Result<Exit, Failure> {
    if let Some(command) = &args.command {
        return Err(Failure::config(format!("{command:?} is being built")));
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
