//! Paired binary outcomes: two arms scored on the same items.

mod difference;
mod exact;
mod mcnemar;
mod table;
mod tango;

pub use difference::{PhiCorrection, bonett_price, newcombe_paired, wald};
pub use exact::exact_non_inferiority_p;
pub use mcnemar::{
    ChiSquared, mcnemar_asymptotic, mcnemar_continuity, mcnemar_exact, mcnemar_gains_exceed,
    mcnemar_losses_exceed, mcnemar_mid_p,
};
pub use table::{PairedCounts, PairedTable};
pub use tango::{
    tango_interval, tango_lower, tango_non_inferiority_p, tango_statistic, tango_upper,
};
