//! An open loop: requests come when they come.

use std::sync::Arc;

use weighbridge_policies::stream;

use super::{Gaps, RateError, Schedule, Stage, rate};

/// How requests arrive when nobody waits for answers.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenLoop {
    /// The process. Its rate counts all policies together: each trial is one arrival, or each
    /// conversation where turns wait for their answers.
    pub arrivals: Arrivals,
    /// Most trials under way at once; none by default. Waiting for a place counts in every latency
    /// and is shown apart.
    pub max_in_flight: Option<usize>,
}

/// An arrival process.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrivals {
    /// A rate, steady or in stages, with gaps of one shape about it.
    Rate {
        /// The rate over time; the last one goes on.
        stages: Vec<Stage>,
        /// The shape of the gaps.
        gaps: Gaps,
    },
    /// All at once, again and again: the arrivals of a burst are due at the same instant.
    Bursts {
        /// Arrivals of a burst, at least 1.
        size: usize,
        /// Seconds from one burst to the next, more than 0.
        period_s: f64,
    },
    /// Times that were recorded.
    Trace {
        /// Seconds since the start of the recording, ascending, at least one.
        at_s: Arc<[f64]>,
        /// Factor on all times: 0.5 replays twice as fast. More than 0.
        time_scale: f64,
    },
}

/// What a trace lacks or has too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceFit {
    /// Only so many of its arrivals are used.
    Cut {
        /// Arrivals used.
        used: usize,
        /// Arrivals in the trace.
        of: usize,
    },
    /// It is replayed again from its start, so many times in all.
    Repeated {
        /// Passes, the last perhaps not whole.
        passes: usize,
        /// Arrivals in the trace.
        of: usize,
    },
}

impl Arrivals {
    /// A steady rate.
    pub fn steady(rate_per_s: f64, gaps: Gaps) -> Self {
        Self::Rate {
            stages: vec![Stage::steady(rate_per_s)],
            gaps,
        }
    }

    /// Refuses rates that make no schedule.
    ///
    /// # Errors
    /// Which stage, and why.
    pub fn check(&self) -> Result<(), RateError> {
        match self {
            Self::Rate { stages, .. } => rate::check(stages),
            Self::Bursts { .. } | Self::Trace { .. } => Ok(()),
        }
    }

    /// The first `n` intended send times. Needs parameters that [`check`](Self::check) accepts.
    pub fn schedule(&self, n: usize, seed: u64) -> Schedule {
        match self {
            Self::Rate { stages, gaps } => {
                let mut rng = stream(seed, "arrivals", "", 0);
                let mut expected = 0.0;
                let sums = (0..n).map(|_| {
                    expected += gaps.draw(&mut rng);
                    expected
                });
                let times = rate::times(stages, sums);
                Schedule::new(times.into_iter().map(|s| 1e3 * s).collect())
            }
            Self::Bursts { size, period_s } => {
                let burst = |i: usize| (i / (*size).max(1)) as f64;
                Schedule::new((0..n).map(|i| 1e3 * period_s * burst(i)).collect())
            }
            Self::Trace { at_s, time_scale } => {
                let times = repeated(at_s).take(n);
                Schedule::new(times.map(|s| 1e3 * time_scale * s).collect())
            }
        }
    }

    /// Whether the load is meant to be the same from its start to its end.
    pub fn is_even(&self) -> bool {
        match self {
            Self::Rate { stages, .. } => {
                let rates = stages.iter().flat_map(|s| [s.from_per_s, s.to_per_s]);
                let mut rates = rates.collect::<Vec<_>>();
                rates.dedup();
                rates.len() < 2
            }
            Self::Bursts { .. } => true,
            Self::Trace { .. } => false,
        }
    }

    /// How a trace fits `n` arrivals; `None` for a rate, or where it fits exactly.
    pub fn fit(&self, n: usize) -> Option<TraceFit> {
        let Self::Trace { at_s, .. } = self else {
            return None;
        };
        let of = at_s.len().max(1);
        match n.cmp(&of) {
            std::cmp::Ordering::Less => Some(TraceFit::Cut { used: n, of }),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(TraceFit::Repeated {
                passes: n.div_ceil(of),
                of,
            }),
        }
    }
}

