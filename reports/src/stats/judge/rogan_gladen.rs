//! Rate corrected for the judge's sensitivity and specificity (Rogan and Gladen 1978).

use crate::stats::error::{StatsError, open_unit, within};
use crate::stats::interval::Interval;
use crate::stats::special::norm_quantile;

/// Smallest sensitivity + specificity - 1 that is corrected at all.
const MIN_YOUDEN: f64 = 0.2;

/// A corrected rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoganGladen {
    /// `(p + specificity - 1) / (sensitivity + specificity - 1)`, not cut to [0, 1].
    pub rate: f64,
    /// The rate cut to [0, 1], for display beside the uncut one.
    pub clipped: f64,
    /// Standard error, including that of the calibration sample.
    pub se: f64,
    /// Normal interval around the uncut rate.
    pub interval: Interval,
}

/// Corrects `x` of `n` positive judgements. `sensitivity` was estimated on `positives` truly positive
/// items, `specificity` on `negatives` truly negative ones.
///
/// `var = [p(1-p)/n + rate^2 se(1-se)/n1 + (1-rate)^2 sp(1-sp)/n0] / (se + sp - 1)^2`. Assumes that the
/// calibration sample is exchangeable with the judged one.
///
/// # Errors
/// Empty samples, rates outside [0, 1], a level outside (0, 1), or a judge with
/// `sensitivity + specificity - 1 < 0.2`, for which the correction amplifies noise beyond use.
pub fn rogan_gladen(
    (x, n): (u64, u64),
    (sensitivity, positives): (f64, u64),
    (specificity, negatives): (f64, u64),
    level: f64,
) -> Result<RoganGladen, StatsError> {
    open_unit("level", level)?;
    within("sensitivity", sensitivity, 0.0, 1.0, "between 0 and 1")?;
    within("specificity", specificity, 0.0, 1.0, "between 0 and 1")?;
    if n.min(positives).min(negatives) == 0 {
        return Err(StatsError::TooFew {
            what: "judged or calibration items",
            got: 0,
            needed: 1,
        });
    }
    within(
        "positive judgements",
        x as f64,
        0.0,
        n as f64,
        "at most the number judged",
    )?;
    let youden = sensitivity + specificity - 1.0;
    if youden < MIN_YOUDEN {
        let domain = "at least 0.2: this judge cannot be corrected";
        let what = "sensitivity + specificity - 1";
        return Err(StatsError::OutOfRange {
            what,
            value: youden,
            domain,
        });
    }
    let p = x as f64 / n as f64;
    let rate = (p + specificity - 1.0) / youden;
    let binomial = |q: f64, m: u64| q * (1.0 - q) / m as f64;
    let variance = binomial(p, n)
        + rate * rate * binomial(sensitivity, positives)
        + (1.0 - rate).powi(2) * binomial(specificity, negatives);
    let se = variance.sqrt() / youden;
    let interval = Interval::around(rate, norm_quantile(0.5 + 0.5 * level) * se);
    Ok(RoganGladen {
        rate,
        clipped: rate.clamp(0.0, 1.0),
        se,
        interval,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_judge_needs_no_correction_and_a_coin_is_refused() {
        let perfect = rogan_gladen((30, 100), (1.0, 50), (1.0, 50), 0.95).unwrap();
        assert!((perfect.rate - 0.3).abs() < 1e-15);
        assert!(rogan_gladen((30, 100), (0.6, 50), (0.5, 50), 0.95).is_err());
        assert!(rogan_gladen((3, 2), (0.9, 50), (0.9, 50), 0.95).is_err());
    }
}
