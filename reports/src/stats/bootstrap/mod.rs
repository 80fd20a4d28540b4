//! Bootstrap intervals.
//!
//! Never decide a non-inferiority claim on 0/1 pairs with these: without discordant pairs every
//! bootstrap interval has zero width (see the exact enumeration in the tests). They are for ratios,
//! areas and quantiles, with at least 40 independent clusters. Resample whole clusters, with both arms
//! of an item together.

mod bca;
mod poisson;
mod resample;

pub use bca::{Bca, TieRule, basic, bca, linear_quantile, percentile};
pub use poisson::PoissonBootstrap;
pub use resample::{exhaustive, jackknife, monte_carlo};
