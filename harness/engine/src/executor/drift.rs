//! Whether times to first token stayed the same while the load did.
//!
//! A self-normalised CUSUM of ranks: the test of Shao and Zhang, "Testing for change points in time
//! series", Journal of the American Statistical Association 105 (2010), equations 2 and 3, on ranks as
//! in Betken, "Testing for change-points in long-range dependent time series by means of a
//! self-normalized Wilcoxon test", Journal of Time Series Analysis 37 (2016). The sum is divided by a
//! measure of its own fluctuation before and after the suspected change instead of a variance, so that
//! requests that wait behind each other do not look like a change by that alone; ranks make one very
//! long request count as one.
//!
//! It assumes that, without a change, trials far apart in the window have nothing to do with each other.
//! Where a queue forgets as slowly as the window is long it alarms too often; then the window is too
//! short for any figure of it, which is worth a warning as well. False alarms at the 1 % point in 2,000
//! simulations each (500 of 10,000 trials), without a change:
//!
//! | trials | independent | AR(1) 0.5 | AR(1) 0.9 | queue at 50 % | at 70 % | at 90 % of its capacity |
//! |---|---|---|---|---|---|---|
//! | 100 | 1.0 % | 2.3 % | 11 % | 5.0 % | 12 % | 24 % |
//! | 400 | 1.1 % | 1.1 % | 3.4 % | 2.0 % | 4.3 % | 19 % |
//! | 2,000 | 1.4 % | 1.1 % | 2.0 % | 1.3 % | 1.6 % | 9.2 % |
//! | 10,000 | | 1.6 % | 1.4 % | 0.8 % | 1.0 % | 2.2 % |
//!
//! (The queue has one server and Poisson arrivals; its waits are the times.)

/// A change of the times to first token inside the steady state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// Intended start of the first trial after the change, in milliseconds since the run began.
    pub at_ms: f64,
    /// Median time to first token before it, in milliseconds.
    pub before_ms: f64,
    /// Median time to first token from it on, in milliseconds.
    pub after_ms: f64,
    /// The statistic; a change is told where it is above [`CRITICAL`](Self::CRITICAL).
    pub statistic: f64,
}

impl Drift {
    /// Upper 1 % point of the statistic without a change: Shao and Zhang, table 1, one dimension.
    pub const CRITICAL: f64 = 68.6;

    /// Least change of the median that is told, as a share of the smaller one: as much as the client's own
    /// part of the times may be. Of many trials, changes can be shown that matter to nobody.
    pub const LEAST: f64 = 0.1;
}

/// Fewest trials that are tested.
const FEWEST: usize = 50;

/// Part of the trials at each end where no change is looked for: there is too little on one side.
const MARGIN: f64 = 0.05;

/// A change in a series of (intended start, time to first token), both in milliseconds, in the order of
/// the starts; `None` where there is none to be told.
pub(super) fn drift(series: &[(f64, f64)]) -> Option<Drift> {
    if series.len() < FEWEST {
        return None;
    }
    let times: Vec<f64> = series.iter().map(|(_, time)| *time).collect();
    let (statistic, at) = largest(&times)?;
    let (before_ms, after_ms) = (median(&times[..at])?, median(&times[at..])?);
    let change = (before_ms - after_ms).abs();
    let is_told = statistic > Drift::CRITICAL && change > Drift::LEAST * before_ms.min(after_ms);
    is_told.then_some(Drift {
        at_ms: series[at].0,
        before_ms,
        after_ms,
        statistic,
    })
}

