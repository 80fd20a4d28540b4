//! A schedule and what became of it.

use super::ClientLimits;
use super::steady::quantile;
use crate::arrivals::{cv, gaps, ks_distance, rate_per_s};

/// A schedule and what became of it.
///
/// Gaps are those between instants: arrivals that were due at the same instant (a burst, or a trace of
/// whole seconds) have no gap between them but a [spread](Bursts).
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// [Hash](crate::arrivals::Schedule::hash) of the schedule of this part of the run.
    pub schedule_hash: String,
    /// Arrivals that were sent.
    pub sent: usize,
    /// Arrivals per second, as scheduled for those that were sent; absent of fewer than two instants.
    pub offered_per_s: Option<f64>,
    /// Arrivals per second, as sent.
    pub achieved_per_s: Option<f64>,
    /// Coefficient of variation of the scheduled gaps.
    pub cv_scheduled: f64,
    /// Coefficient of variation of the sent gaps.
    pub cv_sent: f64,
    /// Kolmogorov-Smirnov distance of sent and scheduled gaps.
    pub ks: f64,
    /// Arrivals that were due together; absent where none were.
    pub bursts: Option<Bursts>,
    /// Median time in the client's own queue, in milliseconds; 0 where nothing limits the trials
    /// under way. It is inside the times to first token.
    pub queue_p50_ms: f64,
    /// 99th percentile of the same.
    pub queue_p99_ms: f64,
}

/// How together the arrivals were that were due at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bursts {
    /// Instants with more than one arrival.
    pub count: usize,
    /// Most arrivals at one instant.
    pub largest: usize,
    /// Median time from the first to the last of them, in milliseconds.
    pub spread_p50_ms: f64,
    /// 99th percentile of the same.
    pub spread_p99_ms: f64,
}

/// Least arrivals over which rate and gaps are judged.
const FEWEST_ARRIVALS: usize = 100;

/// A schedule whose gaps vary less than this has no distribution to be compared.
const LEAST_CV: f64 = 0.1;

impl Pace {
    /// The pace of arrivals: intended and actual start of each in milliseconds, in any order. The times
    /// in the queue are sorted.
    pub(super) fn of(
        schedule_hash: String,
        mut arrivals: Vec<(f64, f64)>,
        queues_ms: &[f64],
    ) -> Self {
        arrivals.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let instants: Vec<&[(f64, f64)]> = arrivals.chunk_by(|a, b| a.0 == b.0).collect();
        let due: Vec<f64> = instants.iter().map(|instant| instant[0].0).collect();
        let mut sent: Vec<f64> = instants.iter().map(|instant| instant[0].1).collect();
        sent.sort_unstable_by(f64::total_cmp);
        let (wanted, seen) = (gaps(&due), gaps(&sent));
        // With bursts, every instant counts for its mean number of arrivals.
        let each = arrivals.len() as f64 / instants.len().max(1) as f64;
        let rate = |times: &[f64]| rate_per_s(times).map(|per_s| each * per_s);
        Self {
            schedule_hash,
            sent: arrivals.len(),
            offered_per_s: rate(&due),
            achieved_per_s: rate(&sent),
            cv_scheduled: cv(&wanted),
            cv_sent: cv(&seen),
            ks: ks_distance(&wanted, &seen),
            bursts: Bursts::of(&instants),
            queue_p50_ms: quantile(queues_ms, 0.5).unwrap_or(0.0),
            queue_p99_ms: quantile(queues_ms, 0.99).unwrap_or(0.0),
        }
    }

    /// Why this is not the load that was asked for, each with its remedy.
    pub(super) fn problems(&self, limits: &ClientLimits) -> Vec<String> {
        let mut problems = Vec::new();
        problems.extend(self.burst_problem(limits));
        if self.sent >= FEWEST_ARRIVALS {
            problems.extend(self.rate_problem(limits));
            problems.extend(self.shape_problem(limits));
        }
        problems
    }

    fn rate_problem(&self, limits: &ClientLimits) -> Option<String> {
        let (offered, achieved) = self.offered_per_s.zip(self.achieved_per_s)?;
        let limit = limits.max_rate_error?;
        let error = (achieved / offered - 1.0).abs();
        (error > limit).then(|| {
            format!(
                "{achieved:.1} arrivals per second were sent where {offered:.1} were due (limit \
                 {:.1}%): lower the rate, free the machine, or split the load over more machines",
                100.0 * limit
            )
        })
    }

