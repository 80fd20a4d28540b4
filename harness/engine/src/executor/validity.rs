//! Whether the client itself kept up: a run is no better than its instrument.

use weighbridge_record::Trial;

use super::output::Output;
use super::steady::{Span, Steady, quantile, steady};
use super::{Pace, Settings};
use crate::Clock;
use crate::arrivals::Schedule;
use crate::clock::processor_s;

/// What the client may at most get wrong before a run is invalid. A limit that is absent is not
/// judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClientLimits {
    /// Largest 99th percentile of the time from an intended start until its task runs, in
    /// milliseconds. All of it is inside the times to first token. 2 ms by default on a schedule, a
    /// tenth of a fast first token; 20 ms in a closed loop, where nobody counts on an instant.
    pub max_lag_ms: Option<f64>,
    /// Largest share of the machine's processors, in `(0, 1]`; 0.8 by default.
    pub max_cpu_share: Option<f64>,
    /// Largest error of the rate of arrivals, as a share of the scheduled one; 0.01 by default.
    pub max_rate_error: Option<f64>,
    /// Largest difference of the coefficient of variation of sent and scheduled gaps, as a share of
    /// the scheduled one where that is above 1; 0.03 by default. Of equal gaps no share can be taken:
    /// on schedules that hardly vary 0.1 is allowed, a deviation of a tenth of a gap.
    pub max_cv_error: Option<f64>,
    /// Largest Kolmogorov-Smirnov distance of sent and scheduled gaps; 0.1 by default. Not judged on
    /// schedules that hardly vary: there every distance is large.
    pub max_ks: Option<f64>,
    /// Largest share of the times to first token that may be the client's own
    /// [overhead](super::Overhead); 0.1 by default. Judged by who measures the overhead.
    pub max_overhead_share: Option<f64>,
}

impl ClientLimits {
    /// The limits of a run on a schedule.
    pub fn open_loop() -> Self {
        Self {
            max_lag_ms: Some(2.0),
            ..Self::default()
        }
    }

    /// The same limits without those that a server in this very process makes meaningless: its
    /// processor time cannot be told from the client's, and its speed is made up.
    #[must_use]
    pub fn beside_the_server(mut self, is_open: bool) -> Self {
        self.max_cpu_share = None;
        self.max_overhead_share = None;
        self.max_lag_ms = self.max_lag_ms.filter(|_| is_open);
        self
    }
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            max_lag_ms: Some(20.0),
            max_cpu_share: Some(0.8),
            max_rate_error: Some(0.01),
            max_cv_error: Some(0.03),
            max_ks: Some(0.1),
            max_overhead_share: Some(0.1),
        }
    }
}

/// What the client cost and how late it was.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientValidity {
    /// Time of the run in milliseconds.
    pub wall_ms: f64,
    /// Median time from a trial's intended start to the moment its task ran, in milliseconds.
    pub lag_p50_ms: f64,
    /// 99th percentile of the same.
    pub lag_p99_ms: f64,
    /// Median time that a first token lay in the client's socket before it was read, in milliseconds.
    /// It is in no time to first token, which counts to the arrival; absent where nothing was
    /// streamed.
    pub read_lag_p50_ms: Option<f64>,
    /// 99th percentile of the same.
    pub read_lag_p99_ms: Option<f64>,
    /// Trials that ended in this part of the run.
    pub trials: usize,
    /// Most trials under way at once.
    pub max_in_flight: usize,
    /// Processor time of this process over wall time and number of processors, in `[0, 1]`; absent
    /// where the system does not tell.
    pub cpu_share: Option<f64>,
    /// How the schedule was kept; absent in a closed loop.
    pub pace: Option<Pace>,
    /// The part of the run with its full load, if it had one.
    pub steady: Option<Steady>,
    /// Why the numbers are the client's rather than the server's, each with what to do; empty in a
    /// valid run.
    pub problems: Vec<String>,
}

