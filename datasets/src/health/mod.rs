//! Data health: findings that must be seen before any result.
//!
//! [`check`] and [`Checker`] look at cells, one per (sample, model), whether they come from an
//! [`OutcomeStore`] or from a run log. Only counters are kept for each (model, slice), never the
//! cells. The findings do not depend on the order of the cells.
//!
//! [`OutcomeStore`]: crate::OutcomeStore

mod below_chance;
mod binomial;
mod cell;
mod checker;
mod constant_tokens;
mod duplicates;
mod finding;
mod grid;
mod impossible_tokens;
mod mix;
mod saturated;
mod scores;

pub use below_chance::{DEFECT_P, WARNING_P};
pub use binomial::lower_tail;
pub use cell::Cell;
pub use checker::{Checker, check, check_outcomes};
pub use constant_tokens::{CONSTANT_SHARE, MIN_TOKEN_ROWS};
pub use finding::{Finding, FindingKind, Severity};
pub use saturated::MIN_SATURATED_ROWS;
