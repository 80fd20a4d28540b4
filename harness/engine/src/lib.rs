//! Backends, wire codecs, executor, scorers, replay.
//!
//! A policy is passive; this crate walks it. [`replay`] walks policies over recorded outcomes,
//! exactly and without a clock.
//! [`executor`] walks them live over [`backend`]s, which speak the dialects of [`wire`]; requests
//! come as [`arrivals`] say.

pub mod arrivals;
pub mod backend;
mod clock;
pub mod executor;
mod prices;
pub mod replay;
pub mod scorers;
mod walk;
pub mod wire;

pub use backend::{Admin, ApiKey, Backend, Call, HttpBackend, HttpConfig, RecordedBackend, Reply};
pub use clock::{Clock, processor_s};
pub use executor::{Event, Live, LiveSummary, RunEnd, Settings, outcome_of};
pub use prices::PriceBook;
pub use replay::{Batch, FaultSchedule, ModelCoverage, NamedPolicy, Replay, ReplayError};
pub use scorers::score;
pub use walk::STEP_LIMIT;
pub use wire::{Dialect, PromptCache};
