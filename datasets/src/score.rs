//! The score of one answer.

use serde::{Deserialize, Serialize};

/// How good one answer was. There is no NaN: an absent number has a reason.
///
/// Serialized as `{"value": 1.0}`, `{"unscored": "…"}` or `{"failed": "…"}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Score {
    /// Quality in `[0, 1]`; 1 is best.
    Value(f64),
    /// An answer exists but could not be judged (judge failure, missing label). It stays in the
    /// denominator and enters worst-case bounds as 0 and as 1.
    Unscored(String),
    /// There is no usable answer (error, refusal, truncated stream). Counts as 0 in quality and as
    /// 1 in the error rate.
    Failed(String),
}

impl Score {
    /// A checked score: non-finite values become [`Score::Unscored`], others are kept as they are
    /// when inside `[0, 1]` and are otherwise unscored with the value in the reason.
    pub fn checked(value: f64) -> Self {
        if value.is_nan() {
            Self::Unscored("score is NaN".to_owned())
        } else if (0.0..=1.0).contains(&value) {
            Self::Value(value)
        } else {
            Self::Unscored(format!("score {value} outside [0, 1]"))
        }
    }

    /// The numeric value where there is one.
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Value(v) => Some(*v),
            Self::Unscored(_) | Self::Failed(_) => None,
        }
    }

    /// The value that enters a mean: failures count 0, unscored answers have none.
    pub fn counted(&self) -> Option<f64> {
        match self {
            Self::Value(v) => Some(*v),
            Self::Failed(_) => Some(0.0),
            Self::Unscored(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_and_out_of_range_are_never_values() {
        assert!(matches!(Score::checked(f64::NAN), Score::Unscored(_)));
        assert!(matches!(Score::checked(-1.0), Score::Unscored(_)));
        assert_eq!(Score::checked(0.5), Score::Value(0.5));
    }

    #[test]
    fn failures_count_as_zero() {
        assert_eq!(Score::Failed("timeout".into()).counted(), Some(0.0));
        assert_eq!(Score::Unscored("judge".into()).counted(), None);
    }
}
