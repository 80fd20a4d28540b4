//! One file per policy kind.

pub mod always;
pub mod fallback;
pub mod length;
pub mod overhead;
pub mod random;
pub mod shuffled;
#[cfg(test)]
pub(crate) mod testing;
pub mod threshold;
