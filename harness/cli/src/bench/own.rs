//! `bench --self`: cells in rounds, so that a slow moment of the machine does not hit one figure only.

use std::process::{Command, Stdio};
use std::time::Instant;

use weighbridge_reports::stats::quantile::quantile;

use super::cell::Cell;
use super::figures::{Figure, Invalid, Load, Report};
use super::open::OpenCell;
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

/// What is answered on a schedule: 64 tokens in 365 ms.
const STEADY: Pace = Pace {
    tokens: 64,
    ttft_ms: 50,
    itl_ms: 5,
};

/// How long a measurement on a schedule takes.
const SCHEDULE_S: usize = 5;

/// Most answers of one measurement of the time to the first token.
const TIMED: usize = 600;

/// What one round found.
struct Round {
    start_up_s: f64,
    cells: Vec<Cell>,
    timed: Cell,
    scheduled: Vec<OpenCell>,
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
        invalid: invalid(&rounds),
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
    drop(paced);
    let rates = args.rates.iter();
    let scheduled = rates.map(|rate| scheduled(*rate, args.answers));
    Ok(Round {
        start_up_s,
        cells,
        timed,
        scheduled: scheduled.collect::<Result<_, _>>()?,
    })
}

/// One measurement in a process of its own.
fn cell(url: &str, streams: usize, answers: usize, truth: bool) -> Result<Cell, Failure> {
    let mut command = program()?;
    command
        .args(["bench", "cell", "--url", url])
        .args(["--streams", &streams.to_string()])
        .args(["--answers", &answers.to_string()])
        .args(truth.then_some("--truth"));
    let load = format!("{streams} streams");
    let cell: Cell = told(command, &load)?;
    whole(&load, cell.answers, answers, cell.wrong)?;
    Ok(cell)
}

/// One measurement on a schedule, against a server of its own: its clock and its processor time are not
/// the client's.
fn scheduled(rate: u32, most: usize) -> Result<OpenCell, Failure> {
    let server = Server::start(STEADY)?;
    let answers = (SCHEDULE_S * rate as usize).clamp(1, most);
    let mut command = program()?;
    command
        .args(["bench", "open", "--url", &server.url])
        .args(["--rate", &rate.to_string()])
        .args(["--answers", &answers.to_string()]);
    let load = format!("{rate} arrivals per second");
    let cell: OpenCell = told(command, &load)?;
    whole(&load, cell.answers, answers, cell.wrong)?;
    Ok(cell)
}

/// Runs a measurement and reads what it found.
fn told<T: serde::de::DeserializeOwned>(mut command: Command, load: &str) -> Result<T, Failure> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| Failure::invalid(format!("cannot start a measurement: {e}")))?;
    serde_json::from_slice(&output.stdout).map_err(|_| {
        Failure::invalid(format!(
            "a measurement at {load} ended with {} and no figures",
            output.status
        ))
    })
}

/// Refuses a measurement in which an answer is missing or wrong.
fn whole(load: &str, came: usize, answers: usize, wrong: usize) -> Result<(), Failure> {
    if wrong == 0 && came >= answers {
        return Ok(());
    }
    Err(Failure::invalid(format!(
        "at {load} {wrong} of {came} answers were wrong and {came} of {answers} came: the figures would \
         be worth nothing"
    )))
}

/// Where a run of the same load would be invalid on this machine.
fn invalid(rounds: &[Round]) -> Vec<Invalid> {
    let cells = (1..).zip(rounds);
    let cells = cells.flat_map(|(round, r)| r.scheduled.iter().map(move |cell| (round, cell)));
    cells
        .filter(|(_, cell)| !cell.problems.is_empty())
        .map(|(round, cell)| Invalid {
            rate_per_s: cell.rate_per_s,
            round,
            problems: cell.problems.clone(),
        })
        .collect()
}

fn figures(streams: &[usize], rounds: &[Round]) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut add = |name, load, unit, values: Vec<Option<f64>>| {
        let values = values.into_iter().flatten().collect();
        figures.extend(Figure::of(name, load, unit, values));
    };
    let of = |f: &dyn Fn(&Round) -> Option<f64>| rounds.iter().map(f).collect::<Vec<_>>();
    for (i, streams) in streams.iter().copied().enumerate() {
        let load = Load::Streams(streams);
        let cells = |f: &dyn Fn(&Cell) -> Option<f64>| of(&|r| f(&r.cells[i]));
        let cpu = |c: &Cell| c.cpu_s.map(|s| 1000.0 * s / c.answers as f64);
        add("cpu_per_1000_answers", load, "s", cells(&cpu));
        let pace = |c: &Cell| Some(c.answers as f64 / c.wall_s);
        add("answers_per_second", load, "1/s", cells(&pace));
        let peak = |c: &Cell| c.peak_rss_bytes.map(|b| b as f64 / 1e6);
        add("peak_resident_memory", load, "MB", cells(&peak));
        let each = |c: &Cell| {
            let grown = c.peak_rss_bytes?.saturating_sub(c.base_rss_bytes?);
            Some(grown as f64 / 1024.0 / c.streams as f64)
        };
        add("memory_per_stream", load, "KiB", cells(&each));
    }
    add(
        "start_up",
        Load::Streams(1),
        "s",
        of(&|r| Some(r.start_up_s)),
    );
    let (streams, _) = MODERATE;
    for (name, q) in [("ttft_error_p50", 0.5), ("ttft_error_p99", 0.99)] {
        add(
            name,
            Load::Streams(streams),
            "ms",
            of(&|r| quantile(&r.timed.ttft_error_ms, q).ok()),
        );
    }
    figures.extend(on_a_schedule(rounds));
    figures
}

/// What became of each schedule; the server's own view of the arrivals is beside the client's.
fn on_a_schedule(rounds: &[Round]) -> Vec<Figure> {
    type Read = fn(&OpenCell) -> Option<f64>;
    let columns: [(&'static str, &'static str, Read); 8] = [
        ("arrivals_due", "1/s", |c| c.due_per_s),
        ("arrivals_sent", "1/s", |c| c.sent_per_s),
        ("arrivals_at_the_server", "1/s", |c| c.server_per_s),
        ("arrival_cv_due", "", |c| Some(c.cv_due)),
        ("arrival_cv_sent", "", |c| Some(c.cv_sent)),
        ("arrival_cv_at_the_server", "", |c| Some(c.cv_server)),
        ("ttft_error_p50", "ms", |c| {
            quantile(&c.ttft_error_ms, 0.5).ok()
        }),
        ("ttft_error_p99", "ms", |c| {
            quantile(&c.ttft_error_ms, 0.99).ok()
        }),
    ];
    let loads = rounds.first().map_or(0, |round| round.scheduled.len());
    let each = (0..loads).flat_map(|i| columns.iter().map(move |column| (i, column)));
    each.filter_map(|(i, (name, unit, read))| {
        let cells = rounds.iter().filter_map(|round| round.scheduled.get(i));
        let rate = Load::Rate(cells.clone().next()?.rate_per_s);
        Figure::of(name, rate, unit, cells.filter_map(read).collect())
    })
    .collect()
}
