//! Data health: findings that must be seen before any result.

mod finding;

pub use finding::{Finding, FindingKind, Severity};
