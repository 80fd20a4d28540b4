//! The command line, as typed.

mod bench;
mod compare;
mod gate;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use bench::{BenchArgs, BenchCommand, CellArgs, NullArgs, OpenArgs};
pub(crate) use compare::CompareArgs;
pub(crate) use gate::{AaArgs, GateArgs, GateCommand, SelftestArgs};

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
    /// Say before a run what its gate will be able to prove, what it will miss, and what it costs.
    Plan(PlanArgs),
    /// Write the report of a run directory again, from its log alone.
    Report(ReportArgs),
    /// Weigh a policy of one run against a policy of another, sample by sample.
    Compare(CompareArgs),
    /// Judge a run directory, by its own gate policy or by another one; test the gate itself.
    Gate(GateArgs),
    /// Turn a foreign data format into a dataset with recorded outcomes.
    Import(ImportArgs),
    /// Make or inspect datasets.
    Data(DataArgs),
    /// Search a run for slices on which a candidate loses.
    Slices(SlicesArgs),
    /// Serve the embedded fleet on a loopback port until interrupted.
    Mock(MockArgs),
    /// Measure the measuring client itself on this machine.
    Bench(BenchArgs),
    /// Call each backend of an experiment once and say what works, at what cost.
    Doctor(DoctorArgs),
    /// Write a commented starter experiment.
    Init(InitArgs),
    /// Measure and model what a prefix-cache hit costs on this machine.
    #[cfg(feature = "kernels")]
    Kernels(crate::commands::kernels::KernelsArgs),
    /// Print the JSON Schema of a file format.
    #[cfg(feature = "schema")]
    Schema(SchemaArgs),
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
    /// Judge after every sample and stop as soon as the verdict is clear; the same as
    /// `run.sequential = true`.
    #[arg(long)]
    pub(crate) sequential: bool,
    /// Folder of the attempt ledger, where every attempt at judging a change is kept; `ledger`
    /// beside the run directory if absent.
    #[arg(long, value_name = "DIR")]
    pub(crate) ledger: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The experiment file (TOML).
    pub(crate) experiment: PathBuf,
    /// Folder of foreign data that the experiment imports.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Use another seed than the file's.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Plan for N samples, evenly spaced over the dataset.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Share of samples that flip when nothing changed, where no run or recording tells; 0.06 if absent.
    #[arg(long, value_name = "P")]
    pub(crate) flip_rate: Option<f64>,
    /// Earlier run of the same slices, or of one policy against itself, to take flip rates, costs and
    /// pace from.
    #[arg(long, value_name = "RUN_DIR")]
    pub(crate) from: Option<PathBuf>,
    /// Put the plan as one JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A file format with a schema.
#[cfg(feature = "schema")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// The experiment file.
    Experiment,
    /// `verdict.json`.
    Verdict,
    /// The gate policy file.
    Gate,
}

#[cfg(feature = "schema")]
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Which format.
    #[arg(value_enum, default_value_t = SchemaOf::Experiment)]
    pub(crate) of: SchemaOf,
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
pub(crate) struct OutputArgs {
    /// Put the verdict as one JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
    /// When to use colour.
    #[arg(long, value_enum, default_value_t = Colour::Auto)]
    pub(crate) color: Colour,
    #[command(flatten)]
    pub(crate) ci: CiArgs,
}

/// Outputs for build servers, beside the files of the run directory.
#[derive(Debug, Args)]
pub(crate) struct CiArgs {
    /// Append the report to the job summary of GitHub Actions (the file that GITHUB_STEP_SUMMARY names).
    #[arg(long)]
    pub(crate) github_summary: bool,
    /// Write the report as the Markdown of a comment on a pull request, below 65,536 characters.
    #[arg(long, value_name = "FILE")]
    pub(crate) comment: Option<PathBuf>,
    /// Write claims that do not hold as a GitLab code-quality report.
    #[arg(long, value_name = "FILE")]
    pub(crate) gitlab_code_quality: Option<PathBuf>,
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
    /// `llmrouter`, `routerbench`, `routerarena`, `llmrouterbench`; traces of traffic, for load and
    /// latency: `mooncake`, `burstgpt`, `azure`.
    pub(crate) format: String,
    /// The folder as its project publishes it; the file of a trace.
    pub(crate) dir: PathBuf,
    /// Where to write samples.jsonl, outcomes.jsonl and dataset.json.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Take only the first N requests of a trace.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
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
pub(crate) struct SlicesArgs {
    #[command(subcommand)]
    pub(crate) command: SlicesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SlicesCommand {
    /// Search one half of the samples for slices that lose, test them on the other half, and write the
    /// ones whose loss is shown as TOML for the experiment file.
    Discover(DiscoverArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DiscoverArgs {
    /// The run directory.
    pub(crate) run: PathBuf,
    /// Policy to compare with the baseline; the first candidate if absent.
    #[arg(long, value_name = "NAME")]
    pub(crate) candidate: Option<String>,
    /// Fewest samples of a slice in each half.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) support: usize,
    /// Most conditions of a slice, 1 to 3.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(crate) depth: usize,
    /// Family-wise error rate of the test on the other half.
    #[arg(long, value_name = "RATE", default_value_t = 0.05)]
    pub(crate) alpha: f64,
    /// Seed of the parting of the samples and of the test.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// File for the TOML; standard output if absent.
    #[arg(long, value_name = "PATCH")]
    pub(crate) out: Option<PathBuf>,
    /// Put the whole search as one JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MockArgs {
    /// Port to listen on; 0 picks a free one.
    #[arg(long, default_value_t = 8000)]
    pub(crate) port: u16,
    /// Factor on the pace of the servers; larger is faster.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) speed: f64,
    #[command(flatten)]
    pub(crate) null: NullArgs,
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
