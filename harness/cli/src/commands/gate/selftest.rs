//! `weighbridge gate selftest`: does the gate block what it must?

use weighbridge_record::Exit;
use weighbridge_reports::calibrate::selftest::{Options, SelfTestError, selftest as test};
use weighbridge_reports::table::RunTable;

use super::{judged_by, print};
use crate::args::SelftestArgs;
use crate::commands::compare::must_hold_a_run;
use crate::config::GateFile;
use crate::failure::Failure;

/// Exit 0 where the gate behaves, 4 where it does not.
pub(super) fn selftest(args: &SelftestArgs) -> Result<Exit, Failure> {
    let policy = args.policy.as_deref().map(GateFile::read).transpose()?;
    let losses = losses(&args.losses)?;
    if args.trials < 20 {
        return Err(Failure::config(format!(
            "--trials is {}; at least 20 are needed for a share",
            args.trials
        )));
    }
    must_hold_a_run(&args.run)?;
    let table = judged_by(RunTable::load(&args.run)?, policy)?;
    let options = Options {
        losses,
        slice: args.slice.clone(),
        trials: args.trials,
        seed: args.seed.unwrap_or(table.header().seed),
    };
    let result = test(&table, &options)?;
    print(&result, &result.text(), args.json)?;
    if result.behaves() {
        return Ok(Exit::Pass);
    }
    let faulty = result.candidates.iter().filter(|c| !c.behaves);
    for finding in faulty.filter_map(|c| c.findings.first()) {
        eprintln!("the gate does not behave: {finding}");
    }
    Ok(Exit::Invalid)
}

/// From points to score units.
fn losses(points: &[f64]) -> Result<Vec<f64>, Failure> {
    let one = |&x: &f64| {
        if (0.0..100.0).contains(&x) {
            return Ok(x / 100.0);
        }
        Err(Failure::config(format!(
            "--loss is {x}; it must be at least 0 and below 100"
        ))
        .with_hint("losses are given in points: 5 is a loss of .05 of the mean score"))
    };
    points.iter().map(one).collect()
}

impl From<SelfTestError> for Failure {
    fn from(error: SelfTestError) -> Self {
        match error {
            SelfTestError::Invalid(_) => Self::invalid(error.to_string())
                .with_hint("`weighbridge gate RUN` says what is wrong with it"),
            SelfTestError::NoPolicy(_) => Self::config(error.to_string())
                .with_hint("give policies the roles `baseline` and `candidate`"),
            _ => Self::config(error.to_string()),
        }
    }
}
