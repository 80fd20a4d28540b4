//! Waiting with a limit, for streams whose every arrival starts the limit anew.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// One timer for all waits of a call. It is set once and moved when it goes off too early: a stream
/// of a thousand arrivals touches the runtime's timers a few times, not two thousand.
#[derive(Debug, Default)]
pub(super) struct Patience {
    timer: Option<Pin<Box<Sleep>>>,
}

/// The limit passed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Elapsed;

impl Patience {
    /// Waits for a future, at most as long as `limit` from now.
    pub(super) async fn wait<F: Future>(
        &mut self,
        limit: Duration,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        let mut future = pin!(future);
        let mut until = None;
        std::future::poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            // Not asked before the first wait: most arrivals are there already.
            let until = *until.get_or_insert_with(|| Instant::now() + limit);
            let timer = self
                .timer
                .get_or_insert_with(|| Box::pin(sleep_until(until)));
            if timer.deadline() > until {
                timer.as_mut().reset(until);
            }
            while timer.as_mut().poll(cx).is_ready() {
                if timer.deadline() >= until {
                    return Poll::Ready(Err(Elapsed));
                }
                timer.as_mut().reset(until);
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn every_wait_has_the_whole_limit() {
        let mut patience = Patience::default();
        let second = Duration::from_secs(1);
        assert_eq!(patience.wait(second, ready(1)).await, Ok(1));
        for _ in 0..5 {
            let arrival = sleep(Duration::from_millis(900));
            assert_eq!(patience.wait(second, arrival).await, Ok(()));
        }
        let start = Instant::now();
        assert_eq!(patience.wait(second, pending::<()>()).await, Err(Elapsed));
        assert_eq!(start.elapsed().as_millis(), 1000);
        // A shorter limit than the one before, and a longer one.
        for ms in [10, 5_000] {
            let start = Instant::now();
            let limit = Duration::from_millis(ms);
            assert_eq!(patience.wait(limit, pending::<()>()).await, Err(Elapsed));
            assert_eq!(start.elapsed(), limit);
        }
    }
}
