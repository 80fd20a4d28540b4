//! A run as columns: what every analysis reads.
//!
//! Trials arrive in any order, from a log or straight from an executor; the columns are laid out by
//! sample and policy, and money is summed in integers, so that no result depends on that order.

mod arm;
mod ledger;
mod reliability;
mod run;
mod timeline;
mod tries;

pub use arm::{Arm, ScoreState};
pub use ledger::{Ledger, Money};
pub use reliability::{Answers, Reliability};
pub use run::{Place, RunTable};
pub use timeline::Timeline;
pub use tries::{GatewayTries, Tries};

pub(crate) use run::notes;