impl ClientValidity {
    /// Whether the client kept up.
    pub fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Collects what [`ClientValidity`] needs.
#[derive(Debug)]
pub(super) struct Watch {
    clock: Clock,
    limits: ClientLimits,
    processor_s: Option<f64>,
    schedule_hash: Option<String>,
    places: Option<usize>,
    lags_ms: Vec<f64>,
    read_lags_ms: Vec<f64>,
    queues_ms: Vec<f64>,
    /// Intended and actual start of each arrival.
    arrivals: Vec<(f64, f64)>,
    spans: Vec<Span>,
    output: Vec<Output>,
    /// Whether the load stays the same by design, so that a change of the times is the server's.
    is_even: bool,
}

impl Watch {
    pub(super) fn start(clock: Clock, settings: &Settings, schedule: Option<&Schedule>) -> Self {
        Self {
            clock,
            limits: settings.client,
            processor_s: processor_s(),
            schedule_hash: schedule.map(Schedule::hash),
            places: schedule.is_none().then_some(settings.concurrency.max(1)),
            lags_ms: Vec::new(),
            read_lags_ms: Vec::new(),
            queues_ms: Vec::new(),
            arrivals: Vec::new(),
            spans: Vec::new(),
            output: Vec::new(),
            is_even: (settings.open_loop.as_ref()).is_none_or(|open| open.arrivals.is_even()),
        }
    }

    /// Takes a finished trial.
    pub(super) fn turn(
        &mut self,
        trial: &Trial,
        arrival_ms: Option<f64>,
        lag_ms: f64,
        queue_ms: f64,
    ) {
        self.lags_ms.push(lag_ms);
        self.queues_ms.push(queue_ms);
        let read = trial.attempts.iter().filter_map(|a| a.read_lag_ms);
        self.read_lags_ms.extend(read);
        if let Some(at_ms) = arrival_ms {
            self.arrivals.push((at_ms, at_ms + lag_ms));
        }
        let start_ms = trial.start_ms.unwrap_or(0.0);
        self.spans.push(Span {
            start_ms,
            end_ms: start_ms + ended_ms(trial),
            ttft_ms: trial.ttft_ms,
            is_warmup: trial.is_warmup(),
        });
        self.output.extend(Output::of(trial));
    }

    pub(super) fn finish(mut self, max_in_flight: usize) -> ClientValidity {
        for values in [
            &mut self.lags_ms,
            &mut self.read_lags_ms,
            &mut self.queues_ms,
        ] {
            values.sort_unstable_by(f64::total_cmp);
        }
        let wall_ms = self.clock.now_ms();
        let mut validity = ClientValidity {
            wall_ms,
            lag_p50_ms: quantile(&self.lags_ms, 0.5).unwrap_or(0.0),
            lag_p99_ms: quantile(&self.lags_ms, 0.99).unwrap_or(0.0),
            read_lag_p50_ms: quantile(&self.read_lags_ms, 0.5),
            read_lag_p99_ms: quantile(&self.read_lags_ms, 0.99),
            trials: self.spans.len(),
            max_in_flight,
            cpu_share: self.cpu_share(wall_ms),
            pace: self.pace(),
            steady: self.steady(),
            problems: Vec::new(),
        };
        validity.problems = problems(&validity, &self.limits);
        validity
    }

    fn steady(&self) -> Option<Steady> {
        let mut steady = steady(&self.spans, &self.output, self.places)?;
        steady.drift = steady.drift.filter(|_| self.is_even);
        Some(steady)
    }

    fn cpu_share(&self, wall_ms: f64) -> Option<f64> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let used_ms = 1e3 * (processor_s()? - self.processor_s?);
        (wall_ms > 0.0).then(|| (used_ms / wall_ms / processors).clamp(0.0, 1.0))
    }

    fn pace(&mut self) -> Option<Pace> {
        let schedule_hash = self.schedule_hash.take()?;
        let arrivals = std::mem::take(&mut self.arrivals);
        Some(Pace::of(schedule_hash, arrivals, &self.queues_ms))
    }
}

/// When a trial took no place any more, in milliseconds since its intended start. One without an answer
/// has no end-to-end time, but it had its place until its last call ended.
fn ended_ms(trial: &Trial) -> f64 {
    let calls = trial.attempts.iter().filter_map(|attempt| attempt.end_ms);
    calls.chain(trial.e2e_ms).fold(0.0, f64::max)
}

