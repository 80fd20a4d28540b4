//! `weighbridge gate`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::OutputArgs;

const SELFTEST: &str = "\
Inject known losses into the scores of a run and let the real gate judge, many times.

Without a loss, candidate and baseline are one and the same: for each cluster of samples a fair coin \
decides which arm gets which of the two scores. The flip rate stays the run's own, and the true \
difference is exactly 0. A loss of L points then spoils each answer of the candidate (its score \
becomes 0) with the one probability that makes the true loss exactly L. Latency, cost and errors \
are left out; the error rates stay as the gate policy splits them.

Exit codes: 0 the gate behaves; 4 it could never block on this run, or it passes a loss at the \
margin more often than alpha_pass allows, or the run itself is not valid.";

const AA: &str = "\
Measure the noise of a run: the same policy twice.

Takes the repeats of a policy against each other (repeats >= 2), or two policies of the run with the \
same configuration. Prints flip rates, how often the gate alarms where nothing changed, how much \
times vary, and the change below which nothing can be told from noise. A replay has no noise, and \
the command says why. Exit code: 0.";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct GateArgs {
    #[command(subcommand)]
    pub(crate) command: Option<GateCommand>,
    /// The run directory; write `./aa` for one that is called like a subcommand.
    #[arg(required = true)]
    pub(crate) run: Option<PathBuf>,
    /// Gate policy file (TOML); the run's own if absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Where to write verdict and report; the run directory if absent.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GateCommand {
    /// Inject known losses and see how often the gate blocks, passes or cannot tell.
    #[command(long_about = SELFTEST)]
    Selftest(SelftestArgs),
    /// Measure the noise of a run: the same policy twice.
    #[command(long_about = AA)]
    Aa(AaArgs),
}

#[derive(Debug, Args)]
pub(crate) struct SelftestArgs {
    /// The run directory.
    pub(crate) run: PathBuf,
    /// True loss to inject, in points (hundredths of the score); 0, the margin, 2, 5, 10 and 20 if
    /// absent. Can be given several times.
    #[arg(long = "loss", value_name = "POINTS")]
    pub(crate) losses: Vec<f64>,
    /// Inject in this slice only; overall and in each critical slice if absent.
    #[arg(long, value_name = "NAME")]
    pub(crate) slice: Option<String>,
    /// Gate policy file (TOML); the run's own if absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Gate verdicts for each injected loss.
    #[arg(long, value_name = "N", default_value_t = 400)]
    pub(crate) trials: u32,
    /// Seed of the injection; the run's own if absent.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Print one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AaArgs {
    /// The run directory.
    pub(crate) run: PathBuf,
    /// Gate policy file (TOML); the run's own if absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Random splits of the repeats.
    #[arg(long, value_name = "N", default_value_t = 400)]
    pub(crate) trials: u32,
    /// Seed of the splits; the run's own if absent.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Print one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}
