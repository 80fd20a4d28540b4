//! One-dimensional root finding by bisection: slow, but it cannot diverge.

/// The boundary in `[lo, hi]` below which `left(x)` holds, for a predicate that holds up to some
/// point and not after. Runs until the bracket is two neighbouring floats, at most 200 halvings,
/// and returns the last point known to satisfy the predicate (`lo` if none does).
pub(crate) fn last_true(mut lo: f64, mut hi: f64, left: impl Fn(f64) -> bool) -> f64 {
    if left(hi) {
        return hi;
    }
    for _ in 0..200 {
        let middle = lo + 0.5 * (hi - lo);
        if middle <= lo || middle >= hi {
            break;
        }
        if left(middle) {
            lo = middle;
        } else {
            hi = middle;
        }
    }
    lo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_square_root_of_two_to_the_last_bit() {
        let root = last_true(0.0, 2.0, |x| x * x <= 2.0);
        assert!((root - 2f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn a_predicate_that_always_or_never_holds_gives_the_ends() {
        assert_eq!(last_true(-1.0, 1.0, |_| true), 1.0);
        assert_eq!(last_true(-1.0, 1.0, |_| false), -1.0);
    }
}
