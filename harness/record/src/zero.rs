//! Zeros, which logs leave out.

/// Whether a number is zero; false of NaN.
pub(crate) fn is_zero<T: Default + PartialEq>(x: &T) -> bool {
    *x == T::default()
}
