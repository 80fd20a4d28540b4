//! Families of gradable tasks: each file holds a generator and the solver of what it generates.
//!
//! A generator turns a [`Draw`](crate::Draw) and a difficulty (1 easiest to 5 hardest) into
//! messages and a gold target. A solver sees the messages alone and an
//! [`Ability`](crate::Ability); at full ability it is right on every generated task.

pub mod arith;
mod attention;
mod calendar;
pub mod count;
pub mod dates;
pub mod extract;
mod family;
pub mod ledger;
pub mod order;
mod prose;
pub mod rewrite;
mod scan;
pub mod sort;
pub mod triage;
pub mod units;
pub mod yesno;

pub use attention::attend;
pub use family::{Draft, FAMILIES, Family, by_name, solve};
