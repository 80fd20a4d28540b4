//! How far one series of gaps is from another.

/// Coefficient of variation: standard deviation (divisor n) over mean; 0 of fewer than two numbers
/// or a mean of 0.
pub fn cv(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if values.len() < 2 || mean == 0.0 {
        return 0.0;
    }
    let square = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
    square.sqrt() / mean
}

/// Kolmogorov-Smirnov distance of two series: the largest difference of their distribution
/// functions, in `[0, 1]`; 0 where one is empty.
pub fn ks_distance(a: &[f64], b: &[f64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let sorted = |values: &[f64]| {
        let mut values = values.to_vec();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let (a, b) = (sorted(a), sorted(b));
    let (mut i, mut j, mut most) = (0, 0, 0.0f64);
    while i < a.len() && j < b.len() {
        let at = a[i].min(b[j]);
        i += a[i..].partition_point(|&x| x <= at);
        j += b[j..].partition_point(|&x| x <= at);
        let apart = i as f64 / a.len() as f64 - j as f64 / b.len() as f64;
        most = most.max(apart.abs());
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_the_largest_gap_of_the_steps() {
        assert_eq!(ks_distance(&[1.0, 2.0, 3.0], &[3.0, 1.0, 2.0]), 0.0);
        assert_eq!(ks_distance(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        assert_eq!(
            ks_distance(&[1.0, 2.0, 3.0, 4.0], &[2.5, 3.0, 4.0, 5.0]),
            0.5
        );
        assert_eq!(ks_distance(&[1.0], &[]), 0.0);
    }

    #[test]
    fn equal_gaps_do_not_vary() {
        assert_eq!(cv(&[2.0, 2.0, 2.0]), 0.0);
        assert!((cv(&[1.0, 3.0]) - 0.5).abs() < 1e-12);
        assert_eq!(cv(&[]), 0.0);
    }
}
