//! The one error type of the numerics, and the argument checks that raise it.

/// Why a statistic could not be computed. The message says which argument is at fault and what the
/// function accepts instead.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatsError {
    /// No data, or fewer values than the method is defined for.
    #[error("{what}: {got} given, at least {needed} needed")]
    TooFew {
        /// The argument.
        what: &'static str,
        /// How many values were given.
        got: usize,
        /// How many the method needs.
        needed: usize,
    },
    /// A NaN or an infinity among the data. Decide about it (drop, bound, or code it) before.
    #[error("{what}[{index}] is {value}: statistics accept finite numbers only")]
    NotFinite {
        /// The argument.
        what: &'static str,
        /// Position of the first offending value.
        index: usize,
        /// The value itself.
        value: f64,
    },
    /// A parameter outside its domain.
    #[error("{what} is {value}, must be {domain}")]
    OutOfRange {
        /// The argument.
        what: &'static str,
        /// The value given.
        value: f64,
        /// The accepted domain, in words.
        domain: &'static str,
    },
    /// Two arguments that must run in parallel do not.
    #[error("{what}: lengths {left} and {right} differ, they must describe the same items")]
    LengthMismatch {
        /// The pair of arguments.
        what: &'static str,
        /// Length of the first.
        left: usize,
        /// Length of the second.
        right: usize,
    },
    /// An index that points past the data, or appears twice where it may appear once.
    #[error("{what}: item index {index} {problem}")]
    BadIndex {
        /// The argument.
        what: &'static str,
        /// The offending index.
        index: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The data do not determine the quantity; the text says which condition failed.
    #[error("{what}: {why}")]
    Undetermined {
        /// The quantity.
        what: &'static str,
        /// The failed condition and what to do.
        why: &'static str,
    },
}

/// Rejects empty data and non-finite values.
pub(crate) fn finite(what: &'static str, xs: &[f64], needed: usize) -> Result<(), StatsError> {
    if xs.len() < needed {
        return Err(StatsError::TooFew {
            what,
            got: xs.len(),
            needed,
        });
    }
    match xs.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(StatsError::NotFinite {
            what,
            index,
            value: xs[index],
        }),
        None => Ok(()),
    }
}

/// Rejects anything outside the open interval (0, 1), NaN included.
pub(crate) fn open_unit(what: &'static str, value: f64) -> Result<(), StatsError> {
    if value > 0.0 && value < 1.0 {
        Ok(())
    } else {
        Err(StatsError::OutOfRange {
            what,
            value,
            domain: "strictly between 0 and 1",
        })
    }
}

/// Rejects a margin outside `[0, 1]`: score units, not per cent.
pub(crate) fn margin_in_domain(margin: f64) -> Result<(), StatsError> {
    within(
        "margin",
        margin,
        0.0,
        1.0,
        "between 0 and 1 (in score units, not per cent)",
    )
}

/// Rejects anything outside `[lo, hi]`, NaN included.
pub(crate) fn within(
    what: &'static str,
    value: f64,
    lo: f64,
    hi: f64,
    domain: &'static str,
) -> Result<(), StatsError> {
    if value >= lo && value <= hi {
        Ok(())
    } else {
        Err(StatsError::OutOfRange {
            what,
            value,
            domain,
        })
    }
}

/// Rejects p-values outside `[0, 1]`.
pub(crate) fn p_values(p: &[f64]) -> Result<(), StatsError> {
    for &value in p {
        within("p-value", value, 0.0, 1.0, "between 0 and 1")?;
    }
    Ok(())
}

/// Rejects arguments that do not run in parallel.
pub(crate) fn same_len(what: &'static str, left: usize, right: usize) -> Result<(), StatsError> {
    if left == right {
        Ok(())
    } else {
        Err(StatsError::LengthMismatch { what, left, right })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_named_with_its_position() {
        let error = finite("scores", &[1.0, f64::NAN], 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            "scores[1] is NaN: statistics accept finite numbers only"
        );
    }

    #[test]
    fn the_open_unit_interval_excludes_its_ends_and_nan() {
        for bad in [0.0, 1.0, -0.1, f64::NAN] {
            assert!(open_unit("alpha", bad).is_err(), "{bad}");
        }
        assert!(open_unit("alpha", 0.05).is_ok());
    }
}
