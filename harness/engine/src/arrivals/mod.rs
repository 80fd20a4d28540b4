//! When requests arrive: schedules of intended send times, made up front from a seed.
//!
//! An open loop sends at the instants of its schedule, whatever the answers take. A schedule depends
//! on its parameters, its length and the seed alone, and has a [hash](Schedule::hash).

mod fidelity;
mod gaps;
mod open_loop;
mod rate;
mod schedule;
mod think;

pub use fidelity::{cv, ks_distance};
pub use gaps::Gaps;
pub use open_loop::{Arrivals, OpenLoop, TraceFit};
pub use rate::{RateError, Stage};
pub use schedule::Schedule;
pub(crate) use schedule::{gaps, rate_per_s};
pub use think::Think;
