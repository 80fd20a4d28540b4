//! The loop over all trials.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::mpsc;
use weighbridge_datasets::Sample;

use super::crew::{Crew, Ended, What};
use super::gates::Gates;
use super::ledger::Ledger;
use super::schedule::{self, TrialKey};
use super::trial::{LivePolicy, Shared};
use super::validity::Watch;
use super::{BudgetLimit, Event, LiveSummary, Progress, RunEnd, Settings, Stop};
use crate::arrivals::Schedule;
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
    /// In an open loop it cannot slow the load: finished trials wait in memory then.
    ///
    /// Needs a tokio runtime with time and I/O. Paused time works in a closed loop and, with
    /// [`Pacing::Runtime`](super::Pacing::Runtime), on a schedule: no other clock is read.
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
        let done = total - tasks.len();
        let units = schedule::units(tasks, &self.samples, self.settings.think.is_some());
        let schedule = self.schedule(total, units.len());
        let watch = Watch::start(clock, &self.settings, schedule.as_ref());
        let is_closed = schedule.is_none();
        let shared = Arc::new(self.shared(clock, repeats, events));
        let crew = Crew::new(Arc::clone(&shared), units, schedule.as_ref());
        let mut state = match crew {
            Ok(crew) => State {
                total: total as u64,
                done: done as u64,
                watch,
                end: None,
                crew,
                is_closed,
                shared,
            },
            Err(error) => return not_started(&shared, total, done, watch, &error).await,
        };
        state.work(&mut stop).await;
        state.drain(&mut stop).await;
        state.crew.stop().await;
        LiveSummary {
            progress: state.progress(),
            end: state.end.unwrap_or(RunEnd::Completed),
            limits: state.shared.gates.facts(),
            validity: state.watch.finish(state.crew.most_in_flight()),
        }
    }

    /// The schedule of what is left: the last part of the schedule of the whole run, so that a
    /// resumed run goes on where it was.
    fn schedule(&self, total: usize, left: usize) -> Option<Schedule> {
        let open = self.settings.open_loop.as_ref()?;
        let conversations = self.settings.think.is_some();
        // Of conversations that are half done nobody knows any more when they arrived.
        let whole = if conversations { left } else { total };
        let schedule = open.arrivals.schedule(whole, self.settings.seed);
        Some(schedule.after(whole - left))
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

/// What is told when the system gives no thread for the schedule: nothing was sent.
async fn not_started(
    shared: &Shared,
    total: usize,
    done: usize,
    watch: Watch,
    error: &std::io::Error,
) -> LiveSummary {
    let note = format!("the schedule cannot be kept: the system gives no thread ({error})");
    let _ = shared.events.send(Event::Note(note)).await;
    let (spent_usd, calls) = shared.ledger.spent();
    LiveSummary {
        end: RunEnd::Interrupted,
        progress: Progress {
            done: done as u64,
            total: total as u64,
            in_flight: 0,
            spent_usd,
            calls,
        },
        limits: shared.gates.facts(),
        validity: watch.finish(0),
    }
}

struct State {
    shared: Arc<Shared>,
    crew: Crew,
    is_closed: bool,
    watch: Watch,
    total: u64,
    done: u64,
    /// Why no new trial starts, once that is so.
    end: Option<RunEnd>,
}

impl State {
    /// Goes on until there is nothing to start any more and nothing is under way, or the run was
    /// stopped. A closed loop is kept full; an open one is filled by its pacer.
    async fn work(&mut self, stop: &mut Stop) {
        loop {
            if self.end.is_none() && stop.is_stopped() {
                self.end = Some(stopped_end(stop));
            }
            if self.end.is_none() && self.is_closed {
                self.fill().await;
            }
            if self.end.is_some() {
                self.crew.stop().await;
            }
            if self.crew.is_idle() && (self.end.is_some() || self.crew.nothing_waits()) {
                return;
            }
            if self.end.is_some() && stop.is_stopped() {
                return;
            }
            tokio::select! {
                // Finished trials first: none is lost to a stop that comes at the same moment.
                biased;
                ended = self.crew.next() => self.ended(ended).await,
                () = stop.stopped(), if self.end.is_none_or(|end| matches!(end, RunEnd::Budget(_))) => {
                    self.end = Some(stopped_end(stop));
                    self.crew.stop().await;
                    return;
                }
            }
        }
    }

    async fn fill(&mut self) {
        let room = self.shared.settings.concurrency.max(1);
        while self.crew.under_way() < room && !self.crew.nothing_waits() {
            if let Some(limit) = self.shared.ledger.reached() {
                return self.over_budget(limit).await;
            }
            self.crew.start_next();
        }
    }

    async fn ended(&mut self, ended: Ended) {
        match ended.what {
            What::Done(trial) => {
                self.done += 1;
                self.watch
                    .turn(&trial, ended.arrival_ms, ended.lag_ms, ended.queue_ms);
                self.tell(Event::TrialDone(trial)).await;
                self.tell(Event::Progress(self.progress())).await;
            }
            What::OverBudget(limit) => self.over_budget(limit).await,
            What::Aborted => {}
            What::Panicked => {
                // The trial is not finished, and the run is not whole.
                let note = "a trial ended in a panic: this is a bug of a policy or of weighbridge";
                self.tell(Event::Note(note.to_owned())).await;
                self.end.get_or_insert(RunEnd::Panicked);
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
        while self.end == Some(RunEnd::Enough) && self.crew.under_way() > 0 {
            tokio::select! {
                biased;
                ended = self.crew.next() => self.ended(ended).await,
                // Interrupted on top of it: those under way get the grace time from now on.
                () = stop.interrupted() => break,
            }
        }
        let grace = tokio::time::sleep(self.shared.settings.grace);
        tokio::pin!(grace);
        let mut aborted = None;
        while self.crew.under_way() > 0 {
            tokio::select! {
                biased;
                ended = self.crew.next() => {
                    if let Some(n) = &mut aborted && matches!(ended.what, What::Aborted) {
                        *n += 1;
                    }
                    self.ended(ended).await;
                }
                () = &mut grace, if aborted.is_none() => {
                    aborted = Some(0);
                    self.crew.abort();
                }
            }
        }
        if let Some(n) = aborted.filter(|n| *n > 0) {
            let note = format!("{n} trials were aborted; they run again on resuming");
            self.tell(Event::Note(note)).await;
        }
    }

    fn progress(&self) -> Progress {
        let (spent_usd, calls) = self.shared.ledger.spent();
        Progress {
            done: self.done,
            total: self.total,
            in_flight: self.crew.under_way(),
            spent_usd,
            calls,
        }
    }
}
