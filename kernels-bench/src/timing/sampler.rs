//! Taking samples with the host clock.

use std::time::{Duration, Instant};

use super::{Budget, Series};
use crate::record::Timing;

/// Measures an operation twice, in alternation, so that the pair gives its own noise floor.
pub fn measure(budget: &Budget, mut op: impl FnMut()) -> Timing {
    let repeats = calibrate(budget, &mut op);
    let mut series = [Series::default(), Series::default()];
    fill(budget, &mut series, |_| timed(repeats, &mut op));
    let [a, b] = series;
    a.summary(&b)
}

/// As [`measure`], with `before` run untimed ahead of each sample (evicting caches, resetting state);
/// a sample is one operation.
pub fn measure_cold(budget: &Budget, mut before: impl FnMut(), mut op: impl FnMut()) -> Timing {
    let mut series = [Series::default(), Series::default()];
    before();
    op();
    fill(budget, &mut series, |_| {
        before();
        timed(1, &mut op)
    });
    let [a, b] = series;
    a.summary(&b)
}

/// Measures several operations in turns (A/B/A/B…), so that drift of the machine hits all alike.
/// Returns one summary for each, in order; every operation has its own twin series.
pub fn alternate(budget: &Budget, ops: &mut [&mut dyn FnMut()]) -> Vec<Timing> {
    let repeats: Vec<u32> = ops.iter_mut().map(|op| calibrate(budget, op)).collect();
    let n = ops.len();
    let mut series = vec![Series::default(); 2 * n];
    fill(budget, &mut series, |i| timed(repeats[i % n], ops[i % n]));
    (0..n).map(|i| series[i].summary(&series[n + i])).collect()
}

/// Rounds of one sample each until the stop rule says so.
fn fill(budget: &Budget, series: &mut [Series], mut sample: impl FnMut(usize) -> f64) {
    let done = try_fill(budget, series, |i| {
        Ok::<f64, std::convert::Infallible>(sample(i))
    });
    // Cannot fail: the error has no values.
    let Ok(()) = done;
}

/// As `fill`, for samples that can fail; the first failure ends it.
pub(crate) fn try_fill<E>(
    budget: &Budget,
    series: &mut [Series],
    mut sample: impl FnMut(usize) -> Result<f64, E>,
) -> Result<(), E> {
    let start = Instant::now();
    loop {
        for (i, s) in series.iter_mut().enumerate() {
            s.push(sample(i)?);
        }
        if stop(budget, series, start.elapsed()) {
            return Ok(());
        }
    }
}

/// Stop at the most samples; never before the fewest; in between when time is up or all series are
/// settled. The spread is looked at every 16 samples only.
fn stop(budget: &Budget, series: &[Series], elapsed: Duration) -> bool {
    let n = series.first().map_or(0, Series::len);
    if n >= budget.max_samples {
        return true;
    }
    if n < budget.min_samples {
        return false;
    }
    if elapsed >= budget.time {
        return true;
    }
    let settled = |s: &Series| s.relative_deviation() / (n as f64).sqrt() <= budget.target_rel;
    n.is_multiple_of(16) && elapsed >= budget.time / 4 && series.iter().all(settled)
}

/// Runs of the operation that make up one sample.
fn calibrate(budget: &Budget, op: &mut (impl FnMut() + ?Sized)) -> u32 {
    op();
    let mut repeats = 1_u32;
    loop {
        let ns = timed(repeats, op) * f64::from(repeats);
        let least = budget.least_sample.as_nanos() as f64;
        if ns >= least || repeats >= 1 << 24 {
            return repeats;
        }
        repeats *= if ns * 8.0 < least { 8 } else { 2 };
    }
}

/// Nanoseconds of one run, as the mean of `repeats`.
fn timed(repeats: u32, op: &mut (impl FnMut() + ?Sized)) -> f64 {
    let start = Instant::now();
    for _ in 0..repeats {
        op();
    }
    start.elapsed().as_nanos() as f64 / f64::from(repeats)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> Budget {
        Budget::of(Duration::from_millis(100))
    }

    fn noisy(n: usize) -> Series {
        Series::new((0..n).map(|i| if i % 2 == 0 { 1.0 } else { 3.0 }).collect())
    }

    #[test]
    fn never_stops_before_the_fewest_samples() {
        let steady = vec![Series::new(vec![1.0; 9]); 2];
        assert!(!stop(&rule(), &steady, Duration::from_secs(9)));
    }

    #[test]
    fn stops_early_only_when_settled() {
        let steady = vec![Series::new(vec![1.0; 16]); 2];
        assert!(stop(&rule(), &steady, Duration::from_millis(50)));
        let mixed = vec![Series::new(vec![1.0; 16]), noisy(16)];
        assert!(!stop(&rule(), &mixed, Duration::from_millis(50)));
        assert!(stop(&rule(), &mixed, Duration::from_millis(100)));
    }

    #[test]
    fn stops_at_the_most_samples() {
        assert!(stop(&rule(), &[noisy(2_000)], Duration::ZERO));
    }

    #[test]
    fn operations_take_turns() {
        let seen = std::cell::RefCell::new(String::new());
        let budget = Budget {
            min_samples: 2,
            max_samples: 2,
            least_sample: Duration::ZERO,
            ..rule()
        };
        let mut a = || seen.borrow_mut().push('a');
        let mut b = || seen.borrow_mut().push('b');
        let out = alternate(&budget, &mut [&mut a, &mut b]);
        assert_eq!(out.len(), 2);
        assert!(seen.borrow().ends_with("abababab"), "{}", seen.borrow());
    }
}
