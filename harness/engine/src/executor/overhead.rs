//! What the client itself adds to a time to first token.

use super::steady::{Steady, quantile};

/// Reported minus true time to first token of requests to a null backend that keeps its own clock: the
/// client's own part of every time to first token, without a load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overhead {
    /// Requests it rests on.
    pub requests: usize,
    /// Its median in milliseconds.
    pub p50_ms: f64,
    /// Its 99th percentile in milliseconds.
    pub p99_ms: f64,
}

/// Fewest requests whose 99th percentile is not simply the longest.
const FEWEST: usize = 101;

impl Overhead {
    /// The overhead of requests, in milliseconds each, in any order; `None` of no request.
    pub fn of(mut each_ms: Vec<f64>) -> Option<Self> {
        each_ms.sort_unstable_by(f64::total_cmp);
        Some(Self {
            requests: each_ms.len(),
            p50_ms: quantile(&each_ms, 0.5)?,
            p99_ms: quantile(&each_ms, 0.99)?,
        })
    }

    /// Why times to first token of this size say more about the client than they may, with what to do.
    ///
    /// Like is held against like: the overhead is part of every time, so that its median moves the
    /// median and its tail the tail, each by at most the share `limit`. `None` where there is nothing to
    /// hold it against, or too little to know the overhead.
    pub fn problem(&self, steady: Option<&Steady>, limit: f64) -> Option<String> {
        let steady = steady.filter(|_| self.requests >= FEWEST)?;
        [
            ("median", self.p50_ms, steady.ttft_p50_ms),
            ("99th percentile", self.p99_ms, steady.ttft_p99_ms),
        ]
        .into_iter()
        .find_map(|(name, own_ms, seen_ms)| {
            let seen_ms = seen_ms.filter(|seen_ms| own_ms > limit * seen_ms)?;
            Some(format!(
                "the client itself takes {own_ms:.2} ms ({name}) of times to first token of \
                 {seen_ms:.2} ms (limit {:.0}%): free this machine or send from a faster one; of \
                 servers as fast as this, compare no differences below that",
                100.0 * limit
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steady(p50: f64, p99: f64) -> Steady {
        Steady {
            ttft_p50_ms: Some(p50),
            ttft_p99_ms: Some(p99),
            ..Steady::default()
        }
    }

    #[test]
    fn overhead_is_held_against_times_of_the_same_rank() {
        let mut each: Vec<f64> = vec![0.2; 195];
        each.extend([4.0; 5]);
        let overhead = Overhead::of(each).unwrap();
        assert_eq!(
            (overhead.requests, overhead.p50_ms, overhead.p99_ms),
            (200, 0.2, 4.0)
        );
        assert_eq!(overhead.problem(Some(&steady(50.0, 60.0)), 0.1), None);
        let fast = overhead.problem(Some(&steady(1.0, 60.0)), 0.1).unwrap();
        assert!(
            fast.contains("(median)") && fast.contains("limit 10%"),
            "{fast}"
        );
        let tail = overhead.problem(Some(&steady(20.0, 30.0)), 0.1).unwrap();
        assert!(tail.contains("(99th percentile)"), "{tail}");
    }

    #[test]
    fn nothing_is_judged_without_times_or_with_too_few_requests() {
        assert_eq!(Overhead::of(Vec::new()), None);
        let few = Overhead::of(vec![5.0; 100]).unwrap();
        assert_eq!(few.problem(Some(&steady(1.0, 1.0)), 0.1), None);
        let enough = Overhead::of(vec![5.0; 101]).unwrap();
        assert!(enough.problem(Some(&steady(1.0, 1.0)), 0.1).is_some());
        assert_eq!(enough.problem(None, 0.1), None);
        // Every trial failed.
        assert_eq!(enough.problem(Some(&Steady::default()), 0.1), None);
    }
}
