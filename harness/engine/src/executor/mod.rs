//! The live run: trials interleaved over policies, in a closed loop or on a schedule, every try on
//! record.
//!
//! The run emits [`Event`]s over a bounded channel; whoever writes the log or shows progress reads
//! them there.

mod calling;
mod crew;
mod drift;
mod event;
mod gates;
mod journal;
mod ledger;
mod limit;
mod nonce;
mod outcome;
mod output;
mod overhead;
mod pace;
mod pacer;
mod retry;
mod run;
mod schedule;
mod settings;
mod steady;
mod stop;
mod trial;
mod validity;
mod worst;

pub use drift::Drift;
pub use event::{Event, LiveSummary, Progress, RunEnd};
pub use journal::{Journal, JournalRef};
pub use ledger::{Budget, BudgetLimit};
pub use limit::{BackendLimits, BreakerRule, LimitFacts, Limits};
pub use nonce::PromptNonce;
pub use outcome::outcome_of;
pub use overhead::Overhead;
pub use pace::{Bursts, Pace};
pub use pacer::Pacing;
pub use retry::RetryRule;
pub use run::Live;
pub use schedule::TrialKey;
pub use settings::{Settings, Warmup};
pub use steady::Steady;
pub use stop::{Stop, StopHandle};
pub use validity::{ClientLimits, ClientValidity};
