//! Reference values for every statistic: literature examples, R packages and independent code.
//!
//! The file `testdata/golden_stats.json` names its sources. Closed forms must agree to a relative
//! 1e-9, root finding and integration to 1e-6. Each top-level key of the file has a test.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a reference value that is missing or of the wrong type must stop the test"
)]

mod betting;
mod clusters;
mod judges;
mod multiplicity;
mod paired;
mod planning;
mod proportions;
mod quantiles;
mod ranks;
mod resampling;
mod sequential;

use serde_json::Value;
use weighbridge_reports::stats::{Bounds, Interval};

/// Closed forms.
pub const CLOSED: f64 = 1e-9;
/// Root finding and numerical integration.
pub const ROOT: f64 = 1e-6;

/// One top-level entry of the reference file.
pub fn golden(key: &str) -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/golden_stats.json");
    let text = std::fs::read_to_string(path).expect("reference values are checked in");
    let mut all: Value = serde_json::from_str(&text).expect("reference values are JSON");
    all[key].take()
}

/// A number.
pub fn num(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is not a number"))
}

/// A whole number.
pub fn int(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is not a whole number"))
}

/// A list of numbers.
pub fn nums(value: &Value) -> Vec<f64> {
    rows(value).iter().map(num).collect()
}

/// A list.
pub fn rows(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("{value} is not a list"))
}

/// Relative agreement; absolute below one in a thousand million.
#[track_caller]
pub fn close(actual: f64, expected: &Value, tolerance: f64, what: impl std::fmt::Display) {
    let expected = num(expected);
    let gap = (actual - expected).abs();
    assert!(
        gap <= tolerance * expected.abs().max(1e-3),
        "{what}: {actual} is not {expected}"
    );
}

/// Both ends of an interval.
#[track_caller]
pub fn close_pair(actual: Interval, expected: &Value, tolerance: f64, what: &str) {
    close(actual.lo, &expected[0], tolerance, format!("{what}, lower"));
    close(actual.hi, &expected[1], tolerance, format!("{what}, upper"));
}

/// Both ends of an interval that must be bounded.
#[track_caller]
pub fn close_bounds(actual: Bounds, expected: &Value, tolerance: f64, what: &str) {
    let (lo, hi) = (
        actual.lo.expect("bounded below"),
        actual.hi.expect("bounded above"),
    );
    close_pair(Interval::new(lo, hi), expected, tolerance, what);
}

/// Element by element.
#[track_caller]
pub fn close_all(actual: &[f64], expected: &Value, tolerance: f64, what: &str) {
    assert_eq!(actual.len(), rows(expected).len(), "{what}");
    for (index, (a, e)) in actual.iter().zip(rows(expected)).enumerate() {
        close(*a, e, tolerance, format!("{what}[{index}]"));
    }
}
