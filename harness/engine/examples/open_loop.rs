//! What the client makes of a schedule: time to first token against the server's own clock, delivered
//! rate and variation of the gaps, and a server that stands still for 2 s.
//!
//! `cargo run --release -p weighbridge-engine --example open_loop -- 200 3000`, `-- 1000 10000`,
//! `-- stall` (Unix: the server process is stopped and continued). The server is the null backend in a
//! process of its own: 50 ms to the first token and 8 tokens or, with a third number, so many in 5 ms
//! steps, one event each. Its clock marks a request when it was read to its end, and a first token just
//! before it is handed to the socket. Every trial is parsed, scored and written to disk. Prints one
//! JSON object.

#![expect(
    clippy::print_stdout,
    reason = "the address and the figures are the output"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;
use weighbridge_datasets::{Sample, Target};
use weighbridge_engine::arrivals::{Arrivals, Gaps, OpenLoop, cv};
use weighbridge_engine::executor::{ClientLimits, Stop, Warmup};
use weighbridge_engine::{
    Dialect, Event, HttpBackend, HttpConfig, Live, LiveSummary, PriceBook, Settings,
};
use weighbridge_mock::null::{NullConfig, NullRecord, serve_null};
use weighbridge_policies::{Decision, Needs, Observed, Policy, Request, Session, Step};
use weighbridge_record::Trial;

type Failed = Box<dyn std::error::Error>;

const WARMUP: u64 = 50;

fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", tokens] => server(tokens.parse()?),
        ["stall"] => stall(),
        [rate, n] => fidelity(rate.parse()?, n.parse()?, "8"),
        [rate, n, tokens] => fidelity(rate.parse()?, n.parse()?, tokens),
        _ => Err("give a rate per second and a number of requests, or `stall`".into()),
    }
}

/// The server, until it is killed.
fn server(tokens: usize) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let server = serve_null(NullConfig {
            tokens,
            ttft: Duration::from_millis(50),
            itl: Duration::from_millis(5),
            ..NullConfig::default()
        })
        .await?;
        println!("{}", server.addr());
        std::future::pending::<()>().await;
        Ok(())
    })
}

/// A server process that ends with this one.
struct Server(Child, SocketAddr);

