//! Stopping a run from outside.

use tokio::sync::watch;

/// How far a run was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wish {
    GoOn,
    Enough,
    Interrupt,
}

/// Stops a run; kept by whoever listens for the interrupt key or judges while the run goes.
#[derive(Debug, Clone)]
pub struct StopHandle(watch::Sender<Wish>);

/// Tells a run that it was stopped.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<Wish>);

impl Stop {
    /// A pair of both ends.
    pub fn pair() -> (StopHandle, Self) {
        let (sender, receiver) = watch::channel(Wish::GoOn);
        (StopHandle(sender), Self(receiver))
    }

    /// A run that nobody stops.
    pub fn never() -> Self {
        Self::pair().1
    }

    /// Whether the run was stopped.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow() > Wish::GoOn
    }

    /// Whether it was interrupted, rather than told that it is enough.
    pub(super) fn is_interrupted(&self) -> bool {
        *self.0.borrow() == Wish::Interrupt
    }

    /// Returns once the run was stopped.
    pub(super) async fn stopped(&mut self) {
        self.reached(Wish::Enough).await;
    }

    /// Returns once the run was interrupted.
    pub(super) async fn interrupted(&mut self) {
        self.reached(Wish::Interrupt).await;
    }

    async fn reached(&mut self, wish: Wish) {
        if self.0.wait_for(|now| *now >= wish).await.is_err() {
            // The other end is gone: nobody can stop this run any more.
            std::future::pending::<()>().await;
        }
    }
}

impl StopHandle {
    /// No new trial starts from now on; those under way have the grace time to end.
    pub fn stop(&self) {
        self.0.send_replace(Wish::Interrupt);
    }

    /// Nothing more is needed: no new trial starts from now on, and those under way, which are paid
    /// for, end in their own time. An interrupt stays one.
    pub fn enough(&self) {
        self.0.send_modify(|wish| *wish = (*wish).max(Wish::Enough));
    }
}