/// The largest statistic, and the first position of the part after it.
fn largest(times: &[f64]) -> Option<(f64, usize)> {
    let ranks = centred_ranks(times);
    let n = ranks.len();
    let forward = Fluctuation::of(ranks.iter().copied());
    let backward = Fluctuation::of(ranks.iter().rev().copied());
    let margin = ((MARGIN * n as f64) as usize).max(1);
    (margin..=n - margin)
        .filter_map(|k| {
            let inside = forward.of_first(k) + backward.of_first(n - k);
            // T² / V of the paper, with its factors of n gathered.
            let value = n as f64 * forward.sum(k).powi(2) / inside;
            (inside > 0.0).then_some((value, k))
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
}

/// Ranks, ties sharing their mean, from which the mean of all is taken; as shares of their number, so
/// that long series stay within the precision of sums.
fn centred_ranks(times: &[f64]) -> Vec<f64> {
    let n = times.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
    let mut ranks = vec![0.0; n];
    let mut from = 0;
    while from < n {
        let same = order[from..]
            .iter()
            .take_while(|&&at| times[at] == times[order[from]])
            .count();
        let mean = from as f64 + (same as f64 - 1.0) / 2.0;
        for &at in &order[from..from + same] {
            ranks[at] = (mean - (n as f64 - 1.0) / 2.0) / n as f64;
        }
        from += same;
    }
    ranks
}

/// Sums of the first values of a series, and how far they are from a straight line.
struct Fluctuation {
    /// By k: the sum S of the first k values, Σ S², Σ t·S and Σ t² over t up to k.
    parts: Vec<[f64; 4]>,
}

impl Fluctuation {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut last = [0.0; 4];
        let mut parts = vec![last];
        for (t, value) in (1..).zip(values) {
            let (t, sum) = (f64::from(t), last[0] + value);
            last = [sum, last[1] + sum * sum, last[2] + t * sum, last[3] + t * t];
            parts.push(last);
        }
        Self { parts }
    }

    fn sum(&self, k: usize) -> f64 {
        self.parts[k][0]
    }

    /// Σ (S_t − (t/k)·S_k)² over t up to k, without a loop.
    fn of_first(&self, k: usize) -> f64 {
        if k == 0 {
            return 0.0;
        }
        let [sum, squares, products, places] = self.parts[k];
        let slope = sum / k as f64;
        (squares - 2.0 * slope * products + slope * slope * places).max(0.0)
    }
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    super::steady::quantile(&sorted, 0.5)
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use weighbridge_policies::stream;

    use super::*;

    fn series(times: impl Iterator<Item = f64>) -> Vec<(f64, f64)> {
        (0..).map(|i| 10.0 * f64::from(i)).zip(times).collect()
    }

    /// Independent exponential times of mean 1.
    fn noise(seed: u64, n: usize) -> Vec<f64> {
        let mut rng = stream(seed, "drift", "", 0);
        (0..n).map(|_| -(1.0 - rng.random::<f64>()).ln()).collect()
    }

    /// Times whose deviations decay by a factor from one to the next.
    fn related(seed: u64, n: usize, factor: f64) -> Vec<f64> {
        let mut last = 0.0;
        let burn_in = 200;
        let all = noise(seed, n + burn_in).into_iter().map(|x| {
            last = factor * last + (x - 1.0);
            10.0 + last
        });
        all.skip(burn_in).collect()
    }

    /// Waits in a queue with one server: Lindley's recursion, Poisson arrivals at a share of the
    /// capacity, plus 1 for the service itself.
    fn queue(seed: u64, n: usize, load: f64) -> Vec<f64> {
        let burn_in = 2_000;
        let draws = noise(seed, 2 * (n + burn_in));
        let mut wait = 0.0;
        let all = draws.chunks(2).map(|pair| {
            wait = f64::max(0.0, wait + load * pair[0] - pair[1]);
            1.0 + wait
        });
        all.skip(burn_in).collect()
    }

    fn alarms(runs: u64, times: impl Fn(u64) -> Vec<f64>) -> f64 {
        let above = |seed: &u64| largest(&times(*seed)).unwrap().0 > Drift::CRITICAL;
        (0..runs).filter(above).count() as f64 / runs as f64
    }

    #[test]
    fn the_shortcut_is_the_sum_of_the_paper() {
        let values = noise(3, 40);
        let ranks = centred_ranks(&values);
        let n = ranks.len();
        let total = |from: usize, to: usize| ranks[from..to].iter().sum::<f64>();
        for k in [2, 7, 20, 38] {
            let first: f64 = (1..=k)
                .map(|t| (total(0, t) - t as f64 / k as f64 * total(0, k)).powi(2))
                .sum();
            let second: f64 = (k..n)
                .map(|t| {
                    let share = (n - t) as f64 / (n - k) as f64;
                    (total(t, n) - share * total(k, n)).powi(2)
                })
                .sum();
            let forward = Fluctuation::of(ranks.iter().copied());
            let backward = Fluctuation::of(ranks.iter().rev().copied());
            assert!((forward.of_first(k) - first).abs() < 1e-9);
            assert!((backward.of_first(n - k) - second).abs() < 1e-9);
        }
    }

    #[test]
    fn steady_times_rarely_alarm_even_in_a_queue() {
        for (name, most, rate) in [
            ("independent", 0.025, alarms(400, |s| noise(s, 400))),
            (
                "related by 0.5",
                0.025,
                alarms(400, |s| related(s, 400, 0.5)),
            ),
            (
                "related by 0.9",
                0.05,
                alarms(400, |s| related(s, 400, 0.9)),
            ),
            ("queue at 50 %", 0.04, alarms(400, |s| queue(s, 400, 0.5))),
            ("queue at 70 %", 0.06, alarms(400, |s| queue(s, 400, 0.7))),
        ] {
            assert!(rate <= most, "{name}: {rate}");
        }
    }

    #[test]
    fn a_slow_start_and_a_slow_end_are_told_with_their_place() {
        let mut times = noise(5, 400);
        for slow in &mut times[..60] {
            *slow += 5.0;
        }
        let found = drift(&series(times.iter().copied())).unwrap();
        assert!((found.at_ms - 600.0).abs() <= 100.0, "{found:?}");
        assert!(found.before_ms > 5.0 && found.after_ms < 1.5, "{found:?}");
        // The mirror image: a server that throttles.
        times.reverse();
        let late = drift(&series(times.iter().copied())).unwrap();
        assert!((late.at_ms - 3_400.0).abs() <= 100.0, "{late:?}");
    }

    #[test]
    fn what_cannot_be_tested_or_does_not_matter_is_not_told() {
        let jump = |n: usize, by: f64| {
            let times = (0..n).map(move |i| 10.0 + if i < n / 2 { 0.0 } else { by });
            drift(&series(times.zip(noise(1, n)).map(|(a, b)| a + 0.01 * b)))
        };
        assert_eq!(jump(49, 5.0), None);
        assert!(jump(50, 5.0).is_some());
        assert_eq!(
            jump(2_000, 0.3),
            None,
            "3 % is shown by 2,000 trials, and matters to nobody"
        );
        assert_eq!(drift(&series(std::iter::repeat_n(7.0, 100))), None);
        assert_eq!(drift(&[]), None);
    }
}