/// The times of a trace from its first arrival on, again and again, one mean gap between passes.
fn repeated(at_s: &[f64]) -> impl Iterator<Item = f64> {
    let first = at_s.first().copied().unwrap_or(0.0);
    let length = at_s.last().copied().unwrap_or(0.0) - first;
    let mean = length / at_s.len().saturating_sub(1).max(1) as f64;
    // An empty trace has no pass: repeating it would never end.
    let passes = if at_s.is_empty() { 0 } else { u32::MAX };
    (0..passes).flat_map(move |pass| {
        let start = f64::from(pass) * (length + mean);
        at_s.iter().map(move |at| start + at - first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrivals::{cv, gaps, ks_distance};

    #[test]
    fn a_poisson_schedule_has_its_rate_its_variation_and_exponential_gaps() {
        let arrivals = Arrivals::steady(200.0, Gaps::Exponential);
        for seed in [1, 2, 3] {
            let schedule = arrivals.schedule(20_000, seed);
            // Three standard errors at n = 20,000: 3/√n = 2.1 %.
            let rate = schedule.rate_per_s().unwrap();
            assert!((rate / 200.0 - 1.0).abs() < 0.022, "seed {seed}: {rate}");
            assert!(
                (schedule.cv() - 1.0).abs() < 0.03,
                "seed {seed}: {}",
                schedule.cv()
            );
            let exact: Vec<f64> = (0..20_000)
                .map(|i| -5.0 * ((f64::from(i) + 0.5) / 20_000.0).ln())
                .collect();
            // Kolmogorov's 1 % point is 1.63/√n.
            let apart = ks_distance(&gaps(schedule.at_ms()), &exact);
            assert!(
                apart < 1.63 / 20_000f64.sqrt() + 1e-4,
                "seed {seed}: {apart}"
            );
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_times_and_another_seed_others() {
        let arrivals = Arrivals::steady(50.0, Gaps::Gamma { burstiness: 0.5 });
        let one = arrivals.schedule(500, 9);
        assert_eq!(one.hash(), arrivals.schedule(500, 9).hash());
        assert_ne!(one.hash(), arrivals.schedule(500, 10).hash());
        // A longer schedule begins with the shorter one.
        assert_eq!(arrivals.schedule(900, 9).at_ms()[..500], *one.at_ms());
        // Changes here change the load of experiments already hashed: raise the schema instead.
        let constant = Arrivals::steady(100.0, Gaps::Constant).schedule(3, 1);
        assert_eq!(constant.at_ms(), [10.0, 20.0, 30.0]);
    }

    #[test]
    fn a_poisson_ramp_has_the_arrivals_of_each_stage() {
        let stage = |from_per_s, to_per_s| Stage {
            from_per_s,
            to_per_s,
            seconds: 20.0,
        };
        let arrivals = Arrivals::Rate {
            stages: vec![stage(0.0, 500.0), stage(500.0, 500.0), stage(100.0, 100.0)],
            gaps: Gaps::Exponential,
        };
        let schedule = arrivals.schedule(20_000, 4);
        let within = |from: f64, to: f64| {
            let at = schedule.at_ms().iter();
            at.filter(|ms| (1e3 * from..1e3 * to).contains(ms)).count() as f64
        };
        for (from, to, mean) in [
            (0.0, 20.0, 5_000.0),
            (20.0, 40.0, 10_000.0),
            (40.0, 60.0, 2_000.0),
        ] {
            let seen = within(from, to);
            assert!(
                (seen - mean).abs() < 4.0 * f64::sqrt(mean),
                "{from}: {seen}"
            );
        }
    }

    #[test]
    fn a_burst_is_due_at_one_instant_and_a_resumed_one_goes_on_within_it() {
        let arrivals = Arrivals::Bursts {
            size: 3,
            period_s: 0.5,
        };
        let schedule = arrivals.schedule(7, 0);
        assert_eq!(
            schedule.at_ms(),
            [0.0, 0.0, 0.0, 500.0, 500.0, 500.0, 1_000.0]
        );
        assert_eq!(
            schedule.after(2).at_ms(),
            [0.0, 500.0, 500.0, 500.0, 1_000.0]
        );
        assert_eq!(schedule.hash(), arrivals.schedule(7, 9).hash());
        assert_eq!(arrivals.schedule(0, 0).at_ms(), [0.0; 0]);
    }

    #[test]
    fn a_ramp_and_a_trace_are_no_even_load() {
        let stage = |from_per_s, to_per_s| Stage {
            from_per_s,
            to_per_s,
            seconds: 1.0,
        };
        let rate = |stages: Vec<Stage>| Arrivals::Rate {
            stages,
            gaps: Gaps::Constant,
        };
        assert!(rate(vec![stage(5.0, 5.0), stage(5.0, 5.0)]).is_even());
        assert!(!rate(vec![stage(1.0, 5.0)]).is_even());
        assert!(!rate(vec![stage(1.0, 1.0), stage(5.0, 5.0)]).is_even());
    }

    #[test]
    fn a_trace_is_replayed_scaled_cut_and_repeated() {
        let arrivals = Arrivals::Trace {
            at_s: vec![5.0, 6.0, 9.0].into(),
            time_scale: 0.5,
        };
        assert_eq!(arrivals.schedule(2, 0).at_ms(), [0.0, 500.0]);
        // The second pass starts one mean gap (2 s) after the last arrival.
        let twice = arrivals.schedule(5, 0);
        assert_eq!(twice.at_ms(), [0.0, 500.0, 2_000.0, 3_000.0, 3_500.0]);
        assert_eq!(arrivals.fit(2), Some(TraceFit::Cut { used: 2, of: 3 }));
        assert_eq!(arrivals.fit(3), None);
        assert_eq!(
            arrivals.fit(7),
            Some(TraceFit::Repeated { passes: 3, of: 3 })
        );
        assert!(cv(&gaps(twice.at_ms())) > 0.0);
    }
}
