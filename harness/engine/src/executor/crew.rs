//! The tasks that make trials: started by the loop or by the pacer, heard of at their end.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;
use weighbridge_policies::stream;
use weighbridge_record::{Arrival, Trial};

use super::BudgetLimit;
use super::pacer::{Due, Pacer, Queue, queue, watch};
use super::schedule::Unit;
use super::trial::{Outcome, Shared};
use crate::Clock;
use crate::arrivals::Schedule;

/// How a turn ended.
pub(super) enum What {
    Done(Box<Trial>),
    OverBudget(BudgetLimit),
    /// Aborted by [`Crew::abort`].
    Aborted,
    /// Ended in a panic of a policy or a backend.
    Panicked,
}

/// A turn that ended.
pub(super) struct Ended {
    pub(super) what: What,
    /// Whether its unit is over with it.
    pub(super) is_last: bool,
    /// Intended start in milliseconds since the run began, where it was an arrival of the schedule.
    pub(super) arrival_ms: Option<f64>,
    /// Time from the intended start until its task ran, in milliseconds.
    pub(super) lag_ms: f64,
    /// Time it then waited for a place, in milliseconds.
    pub(super) queue_ms: f64,
}

/// What the tasks share with the loop.
pub(super) struct Link {
    shared: Arc<Shared>,
    runtime: Handle,
    ended: mpsc::UnboundedSender<Ended>,
    abort: watch::Sender<bool>,
    /// Absent in a closed loop without turns, and after a stop.
    later: Mutex<Option<Queue>>,
    is_open: bool,
    places: Option<Semaphore>,
    units: AtomicUsize,
    turns: AtomicU64,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl Link {
    /// Starts a turn now.
    pub(super) fn launch(self: &Arc<Self>, due: Due) {
        if due.turn == 0 {
            self.units.fetch_add(1, Ordering::SeqCst);
        }
        let number = self.turns.fetch_add(1, Ordering::Relaxed);
        let now = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_in_flight.fetch_max(now, Ordering::Relaxed);
        let warmup = self.shared.settings.warmup;
        let since = due.at.saturating_duration_since(self.shared.clock.origin());
        let is_warmup = number < warmup.trials || since < warmup.time;
        let link = Arc::clone(self);
        self.runtime.spawn(link.turn(due, is_warmup));
    }

    async fn turn(self: Arc<Self>, due: Due, is_warmup: bool) {
        // The pacer's thread is early; anybody else is not.
        watch(due.at).await;
        let clock = Clock::at(due.at);
        let lag_ms = clock.now_ms();
        let mut report = Report::new(&self, &due, lag_ms);
        let mut abort = self.abort.subscribe();
        let what = tokio::select! {
            biased;
            what = self.make(&due, clock, &mut report.0.queue_ms) => what,
            _ = abort.wait_for(|wish| *wish) => What::Aborted,
        };
        report.0.what = match what {
            What::Done(mut trial) => {
                trial.arrival = self.arrival(&report.0, is_warmup);
                What::Done(trial)
            }
            other => other,
        };
        let goes_on = matches!(report.0.what, What::Done(_));
        report.0.is_last = !(goes_on && self.next(&due));
    }

    async fn make(&self, due: &Due, clock: Clock, queue_ms: &mut f64) -> What {
        let place = match &self.places {
            Some(places) => {
                let before = clock.now_ms();
                // Nobody closes it.
                let place = places.acquire().await.ok();
                *queue_ms = clock.now_ms() - before;
                place
            }
            None => None,
        };
        let outcome = self.shared.trial(due.unit[due.turn], clock).await;
        drop(place);
        match outcome {
            Outcome::Done(trial) => What::Done(trial),
            Outcome::OverBudget(limit) => What::OverBudget(limit),
        }
    }

    /// What the log says about how a trial arrived; nothing in a closed loop after its warm-up.
    fn arrival(&self, ended: &Ended, is_warmup: bool) -> Option<Arrival> {
        (self.is_open || is_warmup).then(|| Arrival {
            lag_ms: self.is_open.then_some(ended.lag_ms),
            queue_ms: self.places.is_some().then_some(ended.queue_ms),
            is_warmup,
        })
    }

    /// Whether a next turn follows, after the time to think.
    fn next(&self, due: &Due) -> bool {
        let turn = due.turn + 1;
        let (Some(task), Some(think)) = (due.unit.get(turn), self.shared.settings.think) else {
            return false;
        };
        let (seed, sample) = (self.shared.settings.seed, &self.shared.samples[task.sample]);
        // The same for every policy: arms differ in what they answer, not in who asks.
        let mut rng = stream(seed, "think", &sample.id, task.repeat);
        let pause = Duration::try_from_secs_f64(think.draw_s(&mut rng)).unwrap_or_default();
        let due = Due {
            at: Instant::now() + pause,
            turn,
            ..due.clone()
        };
        let later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        later.as_ref().is_some_and(|queue| queue.push(due))
    }
}

impl Link {
    /// Takes no later turns any more; the pacer ends.
    fn close(&self) {
        drop(
            self.later
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }
}

/// Tells the loop of the end of a turn, whatever end it is.
struct Report<'a>(Ended, &'a Link);

impl<'a> Report<'a> {
    fn new(link: &'a Link, due: &Due, lag_ms: f64) -> Self {
        let at_ms = Clock::at(due.at).since_ms(&link.shared.clock);
        let ended = Ended {
            what: What::Panicked,
            is_last: true,
            arrival_ms: (link.is_open && due.turn == 0).then_some(at_ms),
            lag_ms,
            queue_ms: 0.0,
        };
        Self(ended, link)
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        self.1.in_flight.fetch_sub(1, Ordering::Relaxed);
        let ended = Ended {
            what: std::mem::replace(&mut self.0.what, What::Panicked),
            ..self.0
        };
        // The loop is gone only when the whole run was dropped.
        let _ = self.1.ended.send(ended);
    }
}

/// All units of a run.
pub(super) struct Crew {
    link: Arc<Link>,
    ended: mpsc::UnboundedReceiver<Ended>,
    pacer: Option<Pacer>,
    /// Units of a closed loop that nobody started yet; those of an open loop are with the pacer.
    waiting: std::vec::IntoIter<Unit>,
    /// Units that will be started by the pacer.
    scheduled: usize,
    over: usize,
}

impl Crew {
    /// A crew with nothing under way; a schedule begins shortly after.
    ///
    /// # Errors
    /// When the system gives no thread for the pacer.
    pub(super) fn new(
        shared: Arc<Shared>,
        units: Vec<Unit>,
        schedule: Option<&Schedule>,
    ) -> std::io::Result<Self> {
        let settings = &shared.settings;
        let open = settings.open_loop.as_ref();
        let is_paced = schedule.is_some() || settings.think.is_some();
        let (sender, ended) = mpsc::unbounded_channel();
        let (later, taken) = queue(settings.pacing);
        let link = Arc::new(Link {
            runtime: Handle::current(),
            ended: sender,
            abort: watch::channel(false).0,
            later: Mutex::new(is_paced.then_some(later)),
            is_open: schedule.is_some(),
            places: open.and_then(|o| o.max_in_flight).map(Semaphore::new),
            units: AtomicUsize::new(0),
            turns: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
            shared,
        });
        let (first, waiting) = match schedule {
            Some(schedule) => (due(&link, units, schedule), Vec::new()),
            None => (Vec::new(), units),
        };
        let scheduled = first.len();
        let pacer = if is_paced {
            Some(Pacer::start(first, taken, Arc::clone(&link))?)
        } else {
            None
        };
        Ok(Self {
            link,
            ended,
            pacer,
            waiting: waiting.into_iter(),
            scheduled,
            over: 0,
        })
    }

