//! `weighbridge gate`: judge a run directory by its own gate policy or by another one.

use weighbridge_record::Exit;
use weighbridge_reports::table::RunTable;

use crate::args::GateArgs;
use crate::failure::Failure;
use crate::{ci, config, outputs};

/// Judges a run; the exit code is the verdict's.
pub(crate) fn gate(args: &GateArgs) -> Result<Exit, Failure> {
    let policy = args.policy.as_deref().map(config::gate_file).transpose()?;
    let out = args.out.as_ref().unwrap_or(&args.run);
    outputs::check_writable(out)?;
    ci::check_writable(&args.output.ci)?;
    let mut table = RunTable::load(&args.run)?;
    if let Some(policy) = policy {
        table = table.with_gate(policy);
    }
    match &args.policy {
        Some(file) => super::run::finish_at(&table, &args.run, out, &args.output, file),
        None => super::run::finish(&table, &args.run, out, &args.output),
    }
}
