//! The closed loop over all trials.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use weighbridge_datasets::Sample;

use super::gates::Gates;
use super::ledger::Ledger;
use super::schedule::{self, Task, TrialKey};
use super::trial::{LivePolicy, Outcome, Shared};
use super::validity::Watch;
use super::{BudgetLimit, Event, LiveSummary, Progress, RunEnd, Settings, Stop};
use crate::{Backend, Clock, NamedPolicy, PriceBook};

/// A live run that has not started yet.
pub struct Live {
    /// Judged samples in arrival order.
    pub samples: Arc<[Sample]>,
    /// Policies under their names.
    pub policies: Vec<NamedPolicy>,
    /// A backend for each model that a policy may call.
    pub backends: BTreeMap<Arc<str>, Arc<dyn Backend>>,
    /// What each model costs.
    pub prices: PriceBook,
    /// How to go about it.
    pub settings: Settings,
    /// Trials that an earlier part of the run finished.
    pub done: BTreeSet<TrialKey>,
}

impl Live {
    /// Runs until every trial is finished, the budget is reached or `stop` says so. Finished trials
    /// and other events go to `events`; a slow reader slows the run down, never loses a trial.
    ///
    /// Needs a tokio runtime with time and I/O. Paused time works: no other clock is read.
    pub async fn run(self, mut stop: Stop, events: mpsc::Sender<Event>) -> LiveSummary {
        let clock = Clock::start();
        let names: Vec<_> = self
            .policies
            .iter()
            .map(|(name, _)| Arc::clone(name))
            .collect();
        let repeats = self.settings.repeats.max(1);
        let tasks = schedule::tasks(
            self.settings.seed,
            &self.samples,
            &names,
            repeats,
            self.settings.sample_major,
            &self.done,
        );
        let total = self.samples.len() * names.len() * repeats as usize;
        let mut state = State {
            total: total as u64,
            done: (total - tasks.len()) as u64,
            watch: Watch::start(clock),
            end: None,
            tasks: tasks.into_iter(),
            running: JoinSet::new(),
            shared: Arc::new(self.shared(clock, repeats, events)),
        };
        state.work(&mut stop).await;
        state.drain(&mut stop).await;
        LiveSummary {
            progress: state.progress(),
            end: state.end.unwrap_or(RunEnd::Completed),
            limits: state.shared.gates.facts(),
            validity: state.watch.finish(),
        }
    }

    fn shared(self, clock: Clock, repeats: u32, events: mpsc::Sender<Event>) -> Shared {
        let fresh = |(name, policy): &NamedPolicy| LivePolicy {
            name: Arc::clone(name),
            policy: policy.fresh().unwrap_or_else(|| Arc::clone(policy)),
            needs: policy.needs(),
        };
        let policies = (0..repeats).map(|_| self.policies.iter().map(fresh).collect());
        Shared {
            policies: policies.collect(),
            samples: self.samples,
            backends: self.backends,
            prices: self.prices,
            ledger: Ledger::new(self.settings.budget, clock).kept_in(self.settings.journal.clone()),
            gates: Gates::new(&self.settings, clock),
            settings: self.settings,
            events,
            clock,
        }
    }
}

/// How a run ends that was stopped from outside.
fn stopped_end(stop: &Stop) -> RunEnd {
    if stop.is_interrupted() {
        RunEnd::Interrupted
    } else {
        RunEnd::Enough
    }
}

struct State {
    shared: Arc<Shared>,
    tasks: std::vec::IntoIter<Task>,
    running: JoinSet<(Outcome, f64)>,
    watch: Watch,
    total: u64,
    done: u64,
    /// Why no new trial starts, once that is so.
    end: Option<RunEnd>,
}

impl State {
    /// Keeps the loop full until there is nothing to start any more and nothing is under way, or
    /// the run was stopped.
    async fn work(&mut self, stop: &mut Stop) {
        loop {
            self.fill(stop).await;
            if self.running.is_empty() || (self.end.is_some() && stop.is_stopped()) {
                return;
            }
            tokio::select! {
                // Finished trials first: none is lost to a stop that comes at the same moment.
                biased;
                Some(joined) = self.running.join_next() => self.finished(joined).await,
                () = stop.stopped(), if self.end.is_none_or(|end| matches!(end, RunEnd::Budget(_))) => {
                    self.end = Some(stopped_end(stop));
                    return;
                }
            }
        }
    }

    async fn fill(&mut self, stop: &Stop) {
        let room = self.shared.settings.concurrency.max(1);
        while self.end.is_none() && self.running.len() < room {
            if stop.is_stopped() {
                self.end = Some(stopped_end(stop));
                return;
            }
            let Some(task) = self.tasks.next() else {
                return;
            };
            if let Some(limit) = self.shared.ledger.reached() {
                return self.over_budget(limit).await;
            }
            let shared = Arc::clone(&self.shared);
            let clock = Clock::start();
            self.running.spawn(async move {
                let lag_ms = clock.now_ms();
                (shared.trial(task, clock).await, lag_ms)
            });
            self.watch.in_flight(self.running.len());
        }
    }

    async fn finished(&mut self, joined: Result<(Outcome, f64), tokio::task::JoinError>) {
        match joined {
            Ok((Outcome::Done(trial), lag_ms)) => {
                self.done += 1;
                self.watch.lag(lag_ms);
                self.tell(Event::TrialDone(trial)).await;
                self.tell(Event::Progress(self.progress())).await;
            }
            Ok((Outcome::OverBudget(limit), _)) => self.over_budget(limit).await,
            Err(error) if error.is_cancelled() => {}
            Err(error) => {
                // A panic inside a policy: the trial is not finished, and the run is not whole.
                self.tell(Event::Note(format!("a trial ended in a panic: {error}")))
                    .await;
                self.end.get_or_insert(RunEnd::Interrupted);
            }
        }
    }

    async fn over_budget(&mut self, limit: BudgetLimit) {
        if self.end.is_none() {
            self.end = Some(RunEnd::Budget(limit));
            self.tell(Event::BudgetReached(limit)).await;
        }
    }

    async fn tell(&mut self, event: Event) {
        if self.shared.events.send(event).await.is_err() {
            self.end.get_or_insert(RunEnd::Interrupted);
        }
    }

    /// After a stop: lets trials under way end, within the grace time unless nothing more was
    /// needed, then aborts them.
    async fn drain(&mut self, stop: &mut Stop) {
        while self.end == Some(RunEnd::Enough) && !self.running.is_empty() {
            tokio::select! {
                biased;
                Some(joined) = self.running.join_next() => self.finished(joined).await,
                // Interrupted on top of it: those under way get the grace time from now on.
                () = stop.interrupted() => break,
            }
        }
        let grace = tokio::time::sleep(self.shared.settings.grace);
        tokio::pin!(grace);
        while !self.running.is_empty() {
            tokio::select! {
                biased;
                Some(joined) = self.running.join_next() => self.finished(joined).await,
                () = &mut grace => {
                    let aborted = self.running.len();
                    self.running.shutdown().await;
                    let note = format!("{aborted} trials were aborted; they run again on resuming");
                    return self.tell(Event::Note(note)).await;
                }
            }
        }
    }

    fn progress(&self) -> Progress {
        let (spent_usd, calls) = self.shared.ledger.spent();
        Progress {
            done: self.done,
            total: self.total,
            in_flight: self.running.len(),
            spent_usd,
            calls,
        }
    }
}
