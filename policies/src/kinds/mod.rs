//! One file per policy kind.

pub mod always;
