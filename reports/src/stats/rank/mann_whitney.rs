//! Mann-Whitney's test for two independent samples, with the Hodges-Lehmann shift.

use super::order::{difference, doubled_ranks, median};
use crate::stats::error::{StatsError, finite, open_unit};
use crate::stats::interval::{Bounds, Interval};
use crate::stats::special::norm_cdf;

/// Largest product of the sample sizes for the exact distribution.
const MAX_EXACT: usize = 4096;

/// Mann-Whitney statistic, p-values and shift. Not a test of medians when the shapes differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// Pairs with `x > y`, ties counting half.
    pub u: f64,
    /// `u / (n m)`: chance that a random `x` exceeds a random `y`.
    pub superiority: f64,
    /// Exact one-sided p against "x is larger"; `None` with ties or large samples.
    pub p_exact_greater: Option<f64>,
    /// Exact two-sided p; `None` with ties or large samples.
    pub p_exact_two_sided: Option<f64>,
    /// Two-sided p, normal approximation with tie and continuity correction.
    pub p_asymptotic: f64,
    /// Median of all `x - y`.
    pub shift: f64,
    /// Exact interval of the shift at the requested level; `None` ends where not available.
    pub bounds: Bounds,
}

/// Compares two independent samples; `level` is the confidence of the shift interval.
///
/// # Errors
/// Empty or non-finite data, or a level outside (0, 1).
pub fn mann_whitney(x: &[f64], y: &[f64], level: f64) -> Result<MannWhitney, StatsError> {
    finite("x", x, 1)?;
    finite("y", y, 1)?;
    open_unit("level", level)?;
    let (n, m) = (x.len(), y.len());
    let (ranks, ties) = doubled_ranks(&[x, y].concat());
    let rank_sum = ranks[..n].iter().sum::<u64>() as f64 / 2.0;
    let u = rank_sum - (n * (n + 1)) as f64 / 2.0;
    let pairs = (n * m) as f64;
    let mass = (ties == 0.0 && n * m <= MAX_EXACT).then(|| distribution(n, m));
    let upper = mass
        .as_ref()
        .map(|mass| mass[u as usize..].iter().sum::<f64>());
    let lower = mass
        .as_ref()
        .map(|mass| mass[..=u as usize].iter().sum::<f64>());
    let (mut x, mut y) = (x.to_vec(), y.to_vec());
    x.sort_unstable_by(f64::total_cmp);
    y.sort_unstable_by(f64::total_cmp);
    let total = (n * m) as u64;
    let cut = mass.as_ref().and_then(|mass| cut(mass, level));
    let bounds = cut.map_or(Bounds { lo: None, hi: None }, |cut| {
        Interval::new(difference(&x, &y, cut + 1), difference(&x, &y, total - cut)).into()
    });
    Ok(MannWhitney {
        u,
        superiority: u / pairs,
        p_exact_greater: upper.map(|p| p.min(1.0)),
        p_exact_two_sided: upper.zip(lower).map(|(a, b)| (2.0 * a.min(b)).min(1.0)),
        p_asymptotic: asymptotic(u, n as f64, m as f64, ties),
        shift: median(total, |k| difference(&x, &y, k)),
        bounds,
    })
}

fn asymptotic(u: f64, n: f64, m: f64, ties: f64) -> f64 {
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let gap = ((u - 0.5 * n * m).abs() - 0.5).max(0.0);
    (2.0 * norm_cdf(-gap / variance.sqrt())).min(1.0)
}

/// Null distribution of U by adding one observation of either sample at a time.
fn distribution(n: usize, m: usize) -> Vec<f64> {
    let mut rows = vec![vec![0.0; n * m + 1]; m + 1];
    for row in &mut rows {
        row[0] = 1.0;
    }
    for i in 1..=n {
        rows[0].fill(0.0);
        rows[0][0] = 1.0;
        for j in 1..=m {
            let (done, rest) = rows.split_at_mut(j);
            let (fewer_y, row) = (&done[j - 1], &mut rest[0]);
            // The largest value is an x (it beats all j values of y) or a y (it beats none).
            let (from_x, share) = (i as f64 / (i + j) as f64, j as f64 / (i + j) as f64);
            for u in (0..=i * j).rev() {
                let x_last = if u >= j { from_x * row[u - j] } else { 0.0 };
                row[u] = x_last + share * fewer_y[u];
            }
        }
    }
    rows.swap_remove(m)
}

fn cut(mass: &[f64], level: f64) -> Option<u64> {
    let tail = 0.5 * (1.0 - level) * (1.0 + 1e-12);
    let (mut below, mut cut) = (0.0, None);
    for (u, p) in mass.iter().enumerate() {
        below += p;
        if below > tail {
            break;
        }
        cut = Some(u as u64);
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_adds_up_and_is_symmetric() {
        let mass = distribution(4, 6);
        assert!((mass.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        assert!((mass[0] - 1.0 / 210.0).abs() < 1e-15);
        assert!((0..=24).all(|u| (mass[u] - mass[24 - u]).abs() < 1e-14));
    }

    #[test]
    fn equal_constant_samples_are_no_evidence() {
        let test = mann_whitney(&[1.0, 1.0], &[1.0], 0.95).unwrap();
        assert_eq!(
            (test.p_asymptotic, test.shift, test.superiority),
            (1.0, 0.0, 0.5)
        );
        assert_eq!(test.p_exact_two_sided, None);
        assert!(mann_whitney(&[], &[1.0], 0.95).is_err());
    }
}