/// What makes a run invalid, each with its remedy.
fn problems(validity: &ClientValidity, limits: &ClientLimits) -> Vec<String> {
    let mut problems = Vec::new();
    let lag_ms = validity.lag_p99_ms;
    if let Some(limit) = limits.max_lag_ms.filter(|limit| lag_ms > *limit) {
        let load = match validity.pace {
            Some(_) => "rate",
            None => "concurrency",
        };
        problems.push(format!(
            "one trial in a hundred started {lag_ms:.1} ms late or more (limit {limit} ms): lower \
             the {load} or free the machine"
        ));
    }
    // A short run is mostly its own start.
    let share = validity.cpu_share.filter(|_| validity.wall_ms > 2000.0);
    if let Some((share, limit)) = share.zip(limits.max_cpu_share).filter(|(s, l)| s > l) {
        problems.push(format!(
            "the client used {:.0}% of this machine's processors (limit {:.0}%): lower the load, or \
             send from a machine with more of them",
            100.0 * share,
            100.0 * limit
        ));
    }
    if let Some(pace) = &validity.pace {
        problems.extend(pace.problems(limits));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrivals::{Arrivals, Gaps};

    fn made(lags: impl Fn(usize) -> f64, schedule: Option<&Schedule>) -> ClientValidity {
        let client = match schedule {
            Some(_) => ClientLimits::open_loop(),
            None => ClientLimits::default(),
        };
        let settings = Settings {
            client,
            ..Settings::default()
        };
        let mut watch = Watch::start(Clock::start(), &settings, schedule);
        for i in 0..schedule.map_or(100, |s| s.at_ms().len()) {
            watch.lags_ms.push(lags(i));
            if let Some(schedule) = schedule {
                let at_ms = schedule.at_ms()[i];
                watch.arrivals.push((at_ms, at_ms + lags(i)));
            }
        }
        watch.finish(3)
    }

    #[tokio::test(start_paused = true)]
    async fn late_trials_make_a_run_invalid() {
        let validity = made(|i| if i < 98 { 0.1 } else { 50.0 }, None);
        assert_eq!((validity.lag_p50_ms, validity.lag_p99_ms), (0.1, 50.0));
        assert_eq!(validity.max_in_flight, 3);
        assert!(validity.problems[0].contains("lower the concurrency"));
        assert!(made(|_| 1.0, None).is_valid());
    }

    #[tokio::test(start_paused = true)]
    async fn a_load_that_is_not_the_scheduled_one_makes_a_run_invalid() {
        let schedule = Arrivals::steady(200.0, Gaps::Exponential).schedule(2_000, 1);
        let exact = made(|_| 0.05, Some(&schedule));
        assert!(exact.is_valid(), "{:?}", exact.problems);
        let pace = exact.pace.unwrap();
        assert!((pace.cv_sent - pace.cv_scheduled).abs() < 1e-9 && pace.ks < 1e-3);
        // Lateness that accumulates: a tenth of a millisecond each.
        let drifting = made(|i| 0.1 * i as f64, Some(&schedule));
        let text = drifting.problems.join("\n");
        assert!(text.contains("arrivals per second were sent"), "{text}");
        assert!(text.contains("lower the rate"), "{text}");
        // A hiccup of 20 ms in 2,000 equal gaps of 10 ms is no other schedule; one in every hundred is.
        let equal = Arrivals::steady(100.0, Gaps::Constant).schedule(2_000, 1);
        assert!(made(|i| if i == 700 { 20.0 } else { 0.0 }, Some(&equal)).is_valid());
        let often = made(|i| if i % 100 == 7 { 20.0 } else { 0.0 }, Some(&equal));
        assert!(
            often.problems.concat().contains("Kolmogorov"),
            "{:?}",
            often.problems
        );
        // Clumps of 20 ms: the rate holds, the gaps do not.
        let clumps = |i: usize| 20.0 - schedule.at_ms()[i] % 20.0;
        let text = made(clumps, Some(&schedule)).problems.join("\n");
        assert!(!text.contains("were due"), "{text}");
        assert!(text.contains("Kolmogorov"), "{text}");
    }
}
