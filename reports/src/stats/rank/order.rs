//! Order statistics of pairwise averages and differences without storing them.

use crate::stats::root::last_true;

/// Mid-ranks of the values, times two so that they are whole numbers, and the sum of `t^3 - t` over
/// groups of `t` tied values.
pub(super) fn doubled_ranks(values: &[f64]) -> (Vec<u64>, f64) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let (mut ranks, mut ties, mut start) = (vec![0; values.len()], 0.0, 0);
    while start < order.len() {
        let same = |&&i: &&usize| values[i] == values[order[start]];
        let size = order[start..].iter().take_while(same).count();
        for &i in &order[start..start + size] {
            ranks[i] = (2 * start + size + 1) as u64;
        }
        ties += (size as f64).powi(3) - size as f64;
        start += size;
    }
    (ranks, ties)
}

/// The `k`-th smallest (from 1) of a collection given by its counting function, within `[lo, hi]`.
fn kth(lo: f64, hi: f64, k: u64, at_most: impl Fn(f64) -> u64) -> f64 {
    if at_most(lo) >= k {
        return lo;
    }
    last_true(lo, hi, |v| at_most(v) < k).next_up()
}

/// `k`-th smallest Walsh average `(x_i + x_j)/2`, `i <= j`, of sorted values. O(n) per bisection step.
pub(super) fn walsh(sorted: &[f64], k: u64) -> f64 {
    let n = sorted.len();
    kth(sorted[0], sorted[n - 1], k, |v| {
        let (mut count, mut end) = (0, n);
        for (i, x) in sorted.iter().enumerate() {
            while end > 0 && 0.5 * (x + sorted[end - 1]) > v {
                end -= 1;
            }
            count += end.saturating_sub(i);
        }
        count as u64
    })
}

/// `k`-th smallest difference `x_i - y_j` of two sorted samples.
pub(super) fn difference(x: &[f64], y: &[f64], k: u64) -> f64 {
    let (lo, hi) = (x[0] - y[y.len() - 1], x[x.len() - 1] - y[0]);
    kth(lo, hi, k, |v| {
        let (mut count, mut start) = (0, 0);
        for xi in x {
            while start < y.len() && xi - y[start] > v {
                start += 1;
            }
            count += y.len() - start;
        }
        count as u64
    })
}

/// Median of `total` values given by rank: the mean of the middle two when `total` is even.
pub(super) fn median(total: u64, at: impl Fn(u64) -> f64) -> f64 {
    let upper = at(total / 2 + 1);
    if total % 2 == 1 {
        upper
    } else {
        0.5 * (at(total / 2) + upper)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_finds_the_same_values_as_listing() {
        let x = [-1.5, 0.0, 0.25, 2.0, 2.0, 7.5];
        let mut averages: Vec<f64> = (0..6)
            .flat_map(|i| (i..6).map(move |j| 0.5 * (x[i] + x[j])))
            .collect();
        averages.sort_by(f64::total_cmp);
        let y = [-0.5, 0.1, 3.0];
        let mut gaps: Vec<f64> = x
            .iter()
            .flat_map(|x| y.iter().map(move |y| x - y))
            .collect();
        gaps.sort_by(f64::total_cmp);
        for (k, expected) in averages.iter().enumerate() {
            assert!((walsh(&x, k as u64 + 1) - expected).abs() < 1e-12);
        }
        for (k, expected) in gaps.iter().enumerate() {
            assert!((difference(&x, &y, k as u64 + 1) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn tied_values_share_their_rank() {
        assert_eq!(doubled_ranks(&[3.0, 1.0, 3.0]), (vec![5, 2, 5], 6.0));
    }
}
