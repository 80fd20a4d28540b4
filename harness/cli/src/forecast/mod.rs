//! What a run will need, before it is started: calls, money, minutes, and what is known of its flips.

mod effort;
mod history;
mod print;
mod walk;

pub(crate) use effort::Effort;
pub(crate) use history::History;
pub(crate) use print::{Candidate, Plan, table};
