//! The Hodges-Lehmann location of paired differences, without listing all pairs.
//!
//! The `n (n + 1) / 2` Walsh averages are never stored: how many lie at or below a value is counted
//! in one pass over the sorted data, and the wanted one is found by bisection. `n log n` for
//! sorting plus about 100 passes, exact to the last bits of a float.

use crate::stats::special::norm_quantile;

/// Sizes up to which the signed-rank distribution is computed exactly.
const EXACT_MAX: usize = 50;

/// Location with a signed-rank interval, in units of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HodgesLehmann {
    /// Median of the Walsh averages.
    pub location: f64,
    /// Lower limit; `None` where this many values give none at the level.
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
}

/// Location and interval of finite values at a two-sided level; `None` without values.
///
/// Assumes independent differences that are symmetric about the location. The interval inverts the
/// signed-rank test: exact up to 50 values, normal approximation above (Hollander and Wolfe 1999,
/// 3.2 and 3.3).
pub fn hodges_lehmann(values: &[f64], level: f64) -> Option<HodgesLehmann> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as u64;
    let total = n * (n + 1) / 2;
    if n == 0 || !sorted.iter().all(|x| x.is_finite()) {
        return None;
    }
    // The median of an even number of averages is the mean of the middle two.
    let low = walsh(&sorted, total.div_ceil(2));
    let high = walsh(&sorted, total / 2 + 1);
    let rank = lower_rank(values.len(), 0.5 * (1.0 - level));
    Some(HodgesLehmann {
        location: 0.5 * (low + high),
        lower: rank.map(|r| walsh(&sorted, r)),
        upper: rank.map(|r| walsh(&sorted, total + 1 - r)),
    })
}

/// Rank (from 1) of the Walsh average that is the lower limit: one more than the largest `w` with
/// `P(W <= w) <= tail`.
fn lower_rank(n: usize, tail: f64) -> Option<u64> {
    if n > EXACT_MAX {
        let m = n as f64;
        let (mean, variance) = (m * (m + 1.0) / 4.0, m * (m + 1.0) * (2.0 * m + 1.0) / 24.0);
        let w = mean + norm_quantile(tail) * variance.sqrt() - 0.5;
        return (w >= 0.0).then(|| w.floor() as u64 + 1);
    }
    let mut below = 0.0;
    for (w, p) in (0u64..).zip(signed_rank_pmf(n)) {
        below += p;
        if below > tail * (1.0 + 1e-12) {
            return (w > 0).then_some(w);
        }
    }
    None
}

/// Null distribution of the sum of positive ranks.
fn signed_rank_pmf(n: usize) -> Vec<f64> {
    let mut pmf = vec![0.0; n * (n + 1) / 2 + 1];
    pmf[0] = 1.0;
    let mut reach = 0;
    for rank in 1..=n {
        reach += rank;
        for w in (0..=reach).rev() {
            let with = if w >= rank { pmf[w - rank] } else { 0.0 };
            pmf[w] = 0.5 * (pmf[w] + with);
        }
    }
    pmf
}

/// The Walsh average of a rank from 1: the smallest value with at least that many at or below it.
fn walsh(sorted: &[f64], rank: u64) -> f64 {
    let (mut lo, mut hi) = (sorted[0], sorted[sorted.len() - 1]);
    if count_at_most(sorted, lo) >= rank {
        return lo;
    }
    loop {
        let middle = lo + 0.5 * (hi - lo);
        if middle <= lo || middle >= hi {
            return hi;
        }
        if count_at_most(sorted, middle) >= rank {
            hi = middle;
        } else {
            lo = middle;
        }
    }
}

/// Pairs `i <= j` whose average is at most `t`.
fn count_at_most(sorted: &[f64], t: f64) -> u64 {
    let (mut count, mut end) = (0u64, sorted.len());
    for (i, &x) in sorted.iter().enumerate() {
        while end > i && 0.5 * (x + sorted[end - 1]) > t {
            end -= 1;
        }
        if end <= i {
            break;
        }
        count += (end - i) as u64;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden() -> serde_json::Value {
        let text = include_str!("../../testdata/golden_stats.json");
        serde_json::from_str::<serde_json::Value>(text).unwrap()["paired_latency_hl"].clone()
    }

    #[test]
    fn agrees_with_r_on_paired_latencies() {
        let golden = golden();
        let list = |key: &str| -> Vec<f64> { serde_json::from_value(golden[key].clone()).unwrap() };
        let logs: Vec<f64> = list("cand_ms")
            .iter()
            .zip(list("base_ms"))
            .map(|(c, b)| (c / b).ln())
            .collect();
        let ours = hodges_lehmann(&logs, 0.95).unwrap();
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        near(ours.location, golden["hl_log_ratio"].as_f64().unwrap());
        near(ours.lower.unwrap(), list("walsh_ci_log")[0]);
        near(ours.upper.unwrap(), list("walsh_ci_log")[1]);
    }

    #[test]
    fn agrees_with_listing_all_pairs() {
        let values: Vec<f64> = (0..37)
            .map(|i| f64::from(i * 7919 % 101) / 10.0 - 3.0)
            .collect();
        let mut all = Vec::new();
        for (i, a) in values.iter().enumerate() {
            all.extend(values[i..].iter().map(|b| 0.5 * (a + b)));
        }
        all.sort_by(f64::total_cmp);
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        for rank in [1, 2, 50, 351, 352, 700, 703] {
            let listed = all[rank as usize - 1];
            assert!((walsh(&sorted, rank) - listed).abs() < 1e-12);
        }
    }

    #[test]
    fn five_values_have_no_limits_at_95_percent() {
        let few = hodges_lehmann(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95).unwrap();
        assert_eq!((few.location, few.lower, few.upper), (3.0, None, None));
    }
}
