//! Events in the order they came, taken a handful at a time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;
use weighbridge_engine::Event;

/// How long events gather. To be woken for each of thousands a second costs as much as to write them,
/// and takes the time from who reads the answers. A process that is killed in between makes the trials
/// of these milliseconds again.
const PAUSE: Duration = Duration::from_millis(2);

/// Most events taken at once.
const HANDFUL: usize = 1024;

/// A receiver that lets events gather.
pub(super) struct Gathered {
    events: Receiver<Event>,
    taken: VecDeque<Event>,
    buffer: Vec<Event>,
    is_first: bool,
}

impl Gathered {
    pub(super) fn new(events: Receiver<Event>) -> Self {
        Self {
            events,
            taken: VecDeque::new(),
            buffer: Vec::new(),
            is_first: true,
        }
    }

    /// The next event; `None` once the run is over.
    pub(super) async fn next(&mut self) -> Option<Event> {
        if self.taken.is_empty() {
            if !std::mem::replace(&mut self.is_first, false) {
                sleep(PAUSE).await;
            }
            self.events.recv_many(&mut self.buffer, HANDFUL).await;
            self.taken.extend(self.buffer.drain(..));
        }
        self.taken.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_comes_once_and_in_order() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let seen = runtime.block_on(async {
            let (sender, receiver) = tokio::sync::mpsc::channel(4);
            let telling = tokio::spawn(async move {
                for i in 0..100 {
                    sender.send(Event::Note(i.to_string())).await.unwrap();
                }
            });
            let mut gathered = Gathered::new(receiver);
            let mut seen = Vec::new();
            while let Some(Event::Note(note)) = gathered.next().await {
                seen.push(note);
            }
            telling.await.unwrap();
            seen
        });
        let all: Vec<_> = (0..100).map(|i| i.to_string()).collect();
        assert_eq!(seen, all);
    }
}
