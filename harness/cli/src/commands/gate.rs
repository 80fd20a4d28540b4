//! `weighbridge gate`: judge a run directory by its own gate policy or by another one.

use weighbridge_record::Exit;
use weighbridge_reports::table::RunTable;

use crate::args::GateArgs;
use crate::config::{GateFile, Names};
use crate::failure::Failure;
use crate::outputs;

/// Judges a run; the exit code is the verdict's.
pub(crate) fn gate(args: &GateArgs) -> Result<Exit, Failure> {
    let policy = args.policy.as_deref().map(GateFile::read).transpose()?;
    let out = args.out.as_ref().unwrap_or(&args.run);
    outputs::check_writable(out)?;
    let mut table = RunTable::load(&args.run)?;
    if let Some(policy) = policy {
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
        table = table.with_gate(policy.into_policy());
    }
    super::run::finish(&table, &args.run, out, &args.output)
}
