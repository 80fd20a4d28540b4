//! One file per policy kind.

pub mod always;
pub mod cache;
pub mod capability;
pub mod cascade;
pub mod complexity;
pub mod cost_capped;
pub mod decisions;
pub mod fallback;
pub mod guarded_knn;
pub mod knn;
pub mod length;
pub mod overhead;
pub mod random;
pub mod shuffled;
pub mod table;
#[cfg(test)]
pub(crate) mod testing;
pub mod threshold;
