//! `weighbridge kernels`: what a prefix-cache hit costs on this machine. A thin front over the crate.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use weighbridge_kernels::bench::{Options, catalog, model_records, run};
use weighbridge_kernels::gpu::{Gpu, probe};
use weighbridge_kernels::record::{
    Grid, Line, LogError, Oracle, Outcome, Record, read, write_line,
};
use weighbridge_kernels::report::{compare, differences, document, html, inputs, markdown};
use weighbridge_kernels::timing::Difference;
use weighbridge_record::Exit;

use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct KernelsArgs {
    #[command(subcommand)]
    command: KernelsCommand,
}

#[derive(Debug, Subcommand)]
enum KernelsCommand {
    /// Say whether a GPU can be measured here, and if not, why.
    Probe {
        /// Folder of libnvrtc.
        #[arg(long, value_name = "DIR")]
        nvrtc: Option<PathBuf>,
        /// One JSON document on standard output.
        #[arg(long)]
        json: bool,
    },
    /// List the benchmarks.
    List,
    /// Measure; records go to --out, or to standard output as JSONL.
    Run(RunArgs),
    /// Print the break-even model as JSONL records.
    Model {
        /// Only this preset.
        #[arg(long)]
        model: Option<String>,
        /// Take costs from a record file.
        #[arg(long, value_name = "FILE")]
        records: Option<PathBuf>,
        /// Effective compute of the replica, TFLOP/s.
        #[arg(long)]
        tflops: Option<f64>,
    },
    /// Compare two record files; differences below the noise are ties.
    Compare {
        /// First file.
        a: PathBuf,
        /// Second file.
        b: PathBuf,
    },
    /// Write the report of a record file.
    Report {
        /// File of `kernels run`; files of peers may be appended to it.
        records: PathBuf,
        /// Destination, .html or .md; Markdown on standard output if absent.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct RunArgs {
    /// Only this benchmark, by id or name.
    #[arg(long, value_name = "ID")]
    only: Option<String>,
    /// At most a minute (the default).
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// At most eight minutes.
    #[arg(long)]
    full: bool,
    /// Record file to write.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Seed of all inputs.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Seconds for everything together, instead of the grid's minute or eight.
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    seconds: Option<f64>,
    /// Folder for the disk benchmark, which writes 256 MiB there.
    #[arg(long, value_name = "DIR")]
    disk: Option<PathBuf>,
    /// Folder of libnvrtc.
    #[arg(long, value_name = "DIR")]
    nvrtc: Option<PathBuf>,
}

/// Runs a subcommand.
pub(crate) fn kernels(args: &KernelsArgs) -> Result<Exit, Failure> {
    match &args.command {
        KernelsCommand::Probe { nvrtc, json } => Ok(show_probe(nvrtc.as_deref(), *json)),
        KernelsCommand::List => Ok(list()),
        KernelsCommand::Run(args) => measure(args),
        KernelsCommand::Model {
            model,
            records,
            tflops,
        } => show_model(model.as_deref(), records.as_deref(), *tflops),
        KernelsCommand::Compare { a, b } => show_comparison(a, b),
        KernelsCommand::Report { records, out } => report(records, out.as_deref()),
    }
}

fn show_probe(nvrtc: Option<&Path>, json: bool) -> Exit {
    let gpu = probe(nvrtc);
    if json {
        print(&format!(
            "{}\n",
            serde_json::to_string(&gpu).unwrap_or_default()
        ));
    }
    match gpu {
        Gpu::Ready {
            name, cc, compiler, ..
        } => eprintln!("ready: {name}, sm_{cc}, {compiler}"),
        Gpu::Skipped(reason) => {
            eprintln!("no GPU to measure: {reason}\nhint: {}", reason.hint());
        }
    }
    Exit::Pass
}

fn list() -> Exit {
    for entry in catalog() {
        let gpu = if entry.needs_gpu() { "GPU" } else { "CPU" };
        print(&format!(
            "{:<4} {gpu}  {:<18} {}\n",
            entry.id, entry.name, entry.measures
        ));
    }
    Exit::Pass
}

/// A wrong result makes the run invalid; a skipped benchmark does not.
fn measure(args: &RunArgs) -> Result<Exit, Failure> {
    if let Some(s) = args.seconds.filter(|s| !(0.0..=86_400.0).contains(s)) {
        return Err(Failure::config(format!(
            "--seconds is {s}; it must lie in [0, 86400]"
        )));
    }
    let options = Options {
        grid: if args.full { Grid::Full } else { Grid::Quick },
        only: args.only.clone(),
        seed: args.seed,
        seconds: args.seconds,
        disk: args.disk.clone(),
        nvrtc: args.nvrtc.clone(),
        cubins: None,
    };
    // A file that is there already is only given up for a run that begins.
    let known = |id: &str| {
        catalog()
            .iter()
            .any(|e| e.id.eq_ignore_ascii_case(id) || e.name == id)
    };
    let begins = args.only.as_deref().is_none_or(known);
    let mut out: Box<dyn Write> = match args.out.as_ref().filter(|_| begins) {
        Some(path) => Box::new(std::fs::File::create(path).map_err(|e| cannot(path, &e))?),
        None => Box::new(std::io::stdout()),
    };
    let (mut written, mut wrong) = (Ok(()), 0);
    let mut take = |line: Line| {
        if written.is_ok() {
            written = write_line(&mut *out, &line);
        }
        if let Line::Record(record) = &line {
            wrong += usize::from(failed(record));
            talk(record);
        }
    };
    run(&options, &mut take).map_err(|e| Failure::config(e.to_string()))?;
    written.map_err(|e| Failure::config(format!("cannot write records: {e}")))?;
    if wrong > 0 {
        return Err(Failure::invalid(format!(
            "{wrong} results are wrong; their times are worth nothing"
        )));
    }
    Ok(Exit::Pass)
}

fn failed(record: &Record) -> bool {
    record
        .measured()
        .is_some_and(|m| matches!(m.oracle, Oracle::Failed(_)))
}

/// One line for each record; modelled ones are for the report.
fn talk(record: &Record) {
    let head = format!(
        "{:<3} {} [{}]",
        record.bench,
        record.config_line(),
        record.by
    );
    match &record.outcome {
        Outcome::Measured(m) => {
            let rate = m
                .gb_per_s()
                .map(|x| format!(", {x:.2} GB/s"))
                .unwrap_or_default();
            let share = m
                .of_ceiling()
                .map(|x| format!(", {:.0}% of ceiling", x * 100.0));
            let wrong = if failed(record) { "  WRONG" } else { "" };
            let us = m.time.median_ns / 1e3;
            eprintln!(
                "{head}: {us:.2} µs{rate}{}{wrong}",
                share.unwrap_or_default()
            );
        }
        Outcome::Skipped(reason) => eprintln!("{head}: skipped: {reason}"),
        Outcome::Modelled(_) => {}
    }
}

fn show_model(
    model: Option<&str>,
    from: Option<&Path>,
    tflops: Option<f64>,
) -> Result<Exit, Failure> {
    let mut preset = match from {
        Some(path) => {
            let inputs = inputs(&read(path).map_err(bad_file)?);
            inputs.origins.iter().for_each(|line| eprintln!("{line}"));
            inputs.preset
        }
        None => weighbridge_kernels::bench::Preset::default(),
    };
    if let Some(tflops) = tflops {
        if !(tflops.is_finite() && tflops > 0.0) {
            return Err(Failure::config("--tflops must be a positive number"));
        }
        preset.compute.flops = tflops * 1e12;
    }
    let records = model_records(&preset, model);
    if records.is_empty() {
        let known: Vec<_> = weighbridge_kernels::model::presets()
            .iter()
            .map(|s| s.name)
            .collect();
        let asked = model.unwrap_or_default();
        return Err(
            Failure::config(format!("there is no model preset {asked:?}"))
                .with_hint(format!("presets: {}", known.join(", "))),
        );
    }
    for record in records {
        print(&format!(
            "{}\n",
            serde_json::to_string(&Line::Record(record)).unwrap_or_default()
        ));
    }
    Ok(Exit::Pass)
}

fn show_comparison(a: &Path, b: &Path) -> Result<Exit, Failure> {
    let (a, b) = (read(a).map_err(bad_file)?, read(b).map_err(bad_file)?);
    for difference in differences(&a, &b) {
        eprintln!("warning: {difference}; ratios compare machines or inputs, not changes");
    }
    let (pairs, alone) = compare(&a, &b);
    for pair in &pairs {
        let verdict = match pair.difference {
            Difference::Tie { ratio, floor } => {
                format!("tie ({ratio:.3}, noise {:.1}%)", floor * 100.0)
            }
            Difference::Faster(ratio) => format!("B takes {ratio:.3} of A's time"),
            Difference::Slower(ratio) => format!("B takes {ratio:.3} times A's time"),
        };
        let (x, y) = (pair.a.median_ns / 1e3, pair.b.median_ns / 1e3);
        print(&format!("{}: {x:.2} µs, {y:.2} µs: {verdict}\n", pair.what));
    }
    let mut ratios: Vec<f64> = pairs
        .iter()
        .map(|p| p.b.median_ns / p.a.median_ns)
        .collect();
    ratios.sort_by(f64::total_cmp);
    if let Some(middle) = ratios.get(ratios.len() / 2) {
        // Noise is known within a run only; a machine that changed pace moves everything alike.
        eprintln!(
            "over all pairs B takes {middle:.3} of A's time: read single ratios against that"
        );
    }
    eprintln!(
        "{} configurations in both files, {alone} in one only",
        pairs.len()
    );
    Ok(Exit::Pass)
}

fn report(records: &Path, out: Option<&Path>) -> Result<Exit, Failure> {
    let log = read(records).map_err(bad_file)?;
    let document = document(&log).map_err(|e| Failure::invalid(e.to_string()))?;
    let Some(path) = out else {
        print(&markdown(&document));
        return Ok(Exit::Pass);
    };
    let text = match path.extension().and_then(|e| e.to_str()) {
        Some("html") => html(&document),
        Some("md") => markdown(&document),
        _ => {
            return Err(
                Failure::config(format!("{}: unknown kind of report", path.display()))
                    .with_hint("end the name in .html or .md"),
            );
        }
    };
    std::fs::write(path, text).map_err(|e| cannot(path, &e))?;
    eprintln!("report: {}", path.display());
    Ok(Exit::Pass)
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Failure::config(format!("{}: {error}", path.display()))
}

fn bad_file(error: LogError) -> Failure {
    match error {
        LogError::Io { .. } => Failure::config(error.to_string())
            .with_hint("`weighbridge kernels run --out FILE` writes one"),
        LogError::Line { .. } => Failure::invalid(error.to_string()),
    }
}

/// A closed pipe is the reader's choice and no error.
fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