    fn shape_problem(&self, limits: &ClientLimits) -> Option<String> {
        let apart = (self.cv_sent - self.cv_scheduled).abs() / self.cv_scheduled.max(1.0);
        let is_judged = self.cv_scheduled >= LEAST_CV;
        let least = if is_judged { 0.0 } else { LEAST_CV };
        let varies = limits
            .max_cv_error
            .is_some_and(|limit| apart > limit.max(least));
        let differs = is_judged && limits.max_ks.is_some_and(|limit| self.ks > limit);
        (varies || differs).then(|| {
            format!(
                "the gaps between arrivals are not those of the schedule (coefficient of variation \
                 {:.3} for {:.3}, Kolmogorov-Smirnov distance {:.3}): lower the rate or free the \
                 machine",
                self.cv_sent, self.cv_scheduled, self.ks
            )
        })
    }

    /// A burst that is not released within the time by which a single trial may be late is a ramp.
    fn burst_problem(&self, limits: &ClientLimits) -> Option<String> {
        let (bursts, limit) = self.bursts.zip(limits.max_lag_ms)?;
        (bursts.spread_p99_ms > limit).then(|| {
            format!(
                "up to {} trials were due at one instant and took {:.1} ms to start (limit {limit} \
                 ms): make the bursts smaller or free the machine",
                bursts.largest, bursts.spread_p99_ms
            )
        })
    }
}

impl Bursts {
    /// Of groups of arrivals that were due together, each in the order in which they were sent.
    fn of(instants: &[&[(f64, f64)]]) -> Option<Self> {
        let together = instants.iter().filter(|instant| instant.len() > 1);
        let mut spreads: Vec<f64> = together
            .map(|instant| instant[instant.len() - 1].1 - instant[0].1)
            .collect();
        spreads.sort_unstable_by(f64::total_cmp);
        Some(Self {
            count: spreads.len(),
            largest: instants.iter().map(|instant| instant.len()).max()?,
            spread_p50_ms: quantile(&spreads, 0.5)?,
            spread_p99_ms: quantile(&spreads, 0.99)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrivals::Arrivals;

    /// Ten bursts of twenty, a second apart; the trials of a burst start so far from each other.
    fn burst(apart_ms: f64, late_ms: impl Fn(usize) -> f64) -> Pace {
        let schedule = Arrivals::Bursts {
            size: 20,
            period_s: 1.0,
        }
        .schedule(200, 1);
        let arrivals = schedule.at_ms().iter().enumerate();
        let arrivals = arrivals
            .map(|(i, at)| (*at, at + apart_ms * (i % 20) as f64 + late_ms(i / 20)))
            .collect();
        Pace::of(schedule.hash(), arrivals, &[])
    }

    #[test]
    fn a_burst_has_a_spread_and_only_its_instants_have_gaps() {
        let limits = ClientLimits::open_loop();
        let pace = burst(0.01, |_| 0.0);
        assert_eq!(pace.problems(&limits), [""; 0]);
        let bursts = pace.bursts.unwrap();
        assert_eq!((bursts.count, bursts.largest), (10, 20));
        assert!((bursts.spread_p99_ms - 0.19).abs() < 1e-9, "{bursts:?}");
        // Twenty a second, from instants that do not vary.
        assert!((pace.offered_per_s.unwrap() - 20.0).abs() < 1e-9);
        assert!(pace.cv_scheduled < 1e-12 && pace.ks < 1.0 + 1e-12);
    }

    #[test]
    fn a_burst_that_is_smeared_or_late_is_another_load() {
        let limits = ClientLimits::open_loop();
        let smeared = burst(0.2, |_| 0.0).problems(&limits).join("\n");
        assert!(
            smeared.contains("due at one instant and took 3.8 ms"),
            "{smeared}"
        );
        // Every second burst half a period late: the rate holds, the instants do not.
        let late = burst(0.0, |i| if i % 2 == 1 { 500.0 } else { 0.0 });
        let late = late.problems(&limits).join("\n");
        assert!(late.contains("gaps between arrivals"), "{late}");
    }

    #[test]
    fn one_burst_and_no_arrival_have_no_rate() {
        let one = Pace::of(String::new(), vec![(0.0, 0.1), (0.0, 0.3)], &[]);
        assert_eq!((one.offered_per_s, one.sent), (None, 2));
        assert!((one.bursts.unwrap().spread_p50_ms - 0.2).abs() < 1e-12);
        let none = Pace::of(String::new(), Vec::new(), &[]);
        assert_eq!(
            (none.offered_per_s, none.bursts, none.sent),
            (None, None, 0)
        );
        assert_eq!(none.problems(&ClientLimits::open_loop()), [""; 0]);
    }
}