impl Server {
    fn start(tokens: &str) -> Result<Self, Failed> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", tokens])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or("no output")?;
        BufReader::new(out).read_line(&mut line)?;
        let addr = line.trim().parse()?;
        Ok(Self(child, addr))
    }

    /// Its own marks by request.
    fn log(&self) -> Result<HashMap<String, NullRecord>, Failed> {
        let mut socket = TcpStream::connect(self.1)?;
        socket.write_all(b"GET /records HTTP/1.1\r\nhost: m\r\n\r\n")?;
        // It keeps connections open, but not after the client closed its half.
        socket.shutdown(Shutdown::Write)?;
        let mut text = String::new();
        socket.read_to_string(&mut text)?;
        let (_, body) = text.split_once("\r\n\r\n").ok_or("no records")?;
        body.lines()
            .map(|line| {
                let record: NullRecord = serde_json::from_str(line)?;
                Ok((record.request.to_string(), record))
            })
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Always;

impl Policy for Always {
    fn needs(&self) -> Needs {
        Needs::default()
    }

    fn open<'a>(&'a self, _: Request<'a>) -> Box<dyn Session + 'a> {
        Box::new(Walk)
    }
}

struct Walk;

impl Session for Walk {
    fn next(&mut self, seen: &[Observed<'_>]) -> Decision {
        match seen {
            [] => Decision::new(Step::Call("m".into()), ""),
            _ => Decision::accept(0, ""),
        }
    }
}

/// Sends `n` requests on a schedule, through the whole path to the disk.
fn run(server: &Server, arrivals: Arrivals, n: usize) -> Result<(LiveSummary, Vec<Trial>), Failed> {
    let config = HttpConfig::new(format!("http://{}/v1", server.1), "null", Dialect::Openai);
    let prompt = |i: usize| {
        format!(
            "{i} {}",
            "words of a prompt that is as long as prompts are ".repeat(12)
        )
    };
    let live = Live {
        samples: (0..n)
            .map(|i| Sample::of_prompt(format!("s{i}"), prompt(i), Target::Answered))
            .collect(),
        policies: vec![("p".into(), Arc::new(Always) as Arc<dyn Policy>)],
        backends: BTreeMap::from([("m".into(), Arc::new(HttpBackend::new(config)?) as _)]),
        prices: PriceBook::default(),
        settings: Settings {
            open_loop: Some(OpenLoop {
                arrivals,
                max_in_flight: None,
            }),
            warmup: Warmup {
                trials: WARMUP,
                time: Duration::ZERO,
            },
            client: ClientLimits::open_loop(),
            ..Settings::default()
        },
        done: BTreeSet::new(),
    };
    let path = std::env::temp_dir().join(format!("open-loop-{}.jsonl", std::process::id()));
    let mut log = BufWriter::new(std::fs::File::create(&path)?);
    // As the command line has it: one thread for two processors.
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads((processors / 2).max(1))
        .enable_all()
        .build()?;
    let done = runtime.block_on(async {
        let (sender, mut receiver) = mpsc::channel(1024);
        let write = async {
            let mut trials = Vec::with_capacity(n);
            while let Some(event) = receiver.recv().await {
                if let Event::TrialDone(trial) = event {
                    serde_json::to_writer(&mut log, &trial)?;
                    log.write_all(b"\n")?;
                    trials.push(*trial);
                }
            }
            Ok::<_, Failed>(trials)
        };
        let (summary, trials) = tokio::join!(live.run(Stop::never(), sender), write);
        Ok::<_, Failed>((summary, trials?))
    });
    let _ = std::fs::remove_file(path);
    done
}

fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[((q * values.len() as f64).ceil() as usize).clamp(1, values.len()) - 1]
}

fn fidelity(rate_per_s: f64, n: usize, tokens: &str) -> Result<(), Failed> {
    let server = Server::start(tokens)?;
    let (summary, trials) = run(&server, Arrivals::steady(rate_per_s, Gaps::Exponential), n)?;
    let log = server.log()?;
    let (mut seen, mut truth, mut error, mut arrived) = (vec![], vec![], vec![], vec![]);
    let (mut sent, mut way, mut read) = (vec![], vec![], vec![]);
    let mut failed = 0;
    for trial in &trials {
        let record = trial.attempts[0]
            .request_id
            .as_ref()
            .and_then(|id| log.get(id));
        let (Some(ttft_ms), Some(record)) = (trial.ttft_ms, record) else {
            failed += 1;
            continue;
        };
        let server_us = record.first_token_us - record.arrived_us;
        arrived.push(record.arrived_us as f64 / 1e3);
        if !trial.is_warmup() {
            seen.push(ttft_ms);
            truth.push(server_us as f64 / 1e3);
            error.push(ttft_ms - server_us as f64 / 1e3);
            let sent_ms = trial.attempts[0].sent_ms.unwrap_or(0.0);
            sent.push(sent_ms);
            read.extend(trial.attempts[0].read_lag_ms);
            way.push(ttft_ms - sent_ms - server_us as f64 / 1e3);
        }
    }
    arrived.sort_unstable_by(f64::total_cmp);
    let gaps: Vec<f64> = arrived.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let pace = summary.validity.pace.as_ref().ok_or("no schedule")?;
    let figures = json!({
        "requests": trials.len(),
        "failed": failed,
        "ttft_p50_ms": quantile(&mut seen, 0.5),
        "ttft_p99_ms": quantile(&mut seen, 0.99),
        "server_ttft_p50_ms": quantile(&mut truth, 0.5),
        "server_ttft_p99_ms": quantile(&mut truth, 0.99),
        "error_p50_ms": quantile(&mut error, 0.5),
        "error_p99_ms": quantile(&mut error, 0.99),
        // The two parts of the error: until the request is handed over, and the way there and back.
        "sent_p50_ms": quantile(&mut sent, 0.5),
        "sent_p99_ms": quantile(&mut sent, 0.99),
        "way_p50_ms": quantile(&mut way, 0.5),
        "way_p99_ms": quantile(&mut way, 0.99),
        // In no time: how long tokens lay in the socket before they were read.
        "read_lag_p50_ms": quantile(&mut read, 0.5),
        "read_lag_p99_ms": quantile(&mut read, 0.99),
        "scheduled_per_s": pace.offered_per_s,
        "sent_per_s": pace.achieved_per_s,
        "server_per_s": 1e3 * (arrived.len() - 1) as f64 / (arrived[arrived.len() - 1] - arrived[0]),
        "cv_scheduled": pace.cv_scheduled,
        "cv_sent": pace.cv_sent,
        "cv_server": cv(&gaps),
        "ks": pace.ks,
        "lag_p50_ms": summary.validity.lag_p50_ms,
        "lag_p99_ms": summary.validity.lag_p99_ms,
        "cpu_share": summary.validity.cpu_share,
        "max_in_flight": summary.validity.max_in_flight,
        "problems": summary.validity.problems,
    });
    println!("{figures}");
    Ok(())
}

/// Stops the server for 2 s in 15 s of constant 100/s.
fn stall() -> Result<(), Failed> {
    let server = Server::start("64")?;
    let pid = server.0.id().to_string();
    let signal = move |name: &str| Command::new("kill").args([name, &pid]).status();
    let stopper = std::thread::spawn(move || -> std::io::Result<()> {
        std::thread::sleep(Duration::from_secs(6));
        signal("-STOP")?;
        std::thread::sleep(Duration::from_secs(2));
        signal("-CONT")?;
        Ok(())
    });
    let (summary, trials) = run(&server, Arrivals::steady(100.0, Gaps::Constant), 1_500)?;
    stopper.join().map_err(|_| "the stopper died")??;
    let log = server.log()?;
    let mut seen = Vec::new();
    // Intended start, and first token by either clock.
    let mut marks = Vec::new();
    for trial in &trials {
        let record = (trial.attempts[0].request_id.as_ref()).and_then(|id| log.get(id));
        let first = record.map(|record| record.first_token_us);
        if let (Some(start), Some(ttft), Some(first)) = (trial.start_ms, trial.ttft_ms, first) {
            seen.push(ttft);
            marks.push((start, start + ttft, first as f64 / 1e3));
        }
    }
    // The clocks differ by a constant and the way; the shortest way is part of the truth.
    let apart = marks
        .iter()
        .map(|m| m.1 - m.2)
        .fold(f64::INFINITY, f64::min);
    let mut truth: Vec<f64> = marks.iter().map(|m| m.2 + apart - m.0).collect();
    let figures = json!({
        "requests": seen.len(),
        "ttft_p50_ms": quantile(&mut seen, 0.5),
        "ttft_p99_ms": quantile(&mut seen, 0.99),
        "truth_p50_ms": quantile(&mut truth, 0.5),
        "truth_p99_ms": quantile(&mut truth, 0.99),
        "longest_ms": quantile(&mut seen, 1.0),
        "max_in_flight": summary.validity.max_in_flight,
        "problems": summary.validity.problems,
    });
    println!("{figures}");
    Ok(())
}
