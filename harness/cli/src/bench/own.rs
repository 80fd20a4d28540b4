//! `bench --self`: cells in rounds, so that a slow moment of the machine does not hit one figure only.

use std::process::Stdio;
use std::time::Instant;

use weighbridge_reports::stats::quantile::quantile;

use super::cell::Cell;
use super::figures::{Figure, Report};
use super::server::{Pace, Server, program};
use super::usage;
use crate::args::BenchArgs;
use crate::failure::Failure;

/// A load well below what the client can do: 20 streams of 16 tokens in 95 ms are about 200 answers a
/// second.
const MODERATE: (usize, Pace) = (
    20,
    Pace {
        tokens: 16,
        ttft_ms: 20,
        itl_ms: 5,
    },
);

/// Most answers of one measurement of the time to the first token.
const TIMED: usize = 600;

/// What one round found.
struct Round {
    start_up_s: f64,
    cells: Vec<Cell>,
    timed: Cell,
}

/// Measures this program on this machine.
pub(crate) fn measure(args: &BenchArgs) -> Result<Report, Failure> {
    if args.rounds == 0 || args.answers == 0 {
        return Err(Failure::config("--rounds and --answers must be at least 1"));
    }
    // Inherited by the servers and the cells.
    usage::raise_open_files();
    let mut rounds = Vec::new();
    for i in 1..=args.rounds {
        eprintln!("round {i} of {}", args.rounds);
        rounds.push(round(args)?);
    }
    Ok(Report {
        weighbridge: env!("CARGO_PKG_VERSION"),
        platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        rounds: args.rounds,
        figures: figures(&args.streams, &rounds),
    })
}

fn round(args: &BenchArgs) -> Result<Round, Failure> {
    let fast = Server::start(Pace {
        tokens: 64,
        ttft_ms: 0,
        itl_ms: 0,
    })?;
    let start = Instant::now();
    cell(&fast.url, 1, 1, false)?;
    let start_up_s = start.elapsed().as_secs_f64();
    let cells = args.streams.iter();
    let cells = cells.map(|streams| cell(&fast.url, *streams, args.answers, false));
    let cells = cells.collect::<Result<_, _>>()?;
    drop(fast);
    let (streams, pace) = MODERATE;
    let paced = Server::start(pace)?;
    let timed = cell(&paced.url, streams, args.answers.min(TIMED), true)?;
    Ok(Round {
        start_up_s,
        cells,
        timed,
    })
}

/// One measurement in a process of its own.
fn cell(url: &str, streams: usize, answers: usize, truth: bool) -> Result<Cell, Failure> {
    let output = program()?
        .args(["bench", "cell", "--url", url])
        .args(["--streams", &streams.to_string()])
        .args(["--answers", &answers.to_string()])
        .args(truth.then_some("--truth"))
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| Failure::invalid(format!("cannot start a measurement: {e}")))?;
    let cell: Cell = serde_json::from_slice(&output.stdout).map_err(|_| {
        Failure::invalid(format!(
            "a measurement at {streams} streams ended with {} and no figures",
            output.status
        ))
    })?;
    if cell.wrong > 0 || cell.answers < answers {
        return Err(Failure::invalid(format!(
            "at {streams} streams {} of {} answers were wrong and {} of {answers} came: the figures \
             would be worth nothing",
            cell.wrong, cell.answers, cell.answers
        )));
    }
    Ok(cell)
}

fn figures(streams: &[usize], rounds: &[Round]) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |name, streams, unit, values: Vec<Option<f64>>| {
        let values = values.into_iter().flatten().collect();
        figures.extend(Figure::of(name, streams, unit, values));
    };
    let of = |f: &dyn Fn(&Round) -> Option<f64>| rounds.iter().map(f).collect::<Vec<_>>();
    for (i, streams) in streams.iter().copied().enumerate() {
        let cells = |f: &dyn Fn(&Cell) -> Option<f64>| of(&|r| f(&r.cells[i]));
        let cpu = |c: &Cell| c.cpu_s.map(|s| 1000.0 * s / c.answers as f64);
        add("cpu_per_1000_answers", streams, "s", cells(&cpu));
        let pace = |c: &Cell| Some(c.answers as f64 / c.wall_s);
        add("answers_per_second", streams, "1/s", cells(&pace));
        let peak = |c: &Cell| c.peak_rss_bytes.map(|b| b as f64 / 1e6);
        add("peak_resident_memory", streams, "MB", cells(&peak));
        let each = |c: &Cell| {
            let grown = c.peak_rss_bytes?.saturating_sub(c.base_rss_bytes?);
            Some(grown as f64 / 1024.0 / c.streams as f64)
        };
        add("memory_per_stream", streams, "KiB", cells(&each));
    }
    add("start_up", 1, "s", of(&|r| Some(r.start_up_s)));
    let (streams, _) = MODERATE;
    for (name, q) in [("ttft_error_p50", 0.5), ("ttft_error_p99", 0.99)] {
        add(
            name,
            streams,
            "ms",
            of(&|r| quantile(&r.timed.ttft_error_ms, q).ok()),
        );
    }
    figures
}
