//! What was spent, and whether one more call fits the budget.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{JournalRef, TrialKey};
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
    /// What is spent cannot be written down any more, so that nothing more is.
    Journal,
}

impl BudgetLimit {
    /// The key of the limit in an experiment file, or what else stopped the spending.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cost => "max_cost_usd",
            Self::Calls => "max_calls",
            Self::Time => "max_minutes",
            Self::Journal => "calls.jsonl cannot be written",
        }
    }
}

/// Spent and reserved money, and calls.
#[derive(Debug)]
pub(super) struct Ledger {
    budget: Budget,
    clock: Clock,
    journal: Option<JournalRef>,
    state: Mutex<State>,
}

#[derive(Debug, Clone)]
struct State {
    spent_usd: f64,
    reserved_usd: f64,
    calls: u64,
    retries: u64,
    /// By how much a call of a model has cost more than its worst case, at most.
    excess_usd: BTreeMap<Arc<str>, f64>,
}

impl Ledger {
    pub(super) fn new(budget: Budget, clock: Clock) -> Self {
        Self {
            budget,
            clock,
            journal: None,
            state: Mutex::new(State {
                spent_usd: budget.spent_usd,
                reserved_usd: 0.0,
                calls: budget.spent_calls,
                retries: 0,
                excess_usd: BTreeMap::new(),
            }),
        }
    }

    /// Writes money down before it is spent.
    pub(super) fn kept_in(self, journal: Option<JournalRef>) -> Self {
        Self { journal, ..self }
    }

