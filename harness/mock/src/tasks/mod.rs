//! Families of gradable tasks: each file holds a generator and the solver of what it generates.
//!
//! A generator turns a [`Draw`](crate::Draw) and a difficulty (1 easiest to 5 hardest) into
//! messages and a gold target. A solver sees the messages alone and an
//! [`Ability`](crate::Ability); at full ability it is right on every generated task.

pub mod arith;
mod attention;
mod family;
mod prose;

pub use attention::attend;
pub use family::{Draft, FAMILIES, Family, by_name, solve};
