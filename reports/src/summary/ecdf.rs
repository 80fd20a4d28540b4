//! A thinned empirical distribution function.

use crate::model::Ecdf;

/// Most points kept.
const MAX_POINTS: usize = 200;

/// Steps kept exactly at either end: tails are what a reader looks for.
const EXACT_ENDS: usize = 40;

/// Steps of the distribution of values sorted in ascending order; infinite ones are failed trials.
/// With more than 200 distinct values, the 40 lowest and 40 highest steps stay and the ones between
/// are taken at equal distances in rank. Every point kept is a true point of the function.
pub fn ecdf(sorted: &[f64]) -> Ecdf {
    let total = sorted.len().max(1) as f64;
    let finite = sorted.partition_point(|x| x.is_finite());
    let mut steps: Vec<(f64, f64)> = Vec::new();
    for (i, &x) in sorted[..finite].iter().enumerate() {
        let share = (i + 1) as f64 / total;
        match steps.last_mut() {
            Some(last) if last.0 == x => last.1 = share,
            _ => steps.push((x, share)),
        }
    }
    Ecdf {
        points: thin(steps),
        failed_share: (sorted.len() - finite) as f64 / total,
    }
}

fn thin(steps: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let n = steps.len();
    if n <= MAX_POINTS {
        return steps;
    }
    let (first, last) = (EXACT_ENDS, n - EXACT_ENDS);
    let between = MAX_POINTS - 2 * EXACT_ENDS;
    let middle = (0..between).map(|k| first + k * (last - first) / between);
    let kept = (0..first).chain(middle).chain(last..n);
    kept.map(|i| steps[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_the_ends_and_the_failed_share() {
        let mut values: Vec<f64> = (0..5000).map(f64::from).collect();
        values.extend([f64::INFINITY; 50]);
        let thinned = ecdf(&values);
        assert_eq!(thinned.points.len(), MAX_POINTS);
        assert_eq!(thinned.points[0], (0.0, 1.0 / 5050.0));
        assert_eq!(thinned.points[199], (4999.0, 5000.0 / 5050.0));
        assert_eq!(thinned.points[198].0, 4998.0);
        assert!((thinned.failed_share - 50.0 / 5050.0).abs() < 1e-15);
        assert!(
            thinned
                .points
                .windows(2)
                .all(|w| w[0].0 < w[1].0 && w[0].1 < w[1].1)
        );
    }

    #[test]
    fn ties_are_one_step() {
        assert_eq!(
            ecdf(&[1.0, 1.0, 2.0]).points,
            [(1.0, 2.0 / 3.0), (2.0, 1.0)]
        );
    }
}
