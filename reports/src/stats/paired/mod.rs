//! Paired binary outcomes: two arms scored on the same items.

mod calibrated;
mod difference;
mod exact;
mod mcnemar;
mod region;
mod table;
mod tango;

pub use calibrated::{
    EXACT_LOSSES, EXACT_PAIRS, calibrated_lower, calibrated_non_inferiority_p, calibrated_proves,
    calibrated_upper,
};
pub use difference::{PhiCorrection, bonett_price, newcombe_paired, wald};
pub use exact::{exact_lower, exact_non_inferiority_p};
pub use mcnemar::{
    ChiSquared, mcnemar_asymptotic, mcnemar_continuity, mcnemar_exact, mcnemar_gains_exceed,
    mcnemar_losses_exceed, mcnemar_mid_p,
};
pub use table::{PairedCounts, PairedTable};
pub use tango::{
    tango_interval, tango_lower, tango_non_inferiority_p, tango_statistic, tango_upper,
};
