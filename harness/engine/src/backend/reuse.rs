//! Whether a server keeps connections that it lets believe it keeps.

use std::sync::atomic::{AtomicU64, Ordering};

/// Fewer losses may be chance: a server that was restarted, a timeout of its own that just ran out.
const CHANCE: u64 = 3;

/// What became of requests that were sent on kept connections.
///
/// A server may close a connection after an answer without saying so (RFC 9112, section 9.5, asks
/// clients to expect it). A request that is sent at that moment is lost. It is not sent again
/// unasked, since nobody knows whether it is paid for; but a server that makes a habit of it is sent
/// every request on a connection of its own.
#[derive(Debug, Default)]
pub(super) struct Reuse {
    worked: AtomicU64,
    lost: AtomicU64,
}

impl Reuse {
    /// A request on a kept connection was heard.
    pub(super) fn worked(&self) {
        self.worked.fetch_add(1, Ordering::Relaxed);
    }

    /// The connection ended before a byte of the response.
    pub(super) fn lost(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether fewer than one in five requests on kept connections are lost.
    pub(super) fn is_worth_it(&self) -> bool {
        let lost = self.lost.load(Ordering::Relaxed);
        lost < CHANCE || lost.saturating_mul(4) <= self.worked.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_habit_ends_it_and_an_accident_does_not() {
        let reuse = Reuse::default();
        reuse.lost();
        reuse.lost();
        assert!(reuse.is_worth_it());
        reuse.lost();
        assert!(!reuse.is_worth_it());
        let restarted = Reuse::default();
        (0..64).for_each(|_| restarted.worked());
        (0..16).for_each(|_| restarted.lost());
        assert!(restarted.is_worth_it());
        restarted.lost();
        assert!(!restarted.is_worth_it());
    }
}
