//! `weighbridge report`: the report of a run directory again, from its log alone.

use weighbridge_record::Exit;
use weighbridge_reports::table::RunTable;

use crate::args::ReportArgs;
use crate::failure::Failure;
use crate::{ci, outputs};

/// Writes the report; exits 0 whatever the verdict, since `gate` is for judging.
pub(crate) fn report(args: &ReportArgs) -> Result<Exit, Failure> {
    let out = args.out.as_ref().unwrap_or(&args.run);
    outputs::check_writable(out)?;
    ci::check_writable(&args.output.ci)?;
    let table = RunTable::load(&args.run)?;
    super::run::finish(&table, &args.run, out, &args.output)?;
    Ok(Exit::Pass)
}
