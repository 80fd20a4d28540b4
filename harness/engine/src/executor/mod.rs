//! The live run: trials interleaved over policies, a closed loop of calls, every try on record.
//!
//! The run emits [`Event`]s over a bounded channel; whoever writes the log or shows progress reads
//! them there.

mod calling;
mod event;
mod gates;
mod journal;
mod ledger;
mod limit;
mod outcome;
mod retry;
mod run;
mod schedule;
mod settings;
mod stop;
mod trial;
mod validity;
mod worst;

pub use event::{Event, LiveSummary, Progress, RunEnd};
pub use journal::{Journal, JournalRef};
pub use ledger::{Budget, BudgetLimit};
pub use limit::{BackendLimits, BreakerRule, LimitFacts, Limits};
pub use outcome::outcome_of;
pub use retry::RetryRule;
pub use run::Live;
pub use schedule::TrialKey;
pub use settings::Settings;
pub use stop::{Stop, StopHandle};
pub use validity::ClientValidity;