    /// Time until `max_time`; `None` without one.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let max = self.budget.max_time?;
        let elapsed = Duration::from_secs_f64(self.clock.now_ms() / 1e3);
        Some(max.saturating_sub(elapsed))
    }

    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether any limit is reached already, whatever the next call costs.
    pub(super) fn reached(&self) -> Option<BudgetLimit> {
        self.with(|state| self.limit(state, 0.0))
    }

    /// Reserves the worst case of one call of a model, and what earlier calls of that model have
    /// cost beyond theirs. It is written down before this returns.
    pub(super) fn reserve(
        &self,
        trial: &TrialKey,
        model: &Arc<str>,
        worst_usd: f64,
    ) -> Result<Reservation<'_>, BudgetLimit> {
        let held_usd = self.with(|state| {
            let excess = state.excess_usd.get(model).copied().unwrap_or(0.0);
            let held_usd = worst_usd + excess;
            if let Some(limit) = self.limit(state, held_usd) {
                return Err(limit);
            }
            state.reserved_usd += held_usd;
            state.calls += 1;
            Ok(held_usd)
        })?;
        let mut reservation = Reservation {
            ledger: self,
            trial: trial.clone(),
            model: Arc::clone(model),
            held_usd,
            spent_usd: held_usd,
        };
        if !self.note(trial, held_usd, 1) {
            // Nothing was sent.
            self.with(|state| state.calls -= 1);
            reservation.spent_usd = 0.0;
            return Err(BudgetLimit::Journal);
        }
        Ok(reservation)
    }

    fn note(&self, trial: &TrialKey, usd: f64, calls: i64) -> bool {
        let journal = self.journal.as_ref();
        journal.is_none_or(|journal| journal.0.note(trial, usd, calls))
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

    /// Spends what a decision cost, unless that is more than is left. Deciding happens here, at
    /// a price that is declared: what does not fit was not paid to anybody.
    pub(super) fn spend(&self, usd: f64) -> Result<(), BudgetLimit> {
        if usd == 0.0 {
            return Ok(());
        }
        self.with(|state| {
            let sum = state.spent_usd + state.reserved_usd + usd;
            if self.budget.max_cost_usd.is_some_and(|max| sum > max) {
                return Err(BudgetLimit::Cost);
            }
            state.spent_usd += usd;
            Ok(())
        })
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
    trial: TrialKey,
    model: Arc<str>,
    held_usd: f64,
    /// What counts as spent at the end.
    spent_usd: f64,
}

impl Reservation<'_> {
    /// Replaces the worst case by what the call did cost; `None` where nobody knows, which counts as
    /// the worst case. Says by how much it was more than the worst case, if it was.
    pub(super) fn settle(mut self, usd: Option<f64>) -> Option<f64> {
        let usd = usd.unwrap_or(self.held_usd);
        let excess = usd - self.held_usd;
        if excess > 0.0 {
            let model = Arc::clone(&self.model);
            self.ledger.with(|state| {
                *state.excess_usd.entry(model).or_default() += excess;
            });
        }
        // A correction that cannot be written leaves the worst case in the journal: safe.
        self.ledger.note(&self.trial, usd - self.held_usd, 0);
        // Dropping moves it from reserved to spent.
        self.spent_usd = usd;
        (excess > 0.0).then_some(excess)
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.ledger.with(|state| {
            state.reserved_usd -= self.held_usd;
            state.spent_usd += self.spent_usd;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(budget: Budget) -> Ledger {
        Ledger::new(budget, Clock::start())
    }

    fn reserve(ledger: &Ledger, worst_usd: f64) -> Result<Reservation<'_>, BudgetLimit> {
        let trial = ("s".into(), "p".into(), 0);
        ledger.reserve(&trial, &"m".into(), worst_usd)
    }

    #[test]
    fn a_call_that_is_dearer_than_its_worst_case_makes_later_ones_dearer() {
        let ledger = ledger(Budget {
            max_cost_usd: Some(1.0),
            ..Budget::default()
        });
        let excess = reserve(&ledger, 0.1).unwrap().settle(Some(0.4)).unwrap();
        assert!((excess - 0.3).abs() < 1e-12);
        // 0.4 spent, 0.5 wanted, and 0.3 more is feared.
        assert_eq!(reserve(&ledger, 0.5).err(), Some(BudgetLimit::Cost));
        assert!(reserve(&ledger, 0.2).is_ok());
    }

    #[test]
    fn an_unknown_cost_is_the_worst_case_and_a_decision_must_fit() {
        let ledger = ledger(Budget {
            max_cost_usd: Some(1.0),
            ..Budget::default()
        });
        assert_eq!(reserve(&ledger, 0.6).unwrap().settle(None), None);
        assert_eq!(ledger.spend(0.5), Err(BudgetLimit::Cost));
        assert_eq!(ledger.spend(0.25), Ok(()));
        let (usd, _) = ledger.spent();
        assert!((usd - 0.85).abs() < 1e-12);
    }

    /// Remembers what it was told, and refuses from the given line on.
    #[derive(Default)]
    struct Notes(Mutex<Vec<(f64, i64)>>, usize);

    impl super::super::Journal for Notes {
        fn note(&self, _: &TrialKey, usd: f64, calls: i64) -> bool {
            let mut notes = self.0.lock().unwrap();
            notes.push((usd, calls));
            notes.len() < self.1
        }
    }

    #[test]
    fn money_is_written_down_before_it_is_spent_and_not_spent_otherwise() {
        let notes = Arc::new(Notes(Mutex::default(), 3));
        let ledger = ledger(Budget::default()).kept_in(Some(JournalRef(notes.clone())));
        reserve(&ledger, 0.6).unwrap().settle(Some(0.5));
        assert_eq!(reserve(&ledger, 0.6).err(), Some(BudgetLimit::Journal));
        let said = notes.0.lock().unwrap();
        assert_eq!((said[0], said[2]), ((0.6, 1), (0.6, 1)));
        assert!((said[1].0 + 0.1).abs() < 1e-12 && said[1].1 == 0);
        assert_eq!(ledger.spent(), (0.5, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn calls_under_way_count_with_their_worst_case() {
        let ledger = ledger(Budget {
            max_cost_usd: Some(1.0),
            ..Budget::default()
        });
        let first = reserve(&ledger, 0.6).unwrap();
        assert_eq!(reserve(&ledger, 0.6).err(), Some(BudgetLimit::Cost));
        assert_eq!(first.settle(Some(0.1)), None);
        let second = reserve(&ledger, 0.6).unwrap();
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
        reserve(&ledger, 0.0).unwrap().settle(Some(0.0));
        assert_eq!(ledger.reached(), Some(BudgetLimit::Calls));
        let timed = Ledger::new(
            Budget {
                max_time: Some(Duration::from_secs(60)),
                ..Budget::default()
            },
            Clock::start(),
        );
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(reserve(&timed, 0.0).err(), Some(BudgetLimit::Time));
    }
}
