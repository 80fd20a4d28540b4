//! How many connections are open at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the connections of all backends that share it, the idle ones that are kept included. One
/// that the server closed counts until it is noticed.
#[derive(Debug, Clone, Default)]
pub struct ConnectionCount(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl ConnectionCount {
    /// Most connections that were open at once so far.
    pub fn most(&self) -> usize {
        self.0.most.load(Ordering::Relaxed)
    }

    /// Counts one more until what is returned is dropped.
    pub(super) fn one_more(&self) -> Open {
        let now = self.0.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.most.fetch_max(now, Ordering::Relaxed);
        Open(self.clone())
    }
}

/// An open connection in the count.
#[derive(Debug)]
pub(super) struct Open(ConnectionCount);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_at_once_is_kept() {
        let count = ConnectionCount::default();
        assert_eq!(count.most(), 0);
        let first = count.one_more();
        let second = count.clone().one_more();
        drop(first);
        let third = count.one_more();
        assert_eq!(count.most(), 2);
        drop((second, third));
        let held: Vec<_> = (0..3).map(|_| count.one_more()).collect();
        assert_eq!((count.most(), held.len()), (3, 3));
    }
}
