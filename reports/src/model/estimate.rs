//! A number with its uncertainty.

use serde::{Deserialize, Serialize};

/// A point with an interval and how it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Estimate {
    /// The point.
    pub point: f64,
    /// Lower limit; absent where the data give none.
    pub lower: Option<f64>,
    /// Upper limit; absent where the data give none.
    pub upper: Option<f64>,
    /// Two-sided confidence level, for example 0.95.
    pub level: f64,
    /// Observations it rests on.
    pub n: u64,
    /// Name of the method, for the reader.
    pub method: String,
}

impl Estimate {
    /// The same of the quantity with its sign turned round.
    pub(crate) fn negated(&self) -> Self {
        Self {
            point: -self.point,
            lower: self.upper.map(|x| -x),
            upper: self.lower.map(|x| -x),
            ..self.clone()
        }
    }
}

/// A quantile with an order-statistic interval. A limit is absent where this many observations
/// cannot bound it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuantileEstimate {
    /// Which quantile, in `(0, 1)`.
    pub q: f64,
    /// The quantile in milliseconds; absent where it falls on failed requests (infinite).
    pub value_ms: Option<f64>,
    /// Lower limit in milliseconds.
    pub lower_ms: Option<f64>,
    /// Upper limit in milliseconds; absent means unbounded.
    pub upper_ms: Option<f64>,
    /// Observations, failed ones included.
    pub n: u64,
}
