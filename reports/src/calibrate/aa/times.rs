//! How much times vary from draw to draw.

use serde::Serialize;

use super::draws::Draws;
use crate::table::Arm;

/// Variation of one time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TimeNoise {
    /// Within-sample coefficient of variation, root mean square over samples.
    pub cv: f64,
    /// Median of the samples' own coefficients.
    pub median_cv: f64,
    /// Samples with at least two times.
    pub samples: u64,
}

/// Variation of a column of times; `None` where no sample has two.
pub(super) fn times(
    draws: &Draws<'_>,
    column: fn(&Arm) -> &[f32],
    samples: usize,
) -> Option<TimeNoise> {
    let cv = |sample| cv(&draws.times(column, sample));
    let mut all: Vec<f64> = (0..samples).filter_map(cv).collect();
    if all.is_empty() {
        return None;
    }
    all.sort_unstable_by(f64::total_cmp);
    let n = all.len();
    let square = all.iter().map(|x| x * x).sum::<f64>() / n as f64;
    Some(TimeNoise {
        cv: square.sqrt(),
        median_cv: 0.5 * (all[(n - 1) / 2] + all[n / 2]),
        samples: n as u64,
    })
}

/// Standard deviation over mean, `n - 1` in the denominator.
fn cv(times: &[f64]) -> Option<f64> {
    let n = times.len() as f64;
    let mean = times.iter().sum::<f64>() / n;
    if times.len() < 2 || mean <= 0.0 {
        return None;
    }
    let sum: f64 = times.iter().map(|x| (x - mean) * (x - mean)).sum();
    Some((sum / (n - 1.0)).sqrt() / mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_times_vary_by_their_distance() {
        // |x - y| / sqrt(2) over the mean.
        let found = cv(&[9.0, 11.0]).unwrap();
        assert!((found - 2.0_f64.sqrt() / 10.0).abs() < 1e-15);
        assert_eq!(cv(&[5.0]), None);
        assert_eq!(cv(&[0.0, 0.0]), None);
    }
}
