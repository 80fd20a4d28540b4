//! Statistics, comparison, gate and rendering over run logs.

pub mod stats;
