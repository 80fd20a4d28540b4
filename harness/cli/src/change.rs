//! The change that an experiment judges, and the attempts at it.

mod identity;
mod visit;

use std::path::{Path, PathBuf};

use weighbridge_record::{
    AttemptLedger, ChangeAttempt, ChangeInfo, JudgedBy, RunHeader, RunReader, SequentialStart,
};
use weighbridge_reports::model::Report;

pub(crate) use visit::{Visit, visit};

use crate::config::Experiment;
use crate::failure::Failure;

/// The ledger of a run, and which attempt the run is.
pub(crate) struct Attempt {
    ledger: AttemptLedger,
    /// Whether the ledger can be written; a fixed-n run goes on without.
    is_kept: bool,
    is_resumed: bool,
    run: Option<String>,
}

/// Where the ledger is: beside the run directory, so that runs of one place share it.
pub(crate) fn folder(chosen: Option<&PathBuf>, run: &Path) -> PathBuf {
    let beside = || run.parent().unwrap_or(Path::new("")).join("ledger");
    chosen.cloned().unwrap_or_else(beside)
}

/// Finds out which change this is and what was tried before, and puts it into the header. A run that
/// resumes keeps what its log says.
pub(crate) fn begin(
    experiment: &Experiment,
    header: &mut RunHeader,
    visit: Option<&Visit>,
    dir: &Path,
    ledger: &Path,
) -> Result<Attempt, Failure> {
    let ledger = AttemptLedger::in_folder(ledger);
    let is_kept = writable(&ledger, visit.is_some())?;
    let key = identity::key(experiment);
    let attempts = if is_kept {
        ledger.attempts(&key)?
    } else {
        Vec::new()
    };
    let is_live = !experiment.is_replay();
    let mut attempt = Attempt {
        ledger,
        is_kept,
        is_resumed: false,
        run: is_live.then(|| dir.display().to_string()),
    };
    if let Some(known) = resumed(header, dir).filter(|_| is_live) {
        gone_on(&known, &attempts)?;
        header.change = Some(known);
        attempt.is_resumed = true;
        return Ok(attempt);
    }
    let info = info(experiment, key, attempts, visit);
    tell(&info);
    header.change = Some(info);
    Ok(attempt)
}

/// A ledger that cannot be kept stops a sequential run, whose guarantee rests on it.
fn writable(ledger: &AttemptLedger, is_sequential: bool) -> Result<bool, Failure> {
    match ledger.check_writable() {
        Ok(()) => Ok(true),
        Err(error) if is_sequential => Err(Failure::config(format!(
            "cannot keep the attempt ledger: {error}"
        ))
        .with_hint("name a folder that can be written with --ledger; nothing was spent")),
        Err(error) => {
            eprintln!("warning: this attempt is not counted: {error}; name a folder with --ledger");
            Ok(false)
        }
    }
}

/// What the log in the run directory says, if it is one of the same experiment.
fn resumed(header: &RunHeader, dir: &Path) -> Option<ChangeInfo> {
    let reader = RunReader::open(dir).ok()?;
    let same = reader.header().experiment_hash == header.experiment_hash;
    reader.header().change.clone().filter(|_| same)
}

/// Refuses to resume a sequential attempt that a later one went on from: samples would count twice.
fn gone_on(known: &ChangeInfo, attempts: &[ChangeAttempt]) -> Result<(), Failure> {
    let later = attempts
        .iter()
        .find(|a| a.attempt > known.attempt && a.method == JudgedBy::Sequential);
    match later {
        Some(later) if known.method == JudgedBy::Sequential => Err(Failure::config(format!(
            "attempt {} of this change went on where this run (attempt {}) stopped; resuming it \
             would count samples twice",
            later.attempt, known.attempt
        ))
        .with_hint("run into another --out: it continues from all evidence so far")),
        _ => Ok(()),
    }
}

fn info(
    experiment: &Experiment,
    key: String,
    attempts: Vec<ChangeAttempt>,
    visit: Option<&Visit>,
) -> ChangeInfo {
    let evidence = identity::evidence(experiment, &key);
    let known = attempts.iter().find(|a| a.evidence == evidence);
    let next = attempts.iter().map(|a| a.attempt).max().unwrap_or(0) + 1;
    let attempt = known.map_or(next, |a| a.attempt);
    let earlier: Vec<ChangeAttempt> = attempts
        .into_iter()
        .filter(|a| a.attempt < attempt && a.evidence != evidence)
        .collect();
    let start = visit.map(|visit| {
        let (round, from_block) = visit.start(&earlier, experiment.is_replay());
        SequentialStart {
            order: visit.order.clone(),
            round,
            from_block,
        }
    });
    ChangeInfo {
        key,
        attempt,
        evidence,
        method: method(visit.is_some()),
        start,
        earlier,
    }
}

fn method(is_sequential: bool) -> JudgedBy {
    if is_sequential {
        JudgedBy::Sequential
    } else {
        JudgedBy::FixedN
    }
}

/// Says what a repetition means, before anything is spent.
fn tell(info: &ChangeInfo) {
    if info.earlier.is_empty() {
        return;
    }
    eprintln!("attempt {} of this change", info.attempt);
    let Some(start) = &info.start else { return };
    if start.from_block > 0 {
        eprintln!(
            "earlier attempts used the first {} blocks; their evidence is carried, and this one goes \
             on with the others",
            start.from_block
        );
    } else if start.round > 1 {
        eprintln!(
            "all samples were used before, or an attempt was given up: round {} begins anew, with \
             error rates halved {} times",
            start.round,
            start.round - 1
        );
    }
}

/// The line of an attempt that has just begun: one that is given up still counts.
fn started(header: &RunHeader) -> Option<ChangeAttempt> {
    let change = header.change.as_ref()?;
    let start = change.start.as_ref();
    let from_block = start.map_or(0, |s| s.from_block);
    Some(ChangeAttempt {
        schema: ChangeAttempt::SCHEMA,
        change: change.key.clone(),
        attempt: change.attempt,
        evidence: change.evidence.clone(),
        method: change.method,
        mode: header.mode,
        started_unix_ms: header.started_unix_ms,
        run: None,
        round: start.map_or(1, |s| s.round),
        from_block,
        to_block: from_block,
        samples_used: 0,
        cost_usd: 0.0,
        outcome: None,
        candidates: Vec::new(),
    })
}

impl Attempt {
    /// Keeps that a live attempt has begun: from now on it counts, even if it is given up.
    pub(crate) fn begun(&self, header: &RunHeader) -> Result<(), Failure> {
        match self.is_resumed {
            true => Ok(()),
            false => self.keep(started(header)),
        }
    }

    /// Keeps how the attempt ended.
    pub(crate) fn end(&self, report: &Report) -> Result<(), Failure> {
        let Some(attempts) = &report.attempts else {
            return Ok(());
        };
        let line = attempts.this.clone();
        if self.is_kept && self.run.is_none() {
            let before = self.ledger.attempts(&line.change)?;
            if before.iter().any(|a| a.evidence == line.evidence) {
                eprintln!(
                    "the same recorded outcomes were judged before (attempt {}): counted in the \
                     ledger, no evidence added",
                    line.attempt
                );
            }
        }
        self.keep(Some(line))
    }

    fn keep(&self, line: Option<ChangeAttempt>) -> Result<(), Failure> {
        let Some(mut line) = line.filter(|_| self.is_kept) else {
            return Ok(());
        };
        line.run.clone_from(&self.run);
        Ok(self.ledger.append(&line)?)
    }
}
