//! Each policy against the baseline, paired by sample.
//!
//! The unit is the sample: repeats are averaged first, samples of one cluster move together. A
//! difference is candidate minus baseline, so a loss is negative. The interval follows the data:
//! see [`Evidence`].

mod bet;
mod cost;
mod errors;
mod evidence;
mod frame;
mod latency;
mod levels;
mod needed;
mod pairs;
mod reweigh;
mod routed;
mod screen;
mod shrink;
mod slice;
mod spread;
mod weigh;

pub use evidence::Evidence;
pub use frame::Frame;
pub use levels::Levels;
pub use weigh::{Weighed, weigh, weigh_all};

pub(crate) use frame::{LEVEL, found_here, has_ttft, is_binary, per_sample};
pub(crate) use latency::ttft;
pub(crate) use pairs::Pairs;
pub(crate) use reweigh::{Bench, measure_scores};
pub(crate) use routed::{Route, route, routed};
pub(crate) use screen::screen;
pub(crate) use slice::Slice;
pub(crate) use spread::Spread;
pub(crate) use weigh::known_slices;
