//! Each policy on its own: quality, coverage, money, latency.

mod coverage;
mod ecdf;
mod latency;
mod ledger;
mod mean;
mod policy;

pub use coverage::coverage;
pub use ecdf::ecdf;
pub use latency::{latencies, latency};
pub use ledger::{ledger, shared};
pub use policy::policy;
