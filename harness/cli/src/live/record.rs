//! What a live run leaves on disk while it goes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc::Receiver;
use weighbridge_engine::executor::{Stop, StopHandle};
use weighbridge_engine::{Event, Live, LiveSummary};
use weighbridge_record::{RunWriter, Trial};
use weighbridge_reports::table::RunTable;

use super::gathered::Gathered;
use super::judge::Judge;
use crate::failure::Failure;
use crate::progress::Progress;

/// Trials between two flushes to the disk itself: what a power cut could cost.
const SYNC_EVERY: u64 = 200;

/// Finished trials that may wait for the log.
const WAITING: usize = 1024;

/// Runs and records. The loop has a task of its own: a disk that takes its time to keep what was
/// written holds the log back, not the calls and their clocks.
pub(crate) async fn run(
    live: Live,
    stop: Stop,
    log: Log,
) -> (LiveSummary, Result<Option<Judge>, Failure>) {
    let (sender, receiver) = tokio::sync::mpsc::channel(WAITING);
    let (summary, written) =
        tokio::join!(tokio::spawn(live.run(stop, sender)), log.record(receiver));
    match summary {
        Ok(summary) => (summary, written),
        // A bug goes on as the panic it was; nobody aborts the task.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The consumer of a run's events: log and progress.
pub(crate) struct Log {
    pub(crate) writer: RunWriter,
    pub(crate) handle: Arc<StopHandle>,
    pub(crate) progress: Progress,
    /// Absent in a fixed-n run.
    pub(crate) judge: Option<Judge>,
}

impl Log {
    /// Writes every trial as it ends. When the log cannot be written the run is stopped: an answer
    /// that cannot be kept must not be paid for.
    pub(crate) async fn record(
        mut self,
        events: Receiver<Event>,
    ) -> Result<Option<Judge>, Failure> {
        let mut failure = None;
        let mut written = 0u64;
        let mut spent = 0.0;
        let mut events = Gathered::new(events);
        while let Some(event) = events.next().await {
            match event {
                Event::TrialDone(trial) if failure.is_none() => {
                    written += 1;
                    let kept = self.writer.append(&trial).and_then(|_| {
                        if written.is_multiple_of(SYNC_EVERY) {
                            self.writer.sync()
                        } else {
                            Ok(())
                        }
                    });
                    if let Err(error) = kept {
                        self.handle.stop();
                        failure = Some(error);
                    }
                    spent += trial.cost_usd;
                    self.progress.tick(spent);
                    self.look(&trial);
                }
                Event::BudgetReached(limit) => {
                    self.progress
                        .say(&format!("budget reached: {}", limit.as_str()));
                }
                Event::Note(note) => self.progress.say(&note),
                _ => {}
            }
        }
        self.progress.finish();
        match failure {
            Some(error) => Err(Failure::unkept(&error)),
            None => {
                self.writer.sync().map_err(|e| Failure::unkept(&e))?;
                Ok(self.judge)
            }
        }
    }

    /// Judges after a trial. Trials under way at the stop still come, are written, and not used.
    fn look(&mut self, trial: &Trial) {
        let Some(judge) = self.judge.as_mut() else {
            return;
        };
        let stopped = judge.stop().is_some() || judge.budget.is_some();
        if !stopped && judge.is_enough(trial) {
            self.progress.say(&judge.sentence());
            self.handle.enough();
        }
    }
}

/// Keeps the client's statement about itself beside the log.
pub(super) fn keep_notes(dir: &Path, notes: &BTreeMap<String, String>) -> Result<(), Failure> {
    let path = dir.join(RunTable::NOTES);
    let text = serde_json::to_string_pretty(notes).unwrap_or_default() + "\n";
    std::fs::write(&path, text)
        .map_err(|e| Failure::invalid(format!("cannot write {}: {e}", path.display())))
}
