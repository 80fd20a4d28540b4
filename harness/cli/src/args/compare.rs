//! `weighbridge compare`, as typed.

use std::path::PathBuf;

use clap::Args;

use super::OutputArgs;

const LONG: &str = "\
Weigh a policy of one run against a policy of another: last night's against today's.

Samples are matched by id and content. Samples of one run only, and samples whose content changed \
under the same id, are listed and excluded. Slices, clusters, gate policy and prices are B's; calls \
of A are priced by B's price book. The smaller number of repeats counts. Times are left out where \
one run is live and the other a replay.

The joined run is written as a run directory of its own, which `report` and `gate` read like any \
other. Exit code: the verdict's; 4 where the runs have no sample in common.";

#[derive(Debug, Args)]
#[command(long_about = LONG)]
pub(crate) struct CompareArgs {
    /// Run directory of the baseline.
    pub(crate) a: PathBuf,
    /// Run directory of the candidate.
    pub(crate) b: PathBuf,
    /// Policy of A; its only candidate, or the one B's is named like, if absent.
    #[arg(long, value_name = "NAME")]
    pub(crate) policy_a: Option<String>,
    /// Policy of B; its only candidate, or the one A's is named like, if absent.
    #[arg(long, value_name = "NAME")]
    pub(crate) policy_b: Option<String>,
    /// Gate policy file (TOML); B's own if absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Where to write the joined run and its report; `B/compare` if absent.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}
