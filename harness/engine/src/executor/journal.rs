//! Where money is written down before it is spent.

use std::fmt;
use std::sync::Arc;

use super::TrialKey;

/// Keeps what is spent on trials that are not finished, so that a budget holds over the parts of a
/// run, however the earlier ones ended.
pub trait Journal: Send + Sync {
    /// Adds to what a trial has cost, in US dollars, and to its calls: the worst case before a call,
    /// a correction after it. Called from many threads; must have handed the line to the operating
    /// system when it returns. False stops the run.
    fn note(&self, trial: &TrialKey, usd: f64, calls: i64) -> bool;
}

/// A journal in settings.
#[derive(Clone)]
pub struct JournalRef(pub Arc<dyn Journal>);

impl fmt::Debug for JournalRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JournalRef")
    }
}

impl PartialEq for JournalRef {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
