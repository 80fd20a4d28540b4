//! The live run: trials interleaved over policies, a closed loop of calls, every try on record.
//!
//! The run emits [`Event`]s over a bounded channel; whoever writes the log or shows progress reads
//! them there.

mod event;
mod ledger;
mod outcome;
mod retry;
mod run;
mod schedule;
mod settings;
mod stop;
mod trial;
mod validity;

pub use event::{Event, LiveSummary, Progress, RunEnd};
pub use ledger::{Budget, BudgetLimit};
pub use outcome::outcome_of;
pub use retry::RetryRule;
pub use run::Live;
pub use schedule::TrialKey;
pub use settings::Settings;
pub use stop::{Stop, StopHandle};
pub use validity::ClientValidity;
