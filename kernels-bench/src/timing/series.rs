//! Samples of one operation and their summary.

use crate::record::Timing;

/// Samples of one operation, nanoseconds each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    samples: Vec<f64>,
}

impl Series {
    /// From samples.
    pub fn new(samples: Vec<f64>) -> Self {
        Self { samples }
    }

    /// Adds a sample.
    pub fn push(&mut self, ns: f64) {
        self.samples.push(ns);
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// True without samples.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The samples in the order they were taken.
    pub fn samples(&self) -> &[f64] {
        &self.samples
    }

    /// Quantile by linear interpolation between order statistics (Hyndman and Fan's type 7);
    /// NaN without samples.
    pub fn quantile(&self, q: f64) -> f64 {
        let mut sorted = self.samples.clone();
        sorted.sort_by(f64::total_cmp);
        let Some(last) = sorted.len().checked_sub(1) else {
            return f64::NAN;
        };
        let at = q.clamp(0.0, 1.0) * last as f64;
        let low = at.floor() as usize;
        let high = (low + 1).min(last);
        sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64)
    }

    /// Median.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Standard deviation of the samples over their mean; infinite below two samples.
    pub fn relative_deviation(&self) -> f64 {
        let n = self.samples.len() as f64;
        if n < 2.0 {
            return f64::INFINITY;
        }
        let mean = self.samples.iter().sum::<f64>() / n;
        let var = self.samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        var.sqrt() / mean
    }

    /// Summary of this series and its twin, taken of the same operation in alternation; the noise
    /// is the relative difference of their medians.
    pub fn summary(&self, twin: &Self) -> Timing {
        let (a, b) = (self.median(), twin.median());
        let all = Self::new([&self.samples[..], &twin.samples[..]].concat());
        let noise_rel = if twin.is_empty() {
            0.0
        } else {
            (a - b).abs() / a.min(b)
        };
        Timing {
            median_ns: all.median(),
            p20_ns: all.quantile(0.2),
            p80_ns: all.quantile(0.8),
            p99_ns: all.quantile(0.99),
            n: all.len(),
            noise_rel,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        let s = Series::new(vec![4.0, 1.0, 3.0, 2.0]);
        assert_eq!(s.median(), 2.5);
        assert_eq!(s.quantile(0.0), 1.0);
        assert_eq!(s.quantile(1.0), 4.0);
        assert!(Series::default().median().is_nan());
    }

    #[test]
    fn noise_is_the_difference_of_the_twins() {
        let a = Series::new(vec![100.0; 5]);
        let b = Series::new(vec![110.0; 5]);
        let t = a.summary(&b);
        assert!((t.noise_rel - 0.10).abs() < 1e-12);
        assert_eq!((t.median_ns, t.n), (105.0, 10));
    }
}
