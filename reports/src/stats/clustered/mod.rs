//! Means and paired differences of clustered items (conversations, documents, repeats).

mod groups;
mod mean;
mod score;

pub use mean::{ClusteredMean, clustered_mean};
pub use score::{ClusteredPaired, durkalski, obuchowski};
