//! A live run: fleet and backends up, trials to the log as they end, resumable at any moment.

mod backends;
mod certificate;
pub(crate) mod checkup;
mod counters;
mod explicit;
mod gathered;
mod judge;
mod limits;
mod nonce;
mod overhead;
#[cfg(debug_assertions)]
mod panicking;
mod prefix;
mod preflight;
pub(crate) mod record;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use weighbridge_datasets::Target;
use weighbridge_engine::arrivals::TraceFit;
use weighbridge_engine::executor::{Budget, RetryRule, Stop, StopHandle, TrialKey, Warmup};
use weighbridge_engine::{Live, RunEnd as End, Settings};
use weighbridge_record::{RunHeader, RunWriter, SampleLine, Trial};
use weighbridge_reports::sequential::{BUDGET_NOTE, Monitor};
use weighbridge_reports::table::RunTable;

use self::judge::Judge;
use crate::bench::usage;
use crate::change::Attempt;
use crate::commands::run::RunEnd;
use crate::config::Experiment;
use crate::failure::Failure;
use crate::plan::{self, Planned};
use crate::progress::Progress;

/// Runs what is not finished yet, from the `first` judged sample on.
pub(crate) fn live(
    experiment: &Experiment,
    planned: &[Planned],
    header: RunHeader,
    first: usize,
    dir: &Path,
    attempt: &Attempt,
) -> Result<(RunTable, RunEnd), Failure> {
    gradable(experiment)?;
    if experiment.run.sequential && experiment.load.warmup != Warmup::default() {
        return Err(Failure::config(
            "a sequential run counts every sample, so that it cannot have a warm-up",
        )
        .with_hint("remove [run.warmup], or run a fixed number of samples"));
    }
    runtime()?.block_on(async {
        for warning in preflight::without_confidence(experiment, planned) {
            eprintln!("warning: {warning}");
        }
        preflight::reachable(experiment).await?;
        let mut fleet = backends::start(experiment, dir).await?;
        let mut watches = Vec::new();
        for server in std::mem::take(&mut fleet.watched) {
            watches.extend(server.begin().await);
        }
        let outcome = begun(
            experiment, planned, header, first, dir, attempt, &mut fleet, watches,
        );
        let outcome = outcome.await;
        fleet.shutdown().await;
        outcome
    })
}

/// Opens the run directory and runs.
#[expect(clippy::too_many_arguments, reason = "what a run is made of, once")]
async fn begun(
    experiment: &Experiment,
    planned: &[Planned],
    mut header: RunHeader,
    first: usize,
    dir: &Path,
    attempt: &Attempt,
    fleet: &mut backends::Started,
    watches: Vec<counters::Watch>,
) -> Result<(RunTable, RunEnd), Failure> {
    let samples = experiment.sample_lines();
    nonce::choose(experiment, &mut header);
    let (writer, done) = RunWriter::resume(dir, &header, &samples)?;
    attempt.begun(&header)?;
    let judge = judge(experiment, header, samples)?;
    let begun = Begun {
        writer,
        done,
        judge,
        first,
        watches,
    };
    run(experiment, planned, dir, fleet, begun).await
}

/// The threads that a live run works on: one for two processors. The others are for the thread that
/// keeps the log, the pacer, and often the server: a runtime with a thread for each processor wakes
/// them in each other's way, which costs a third more processor time at 512 streams.
///
/// Each trial under way has a socket or two: as many files may be open as the system allows at all.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    usage::raise_open_files();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads((processors / 2).max(1))
        .enable_all()
        .build()
        .map_err(|e| Failure::invalid(format!("cannot start the runtime: {e}")))
}

/// The judge of a sequential run, by the gate policy of today.
fn judge(
    experiment: &Experiment,
    header: RunHeader,
    samples: Vec<SampleLine>,
) -> Result<Option<Judge>, Failure> {
    let monitor = Monitor::new(RunTable::new(header, samples))
        .map_err(|error| Failure::config(format!("the gate cannot be watched: {error}")))?;
    Ok(monitor.map(|monitor| Judge::new(experiment, monitor)))
}

/// A recorded target has no right answer to compare with.
fn gradable(experiment: &Experiment) -> Result<(), Failure> {
    let recorded = |s: &&weighbridge_datasets::Sample| matches!(s.target, Target::Recorded { .. });
    match experiment.judged.samples().iter().find(recorded) {
        None => Ok(()),
        Some(sample) => Err(Failure::config(format!(
            "{}: sample `{}` has only recorded scores and cannot be graded in a live run",
            experiment.judged.manifest().source,
            sample.id
        ))
        .with_hint(
            "set run.mode = \"replay\", or give the sample a target that can be graded; the target \
                    { kind = \"answered\" } counts any whole answer, for load and latency",
        )),
    }
}

/// Wall-clock start of a live run.
pub(crate) fn started(experiment: &Experiment) -> Option<u64> {
    if experiment.is_replay() {
        return None;
    }
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    u64::try_from(since.as_millis()).ok()
}

/// A run directory that is open for more.
struct Begun {
    writer: RunWriter,
    /// Trials that are finished already.
    done: Vec<Trial>,
    judge: Option<Judge>,
    /// First sample that earlier attempts did not use.
    first: usize,
    /// Servers whose counters are watched.
    watches: Vec<counters::Watch>,
}

