//! Keeps a schedule: every trial is released at its own instant, by an absolute deadline.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, mpsc as blocking};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::crew::Link;
use super::schedule::Unit;

/// How long before its instant a turn is handed to the runtime. The sleep before it ends up to about
/// 60 µs late on an idle Linux machine (50 µs of it timer slack), and a thread of the runtime that
/// sleeps wakes as late again: both are over by then.
const LEAD: Duration = Duration::from_micros(200);

/// How long before its instant a turn stops letting others go first. No step of another stream takes
/// longer as a rule.
const WATCH: Duration = Duration::from_micros(40);

/// What a schedule is kept by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pacing {
    /// A thread of its own, to within some microseconds. Each arrival takes up to a fifth of a
    /// millisecond of processor time that nobody else wants.
    #[default]
    Thread,
    /// The runtime's timer, to within a millisecond or two. Follows paused time.
    Runtime,
}

/// A turn of a unit that is to start at an instant.
#[derive(Debug, Clone)]
pub(super) struct Due {
    pub(super) at: Instant,
    /// Place among those of the same instant.
    pub(super) place: u64,
    pub(super) unit: Unit,
    pub(super) turn: usize,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl Due {
    fn key(&self) -> (Instant, u64, usize) {
        (self.at, self.place, self.turn)
    }
}

/// Takes later turns; the pacer ends when it is dropped.
#[derive(Debug)]
pub(super) enum Queue {
    Thread(blocking::Sender<Due>),
    Runtime(mpsc::UnboundedSender<Due>),
}

impl Queue {
    /// Whether the pacer took it.
    pub(super) fn push(&self, due: Due) -> bool {
        match self {
            Self::Thread(sender) => sender.send(due).is_ok(),
            Self::Runtime(sender) => sender.send(due).is_ok(),
        }
    }
}

/// The other end of a queue.
pub(super) enum Taken {
    Thread(blocking::Receiver<Due>),
    Runtime(mpsc::UnboundedReceiver<Due>),
}

pub(super) fn queue(pacing: Pacing) -> (Queue, Taken) {
    match pacing {
        Pacing::Thread => {
            let (sender, receiver) = blocking::channel();
            (Queue::Thread(sender), Taken::Thread(receiver))
        }
        Pacing::Runtime => {
            let (sender, receiver) = mpsc::unbounded_channel();
            (Queue::Runtime(sender), Taken::Runtime(receiver))
        }
    }
}

/// A pacer at work.
pub(super) enum Pacer {
    Thread(std::thread::JoinHandle<usize>),
    Runtime(tokio::task::JoinHandle<usize>),
}

impl Pacer {
    /// Starts it with the turns that are known already.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(first: Vec<Due>, taken: Taken, link: Arc<Link>) -> std::io::Result<Self> {
        let waiting: Waiting = first.into_iter().map(Reverse).collect();
        match taken {
            Taken::Thread(receiver) => std::thread::Builder::new()
                .name("pacer".to_owned())
                .spawn(move || on_thread(waiting, &receiver, &link))
                .map(Self::Thread),
            Taken::Runtime(receiver) => Ok(Self::Runtime(tokio::spawn(in_runtime(
                waiting, receiver, link,
            )))),
        }
    }

    /// Waits for its end, after its queue was dropped; how many units were between two turns.
    pub(super) async fn ended(self) -> usize {
        match self {
            // It ends as soon as it looks at its queue, which it does all the time.
            Self::Thread(thread) => thread.join().unwrap_or(0),
            Self::Runtime(task) => task.await.unwrap_or(0),
        }
    }
}

type Waiting = BinaryHeap<Reverse<Due>>;

/// Waits in the task of a turn for its instant, without a sleep, whose end would be late.
pub(super) async fn watch(at: Instant) {
    loop {
        match at.saturating_duration_since(Instant::now()) {
            Duration::ZERO => return,
            left if left > WATCH => tokio::task::yield_now().await,
            _ => std::hint::spin_loop(),
        }
    }
}

fn between_turns(waiting: &Waiting) -> usize {
    waiting.iter().filter(|due| due.0.turn > 0).count()
}

fn on_thread(mut waiting: Waiting, queue: &blocking::Receiver<Due>, link: &Arc<Link>) -> usize {
    use blocking::{RecvTimeoutError, TryRecvError};
    loop {
        let Some(Reverse(next)) = waiting.peek() else {
            match queue.recv() {
                Ok(due) => waiting.push(Reverse(due)),
                Err(_) => return 0,
            }
            continue;
        };
        let at = next.at;
        let left = at.saturating_duration_since(Instant::now());
        if left > LEAD {
            match queue.recv_timeout(left - LEAD) {
                Ok(due) => waiting.push(Reverse(due)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return between_turns(&waiting),
            }
            continue;
        }
        match queue.try_recv() {
            Ok(due) => {
                waiting.push(Reverse(due));
                continue;
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return between_turns(&waiting),
        }
        if let Some(Reverse(due)) = waiting.pop() {
            link.launch(due);
        }
    }
}

async fn in_runtime(
    mut waiting: Waiting,
    mut queue: mpsc::UnboundedReceiver<Due>,
    link: Arc<Link>,
) -> usize {
    loop {
        let at = waiting.peek().map(|next| next.0.at);
        let pause = tokio::time::sleep_until(at.unwrap_or_else(Instant::now));
        tokio::select! {
            biased;
            taken = queue.recv() => match taken {
                Some(due) => waiting.push(Reverse(due)),
                None => return between_turns(&waiting),
            },
            () = pause, if at.is_some() => {
                if let Some(Reverse(due)) = waiting.pop() {
                    link.launch(due);
                }
            }
        }
    }
}
