//! `report.html`: one file, readable offline and with scripts off.
//!
//! A section is a view (one file here), which turns the model into formatted text, and a template,
//! which lays it out. Text is escaped by the environment for every template whatever its name; only
//! pictures and the style sheet pass as they are.

pub(super) mod client;
mod detail;
mod environment;
mod figure;
mod flips;
mod health;
mod latency;
mod leaderboard;
mod ledger;
mod page;
mod plane;
mod policies;
mod provenance;
mod reliability;
mod routing;
mod run_diff;
mod sequential;
mod slices;
mod verdict;

pub use page::html;
