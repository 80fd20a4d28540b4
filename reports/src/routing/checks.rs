//! Argument checks of the routing metrics.

use crate::stats::StatsError;

/// Rejects empty data and non-finite values.
pub(super) fn finite(what: &'static str, values: &[f64]) -> Result<(), StatsError> {
    if values.is_empty() {
        return Err(StatsError::TooFew {
            what,
            got: 0,
            needed: 1,
        });
    }
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(StatsError::NotFinite {
            what,
            index,
            value: values[index],
        }),
        None => Ok(()),
    }
}

/// Rejects arguments that do not describe the same requests.
pub(super) fn same_len(what: &'static str, left: usize, right: usize) -> Result<(), StatsError> {
    if left == right {
        Ok(())
    } else {
        Err(StatsError::LengthMismatch { what, left, right })
    }
}