async fn run(
    experiment: &Experiment,
    planned: &[Planned],
    dir: &Path,
    fleet: &mut backends::Started,
    begun: Begun,
) -> Result<(RunTable, RunEnd), Failure> {
    let Begun {
        writer,
        done,
        mut judge,
        first,
        watches,
    } = begun;
    let samples = &experiment.judged.samples()[first..];
    let total = samples.len() * planned.len() * experiment.repeats as usize;
    let journal = limits::Spent::open(dir, &done)?;
    let nonce = nonce::kept(experiment, dir)?;
    let mut settings = Settings {
        nonce,
        ..limits::settings(experiment, &journal, settings(experiment, &done))
    };
    settings.budget.spent_usd += fleet.caches.worst_usd();
    let limit = settings.client.max_overhead_share;
    if !done.is_empty() {
        eprintln!("{} of {total} trials were finished before", done.len());
    }
    warn_about_the_trace(&settings, total);
    let progress = Progress::new(total as u64, done.len() as u64);
    let live = Live {
        samples: samples.to_vec().into(),
        policies: plan::named(planned),
        backends: fleet.backends.clone(),
        prices: crate::replay::price_book(experiment),
        settings,
        done: done.iter().map(key).collect(),
    };
    let (handle, stop) = Stop::pair();
    if let Some(judge) = &mut judge
        && (replayed(judge, &done) || judge.stop().is_some())
    {
        eprintln!("{}", judge.sentence());
        handle.enough();
    }
    let mut certificate = certificate::Certificate::begin(dir, &done);
    if experiment.load.calibrate && done.len() < total {
        certificate.overhead = Some(overhead::measure().await);
    }
    drop(done);
    let handle = Arc::new(handle);
    let signals = tokio::spawn(interrupted(Arc::clone(&handle)));
    let log = record::Log {
        writer,
        handle,
        progress,
        judge,
    };
    let (summary, written) = record::run(live, stop, log).await;
    signals.abort();
    // Before anything else: every minute of a cache is paid for.
    fleet.caches.close().await;
    journal.close(&summary)?;
    let (mut counted, mut seen) = (prefix::Counted::new(), BTreeMap::new());
    for watch in watches {
        seen.extend(watch.end(&mut counted).await);
    }
    let budget = written?.and_then(|judge| judge.budget);
    certificate.connections = fleet.connections.most();
    certificate.prefix = prefix::check(experiment, dir, nonce, &counted, certificate.is_resumed)?;
    let mut notes = certificate.notes(&summary, limit);
    notes.extend(fleet.caches.notes());
    notes.extend(limits::notes(&summary));
    for (name, value) in seen {
        // What is there was said of trials, by a part of the run that had some.
        notes.entry(name).or_insert(value);
    }
    notes.extend(budget.map(|why| (BUDGET_NOTE.to_owned(), why)));
    certificate::warn(&notes);
    record::keep_notes(dir, &notes)?;
    // Read back from the log, so that places are right and a resumed run is whole; judged by the
    // gate policy of today, which may have changed since the log was begun.
    let table = RunTable::load(dir)?.with_gate(experiment.gate.clone());
    Ok((table, end(summary.end)))
}

/// Feeds finished trials; whether they were enough.
fn replayed(judge: &mut Judge, done: &[Trial]) -> bool {
    let mut enough = false;
    for trial in done {
        enough |= judge.is_enough(trial);
    }
    enough
}

fn key(trial: &Trial) -> TrialKey {
    (
        Arc::clone(&trial.sample),
        Arc::clone(&trial.policy),
        trial.repeat,
    )
}

/// What was already spent counts against the budget.
fn settings(experiment: &Experiment, done: &[Trial]) -> Settings {
    let run = &experiment.run;
    let settings = Settings {
        seed: experiment.seed,
        repeats: experiment.repeats,
        concurrency: run.concurrency,
        retry: RetryRule {
            max_retries: run.retries,
            ..RetryRule::default()
        },
        budget: Budget {
            max_cost_usd: run.max_cost_usd,
            max_calls: run.max_calls,
            max_time: run.max_minutes.map(|m| Duration::from_secs_f64(m * 60.0)),
            spent_usd: done.iter().map(|t| t.cost_usd).sum(),
            spent_calls: done.iter().map(Trial::calls).sum(),
        },
        isolate_cache: run.isolate_cache,
        sample_major: run.sequential,
        assumed_output_tokens: run.max_output_tokens,
        ..Settings::default()
    };
    let mut settings = experiment.load.apply(settings);
    if experiment.backends.iter().any(|b| b.is_embedded()) {
        let is_open = settings.open_loop.is_some();
        settings.client = settings.client.beside_the_server(is_open);
    }
    settings
}

/// Stops the run at the first Ctrl-C or SIGTERM; trials in flight end first.
async fn interrupted(handle: Arc<StopHandle>) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            return;
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = tokio::signal::ctrl_c().await;
    handle.stop();
}

fn end(end: End) -> RunEnd {
    match end {
        End::Completed | End::Enough => RunEnd::Completed,
        End::Budget(limit) => RunEnd::Budget(limit.as_str().to_owned()),
        End::Interrupted => RunEnd::Interrupted,
        End::Panicked => RunEnd::Panicked,
    }
}

/// Says where a trace is not as long as the run.
fn warn_about_the_trace(settings: &Settings, trials: usize) {
    let Some(open) = &settings.open_loop else {
        return;
    };
    // With turns, an arrival is a conversation; how many there are is not told here.
    let fit = open
        .arrivals
        .fit(trials)
        .filter(|_| settings.think.is_none());
    match fit {
        Some(TraceFit::Cut { used, of }) => {
            eprintln!("warning: the trace is cut: {used} of its {of} arrivals are used");
        }
        Some(TraceFit::Repeated { passes, of }) => eprintln!(
            "warning: the trace holds {of} arrivals for {trials} trials: it is replayed {passes} times"
        ),
        None => {}
    }
}
