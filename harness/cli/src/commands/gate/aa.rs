//! `weighbridge gate aa`: the same policy twice.

use weighbridge_record::Exit;
use weighbridge_reports::calibrate::aa::{AaError, AaOptions, Answers, aa as measure};
use weighbridge_reports::table::RunTable;

use super::{judged_by, print};
use crate::args::AaArgs;
use crate::commands::compare::must_hold_a_run;
use crate::config::GateFile;
use crate::failure::Failure;

/// Measures; exits 0 whatever is found.
pub(super) fn aa(args: &AaArgs) -> Result<Exit, Failure> {
    let policy = args.policy.as_deref().map(GateFile::read).transpose()?;
    if args.trials < 20 {
        return Err(Failure::config(format!(
            "--trials is {}; at least 20 are needed for a share",
            args.trials
        )));
    }
    must_hold_a_run(&args.run)?;
    let table = judged_by(RunTable::load(&args.run)?, policy)?;
    let answers = Answers::read(&args.run, &table)?;
    let options = AaOptions {
        trials: args.trials,
        seed: args.seed.unwrap_or(table.header().seed),
    };
    let result = measure(&table, &answers, &options)?;
    print(&result, &result.text(), args.json)?;
    Ok(Exit::Pass)
}

impl From<AaError> for Failure {
    fn from(error: AaError) -> Self {
        Self::config(error.to_string()).with_hint(
            "set `repeats = 2` in the experiment, list the policy twice under two names, or compare \
             two runs of it with `weighbridge compare` and measure that",
        )
    }
}
