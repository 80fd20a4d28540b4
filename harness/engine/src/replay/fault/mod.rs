//! Faults over a recording: what would have failed, so that retries and fallbacks are evaluated
//! without a server.

mod call;
mod kind;
mod rule;
mod schedule;

pub use kind::RecordedFault;
pub use rule::RecordedFaultRule;
pub use schedule::FaultSchedule;

pub(super) use call::{Called, Tried};
