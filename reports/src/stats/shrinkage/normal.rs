//! Normal-normal model: slice estimates with known variances around a common mean.

use crate::stats::error::{StatsError, finite, same_len, within};
use crate::stats::root::last_true;

/// How the between-slice variance is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TauMethod {
    /// DerSimonian and Laird (1986), closed form.
    DerSimonianLaird,
    /// Paule and Mandel (1982), where the generalised Q equals its expectation.
    PauleMandel,
}

/// A fitted random-effects model.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomEffects {
    /// Inverse-variance mean that ignores heterogeneity.
    pub fixed_mean: f64,
    /// Its standard error.
    pub fixed_se: f64,
    /// Cochran's Q.
    pub q: f64,
    /// Share of the variation that is heterogeneity, `max(0, (Q - (k-1)) / Q)`.
    pub i2: f64,
    /// Between-slice variance, never negative.
    pub tau2: f64,
    /// Random-effects mean.
    pub mean: f64,
    /// Its usual standard error.
    pub se: f64,
    /// Hartung and Knapp's (2001) standard error, for t quantiles at k - 1 degrees of freedom.
    pub se_hartung_knapp: f64,
    /// Shrunken estimate of each slice: `(tau2 y + v mean) / (tau2 + v)`.
    pub shrunken: Vec<f64>,
}

/// Fits estimates `y` with variances `v`, one per slice.
///
/// # Errors
/// Fewer than two slices, non-finite values, lengths that differ, or a variance that is not positive.
pub fn random_effects(
    y: &[f64],
    v: &[f64],
    method: TauMethod,
) -> Result<RandomEffects, StatsError> {
    finite("estimates", y, 2)?;
    same_len("estimates and variances", y.len(), v.len())?;
    for &variance in v {
        within(
            "variance",
            variance,
            f64::MIN_POSITIVE,
            f64::MAX,
            "positive and finite",
        )?;
    }
    let fixed = Weighted::new(y, v, 0.0);
    let df = (y.len() - 1) as f64;
    let tau2 = match method {
        TauMethod::DerSimonianLaird => {
            let scale = fixed.sum - fixed.squares / fixed.sum;
            ((fixed.q - df) / scale).max(0.0)
        }
        TauMethod::PauleMandel => paule_mandel(y, v, df),
    };
    let random = Weighted::new(y, v, tau2);
    let shrink = |(y, v): (&f64, &f64)| (tau2 * y + v * random.mean) / (tau2 + v);
    Ok(RandomEffects {
        fixed_mean: fixed.mean,
        fixed_se: fixed.sum.recip().sqrt(),
        q: fixed.q,
        i2: if fixed.q > 0.0 {
            ((fixed.q - df) / fixed.q).max(0.0)
        } else {
            0.0
        },
        tau2,
        mean: random.mean,
        se: random.sum.recip().sqrt(),
        se_hartung_knapp: (random.q / (df * random.sum)).sqrt(),
        shrunken: y.iter().zip(v).map(shrink).collect(),
    })
}

fn paule_mandel(y: &[f64], v: &[f64], df: f64) -> f64 {
    let excess = |tau2: f64| Weighted::new(y, v, tau2).q > df;
    if !excess(0.0) {
        return 0.0;
    }
    let mut high = 1.0;
    while excess(high) && high < 1e150 {
        high *= 2.0;
    }
    last_true(0.0, high, excess)
}

/// Sums under the weights `1 / (v + tau2)`.
struct Weighted {
    sum: f64,
    squares: f64,
    mean: f64,
    q: f64,
}

impl Weighted {
    fn new(y: &[f64], v: &[f64], tau2: f64) -> Self {
        let (mut sum, mut squares, mut total) = (0.0, 0.0, 0.0);
        for (y, v) in y.iter().zip(v) {
            let w = 1.0 / (v + tau2);
            sum += w;
            squares += w * w;
            total += w * y;
        }
        let mean = total / sum;
        let q = y
            .iter()
            .zip(v)
            .map(|(y, v)| (y - mean).powi(2) / (v + tau2))
            .sum();
        Self {
            sum,
            squares,
            mean,
            q,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_slices_shrink_completely() {
        for method in [TauMethod::DerSimonianLaird, TauMethod::PauleMandel] {
            let fit = random_effects(&[0.3, 0.3, 0.3], &[0.1, 0.2, 0.3], method).unwrap();
            assert_eq!((fit.tau2, fit.i2), (0.0, 0.0));
            assert!(fit.shrunken.iter().all(|s| (s - 0.3).abs() < 1e-15));
        }
        let fit = random_effects(&[0.3], &[0.1], TauMethod::PauleMandel);
        assert!(fit.is_err());
    }

    #[test]
    fn shrunken_values_lie_between_estimate_and_mean() {
        let (y, v) = ([0.0, 1.0, 4.0], [0.5, 0.1, 0.4]);
        let fit = random_effects(&y, &v, TauMethod::PauleMandel).unwrap();
        for (y, s) in y.iter().zip(&fit.shrunken) {
            assert!((y - s) * (s - fit.mean) >= 0.0);
        }
    }
}
