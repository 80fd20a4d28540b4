//! The command line, as typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "\
Exit codes:
  0    pass, or the command did what it was asked
  1    block: a regression is shown
  2    inconclusive: the data cannot decide
  3    usage or configuration error; nothing was spent
  4    invalid run: infrastructure, coverage or data
  5    budget reached; everything done so far is kept
  70   internal error
  130  interrupted; the run resumes

Data goes to standard output, talk to standard error.";

/// Weigh a routing, caching or cascade change before it goes live: what it costs in quality slice
/// by slice, what it saves in money, what it does to time-to-first-token.
#[derive(Debug, Parser)]
#[command(name = "weighbridge", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Do everything an experiment file asks: execute or replay, score, report, gate.
    Run(RunArgs),
    /// Write the report of a run directory again, from its log alone.
    Report(ReportArgs),
    /// Judge a run directory, by its own gate policy or by another one.
    Gate(GateArgs),
    /// Turn a foreign data format into a dataset with recorded outcomes.
    Import(ImportArgs),
    /// Make or inspect datasets.
    Data(DataArgs),
    /// Serve the embedded fleet on a loopback port until interrupted.
    Mock(MockArgs),
    /// Call each backend of an experiment once and say what works, at what cost.
    Doctor(DoctorArgs),
    /// Write a commented starter experiment.
    Init(InitArgs),
    /// Print the JSON Schema of the experiment file.
    #[cfg(feature = "schema")]
    Schema,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The experiment file (TOML).
    pub(crate) experiment: PathBuf,
    /// Run directory; `runs/NAME` if absent.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Folder of foreign data that the experiment imports.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Use another seed than the file's.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Judge only N samples, evenly spaced over the dataset.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Start anew even if the directory holds finished trials; the old log is kept beside the new.
    #[arg(long)]
    pub(crate) fresh: bool,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The run directory.
    pub(crate) run: PathBuf,
    /// Where to write the report; the run directory if absent.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct GateArgs {
    /// The run directory.
    pub(crate) run: PathBuf,
    /// Gate policy file (TOML); the run's own if absent.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Where to write verdict and report; the run directory if absent.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Put the verdict as one JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
    /// When to use colour.
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub(crate) color: Colour,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// `routellm` (all its sets), `routellm-gsm8k`, `routellm-mmlu`, `routellm-mtbench`,
    /// `llmrouter`, `routerbench`, `routerarena`, `llmrouterbench`.
    pub(crate) format: String,
    /// The folder as its project publishes it.
    pub(crate) dir: PathBuf,
    /// Where to write samples.jsonl, outcomes.jsonl and dataset.json.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    #[command(subcommand)]
    pub(crate) command: DataCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Generate the quickstart dataset: tasks that the embedded fleet answers.
    Quickstart {
        /// Where to write samples.jsonl and outcomes.jsonl.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Seed of the generator.
        #[arg(long, default_value_t = 7)]
        seed: u64,
    },
    /// Check a dataset: format, labels, recorded outcomes, health.
    Check {
        /// A directory with samples.jsonl, or a JSONL file of samples.
        dataset: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MockArgs {
    /// Port to listen on; 0 picks a free one.
    #[arg(long, default_value_t = 8000)]
    pub(crate) port: u16,
    /// Factor on the pace of the servers; larger is faster.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) speed: f64,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The experiment file (TOML).
    pub(crate) experiment: PathBuf,
    /// Folder of foreign data that the experiment imports.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Put the findings as one JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// File to write.
    #[arg(default_value = "experiment.toml")]
    pub(crate) file: PathBuf,
}
