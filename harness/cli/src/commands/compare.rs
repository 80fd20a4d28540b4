//! `weighbridge compare`: a policy of one run against a policy of another.

use std::path::Path;

use weighbridge_record::{Exit, RunWriter};
use weighbridge_reports::join::{JoinError, Names, join};
use weighbridge_reports::model::RunDiff;

use crate::args::CompareArgs;
use crate::config::{self, GateFile};
use crate::failure::Failure;

/// Ids named on standard error before the rest is only counted.
const NAMED: usize = 5;

/// Joins two runs and judges the result; the exit code is the verdict's.
pub(crate) fn compare(args: &CompareArgs) -> Result<Exit, Failure> {
    let policy = args.policy.as_deref().map(GateFile::read).transpose()?;
    for dir in [&args.a, &args.b] {
        must_hold_a_run(dir)?;
    }
    let out = args.out.clone().unwrap_or_else(|| args.b.join("compare"));
    let names = Names {
        a: args.policy_a.as_deref(),
        b: args.policy_b.as_deref(),
    };
    let rules = policy.as_ref().map(|p| p.policy().clone());
    let table = join(&args.a, &args.b, names, rules, &out)?;
    if let Some(policy) = policy {
        policy.check_names(&config::Names::of_run(&table))?;
    }
    super::run::finish_with(&table, &out, &out, &args.output, |report| {
        if let Some(diff) = &report.run_diff {
            describe(args, diff);
        }
    })
}

/// Says in time that a path is no run directory, instead of that some file in it is missing.
pub(super) fn must_hold_a_run(dir: &Path) -> Result<(), Failure> {
    let log = if dir.is_dir() {
        dir.join(RunWriter::LOG)
    } else {
        dir.to_owned()
    };
    if log.is_file() {
        return Ok(());
    }
    Err(Failure::config(format!(
        "{} holds no run: no {}",
        dir.display(),
        RunWriter::LOG
    ))
    .with_hint("give a directory that `weighbridge run EXPERIMENT --out DIR` wrote"))
}

fn describe(args: &CompareArgs, diff: &RunDiff) {
    let join = &diff.join;
    for (run, dir, side) in [('A', &args.a, &join.a), ('B', &args.b, &join.b)] {
        let torn = if side.torn {
            "; its log ends in a torn line, which is left out"
        } else {
            ""
        };
        eprintln!(
            "{run}: {} of {} ({}, {} samples, {} trials{torn})",
            side.policy,
            side.name,
            dir.display(),
            side.samples,
            side.trials
        );
    }
    eprintln!("{} samples are in both and compared", join.matched);
    let changed: Vec<String> = join.changed.iter().map(|c| c.id.clone()).collect();
    for (ids, what) in [
        (&join.only_a, "only in A"),
        (&join.only_b, "only in B"),
        (&changed, "changed under the same id"),
    ] {
        if !ids.is_empty() {
            eprintln!("excluded, {what}: {}", listed(ids));
        }
    }
    for note in &join.notes {
        eprintln!("note: {note}");
    }
}

fn listed(ids: &[String]) -> String {
    let named = ids
        .iter()
        .take(NAMED)
        .map(|id| id.escape_debug().to_string());
    let named = named.collect::<Vec<_>>().join(", ");
    match ids.len().saturating_sub(NAMED) {
        0 => format!("{} ({named})", ids.len()),
        rest => format!("{} ({named} and {rest} more)", ids.len()),
    }
}

impl From<JoinError> for Failure {
    fn from(error: JoinError) -> Self {
        let hint = error.hint();
        match error {
            JoinError::Log(error) => error.into(),
            JoinError::NothingInCommon { .. } => Self::invalid(error.to_string()).with_hint(hint),
            _ => Self::config(error.to_string()).with_hint(hint),
        }
    }
}
