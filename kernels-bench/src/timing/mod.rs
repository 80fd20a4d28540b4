//! How a measurement is taken, and when a difference is a tie.

mod budget;
mod sampler;
mod series;
mod tie;

pub use budget::{Budget, Deadline};
#[cfg(feature = "cuda")]
pub(crate) use sampler::try_fill;
pub use sampler::{alternate, measure, measure_cold};
pub use series::Series;
pub use tie::{Difference, compare};
