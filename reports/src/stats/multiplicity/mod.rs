//! Many tests at once: family-wise control for blocking, false discovery control for exploring.

mod adjust;
mod e_closure;
mod ebh;
mod tarone;

pub use adjust::{
    benjamini_hochberg, benjamini_yekutieli, bonferroni, hochberg, holm, sidak, weighted_holm,
};
pub use e_closure::e_closure;
pub use ebh::e_bh;
pub use tarone::{TaroneHolm, TaroneStep, min_attainable_p, tarone_holm};
