//! `weighbridge bench` and the null backend of `weighbridge mock`, as typed.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BenchArgs {
    /// Measure this program against a null backend in a process of its own: what its answers cost in
    /// processor time and memory, how many it takes a second, how wrong its time-to-first-token is.
    #[arg(long = "self")]
    pub(crate) own: bool,
    /// Rounds; the median of each figure is told with its range.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Answers of each measurement of throughput.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) answers: usize,
    /// Streams open at once in each measurement of throughput: as many as a gateway sees on a normal
    /// day, as many as one server takes, as many as show what a stream costs in memory.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [64, 512, 5000])]
    pub(crate) streams: Vec<usize>,
    /// Arrivals per second of each measurement on a schedule: Poisson, 5 seconds long or `--answers`
    /// requests, answers of 64 tokens in 370 ms.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [200, 1000])]
    pub(crate) rates: Vec<u32>,
    /// Put the figures as one JSON document on standard output.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Option<BenchCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// One measurement in a process of its own; one JSON document on standard output.
    #[command(hide = true)]
    Cell(CellArgs),
    /// One measurement on a schedule in a process of its own; one JSON document on standard output.
    #[command(hide = true)]
    Open(OpenArgs),
}

#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    /// Address of a null backend (`weighbridge mock --null`).
    #[arg(long)]
    pub(crate) url: String,
    /// Arrivals per second.
    #[arg(long, default_value_t = 200)]
    pub(crate) rate: u32,
    /// Arrivals.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) answers: usize,
}

#[derive(Debug, Args)]
pub(crate) struct CellArgs {
    /// Address of a null backend (`weighbridge mock --null`).
    #[arg(long)]
    pub(crate) url: String,
    /// Streams open at once.
    #[arg(long, default_value_t = 64)]
    pub(crate) streams: usize,
    /// Answers to ask for, rounded up to a multiple of the streams.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) answers: usize,
    /// Hold the time to the first token of each answer against the server's own clock.
    #[arg(long)]
    pub(crate) truth: bool,
}

/// The null backend instead of the fleet.
#[derive(Debug, Args)]
pub(crate) struct NullArgs {
    /// Serve a null backend instead: one fixed answer, streamed as fast as it can be written. For
    /// measuring clients.
    #[arg(long)]
    pub(crate) null: bool,
    /// Tokens of the null backend's answers.
    #[arg(long, value_name = "N", default_value_t = 64, requires = "null")]
    pub(crate) tokens: usize,
    /// Time to the null backend's first token in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 0, requires = "null")]
    pub(crate) ttft_ms: u64,
    /// Time between the null backend's tokens in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 0, requires = "null")]
    pub(crate) itl_ms: u64,
    /// End when standard input does: the server does not outlive who started it.
    #[arg(long, hide = true)]
    pub(crate) until_eof: bool,
}
