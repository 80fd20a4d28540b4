//! From a run to its report.

mod attempts;
mod client;
mod flips;
mod health;
mod methods;
mod provenance;
mod reliability;
mod report;

pub use provenance::gate_hash;
pub use report::assemble;
