//! Stopping a run from outside.

use tokio::sync::watch;

/// Stops a run; kept by whoever listens for the interrupt key.
#[derive(Debug, Clone)]
pub struct StopHandle(watch::Sender<bool>);

/// Tells a run that it was stopped.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A pair of both ends.
    pub fn pair() -> (StopHandle, Self) {
        let (sender, receiver) = watch::channel(false);
        (StopHandle(sender), Self(receiver))
    }

    /// A run that nobody stops.
    pub fn never() -> Self {
        Self::pair().1
    }

    /// Whether the run was stopped.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns once the run was stopped.
    pub(super) async fn stopped(&mut self) {
        if self.0.wait_for(|stopped| *stopped).await.is_err() {
            // The other end is gone: nobody can stop this run any more.
            std::future::pending::<()>().await;
        }
    }
}

impl StopHandle {
    /// No new trial starts from now on.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}
