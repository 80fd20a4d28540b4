//! Statistics, comparison, gate and rendering over run logs.
//!
//! Reads what [`weighbridge_record`] wrote and nothing else: no network, no clock, no engine. The
//! flow is [`table`] (a run as columns) → analyses → [`model::Report`] (the report as data) →
//! renderers.

pub mod assemble;
pub mod calibrate;
pub mod compare;
pub mod discover;
pub mod gate;
pub mod join;
pub mod leaderboard;
pub mod model;
pub mod power;
pub mod render;
pub mod routing;
pub mod sequential;
pub mod stats;
pub mod summary;
pub mod table;
