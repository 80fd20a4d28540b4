//! Means and paired differences of clustered items (conversations, documents, repeats).

mod groups;
mod mean;
mod score;

pub(crate) use groups::Group;
pub(crate) use mean::mean_of_groups;
pub use mean::{ClusteredMean, clustered_mean};
pub use score::{ClusteredPaired, durkalski, obuchowski};
