//! What was spent, and whether one more call fits the budget.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::Clock;

/// What a run may spend. Absent limits do not bind.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budget {
    /// Most US dollars; checked before each call with the worst case of all calls under way.
    pub max_cost_usd: Option<f64>,
    /// Most calls, retries included.
    pub max_calls: Option<u64>,
    /// Longest time of this part of the run; no call starts after it.
    pub max_time: Option<Duration>,
    /// Spent by earlier parts of the run, in US dollars.
    pub spent_usd: f64,
    /// Calls made by earlier parts of the run.
    pub spent_calls: u64,
}

/// The limit that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BudgetLimit {
    /// `max_cost_usd`.
    Cost,
    /// `max_calls`.
    Calls,
    /// `max_time`.
    Time,
}

impl BudgetLimit {
    /// The key of the limit in an experiment file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cost => "max_cost_usd",
            Self::Calls => "max_calls",
            Self::Time => "max_minutes",
        }
    }
}

/// Spent and reserved money, and calls.
#[derive(Debug)]
pub(super) struct Ledger {
    budget: Budget,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    spent_usd: f64,
    reserved_usd: f64,
    calls: u64,
    retries: u64,
}

impl Ledger {
    pub(super) fn new(budget: Budget, clock: Clock) -> Self {
        Self {
            budget,
            clock,
            state: Mutex::new(State {
                spent_usd: budget.spent_usd,
                reserved_usd: 0.0,
                calls: budget.spent_calls,
                retries: 0,
            }),
        }
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether any limit is reached already, whatever the next call costs.
    pub(super) fn reached(&self) -> Option<BudgetLimit> {
        self.with(|state| self.limit(state, 0.0))
    }

    /// Reserves the worst case of one call.
    pub(super) fn reserve(&self, worst_usd: f64) -> Result<Reservation<'_>, BudgetLimit> {
        self.with(|state| {
            if let Some(limit) = self.limit(state, worst_usd) {
                return Err(limit);
            }
            state.reserved_usd += worst_usd;
            state.calls += 1;
            Ok(())
        })?;
        Ok(Reservation {
            ledger: self,
            worst_usd,
        })
    }

    fn limit(&self, state: &State, worst_usd: f64) -> Option<BudgetLimit> {
        let budget = &self.budget;
        let usd = state.spent_usd + state.reserved_usd + worst_usd;
        let elapsed_ms = self.clock.now_ms();
        // With nothing more to pay, a budget that is exactly used up is reached.
        let is_over = |max: f64| usd > max || (worst_usd == 0.0 && state.spent_usd >= max);
        if budget.max_calls.is_some_and(|max| state.calls >= max) {
            Some(BudgetLimit::Calls)
        } else if budget.max_cost_usd.is_some_and(is_over) {
            Some(BudgetLimit::Cost)
        } else if (budget.max_time).is_some_and(|max| elapsed_ms >= max.as_secs_f64() * 1e3) {
            Some(BudgetLimit::Time)
        } else {
            None
        }
    }

    /// Counts a retry if the rule allows one more.
    pub(super) fn may_retry(&self, is_affordable: impl FnOnce(u64, u64) -> bool) -> bool {
        self.with(|state| {
            let may = is_affordable(state.calls, state.retries);
            state.retries += u64::from(may);
            may
        })
    }

    /// Charges what a decision cost.
    pub(super) fn charge(&self, usd: f64) {
        self.with(|state| state.spent_usd += usd);
    }

    /// Money and calls so far.
    pub(super) fn spent(&self) -> (f64, u64) {
        self.with(|state| (state.spent_usd, state.calls))
    }
}

/// Money held back for one call. Dropped unsettled (an aborted call), it counts as spent: the
/// server may have done the work.
pub(super) struct Reservation<'a> {
    ledger: &'a Ledger,
    worst_usd: f64,
}

impl Reservation<'_> {
    /// Replaces the worst case by what the call did cost.
    pub(super) fn settle(self, usd: f64) {
        self.ledger.charge(usd - self.worst_usd);
        // Dropping moves the worst case from reserved to spent.
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.ledger.with(|state| {
            state.reserved_usd -= self.worst_usd;
            state.spent_usd += self.worst_usd;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(budget: Budget) -> Ledger {
        Ledger::new(budget, Clock::start())
    }

    #[tokio::test(start_paused = true)]
    async fn calls_under_way_count_with_their_worst_case() {
        let ledger = ledger(Budget {
            max_cost_usd: Some(1.0),
            ..Budget::default()
        });
        let first = ledger.reserve(0.6).unwrap();
        assert_eq!(ledger.reserve(0.6).err(), Some(BudgetLimit::Cost));
        first.settle(0.1);
        let second = ledger.reserve(0.6).unwrap();
        drop(second);
        let (usd, calls) = ledger.spent();
        assert!((usd - 0.7).abs() < 1e-9);
        assert_eq!(calls, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_and_time_are_limits_too() {
        let ledger = ledger(Budget {
            max_calls: Some(3),
            max_time: Some(Duration::from_secs(60)),
            spent_calls: 2,
            ..Budget::default()
        });
        assert_eq!(ledger.reached(), None);
        ledger.reserve(0.0).unwrap().settle(0.0);
        assert_eq!(ledger.reached(), Some(BudgetLimit::Calls));
        let timed = Ledger::new(
            Budget {
                max_time: Some(Duration::from_secs(60)),
                ..Budget::default()
            },
            Clock::start(),
        );
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(timed.reserve(0.0).err(), Some(BudgetLimit::Time));
    }
}
