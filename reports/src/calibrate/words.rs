//! Shares in the texts of the self-test and of A/A runs.

use super::Share;

/// A share in per cent with its Monte-Carlo error.
pub(in crate::calibrate) fn share(share: &Share) -> String {
    format!(
        "{:.1} ± {:.1}%",
        100.0 * share.share,
        100.0 * share.mc_error
    )
}