    /// Starts the next unit of a closed loop, if there is one.
    pub(super) fn start_next(&mut self) {
        if let Some(unit) = self.waiting.next() {
            self.link.launch(Due {
                at: Instant::now(),
                place: 0,
                unit,
                turn: 0,
            });
        }
    }

    /// Whether every unit was started, or is started by the pacer.
    pub(super) fn nothing_waits(&self) -> bool {
        self.waiting.as_slice().is_empty()
    }

    /// Units begun and not over.
    pub(super) fn under_way(&self) -> usize {
        self.link.units.load(Ordering::SeqCst) - self.over
    }

    /// Whether nothing is under way and nothing comes by itself.
    pub(super) fn is_idle(&self) -> bool {
        self.over >= self.scheduled.max(self.link.units.load(Ordering::SeqCst))
    }

    /// Most turns under way at once so far.
    pub(super) fn most_in_flight(&self) -> usize {
        self.link.most_in_flight.load(Ordering::Relaxed)
    }

    /// The next turn that ends; pending where nothing is under way.
    pub(super) async fn next(&mut self) -> Ended {
        match self.ended.recv().await {
            Some(ended) => {
                self.over += usize::from(ended.is_last);
                ended
            }
            // The link holds a sender.
            None => std::future::pending().await,
        }
    }

    /// No further turn starts. Those under way go on.
    pub(super) async fn stop(&mut self) {
        self.waiting = Vec::new().into_iter();
        self.link.close();
        if let Some(pacer) = self.pacer.take() {
            self.over += pacer.ended().await;
        }
        self.scheduled = 0;
    }

    /// Ends what is under way, except what is ending anyway; each is still heard of.
    pub(super) fn abort(&self) {
        self.link.abort.send_replace(true);
    }
}

impl Drop for Crew {
    /// A run that is dropped half way leaves nobody behind who goes on sending.
    fn drop(&mut self) {
        self.link.close();
        self.abort();
    }
}

/// The first turns, each at its instant. The schedule starts a little in the future, so that the
/// pacer is not late for the first ones.
fn due(link: &Link, units: Vec<Unit>, schedule: &Schedule) -> Vec<Due> {
    const LEAD: Duration = Duration::from_millis(5);
    let start = Instant::now().max(link.shared.clock.origin()) + LEAD;
    let arrivals = (0u64..).zip(schedule.at_ms()).zip(units);
    arrivals
        .map(|((place, at_ms), unit)| Due {
            at: start + Duration::try_from_secs_f64(at_ms / 1e3).unwrap_or_default(),
            place,
            unit,
            turn: 0,
        })
        .collect()
}
