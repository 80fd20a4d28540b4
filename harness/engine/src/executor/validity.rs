//! Whether the client itself kept up: a run is no better than its instrument.

use crate::Clock;

/// Largest 99th percentile of the schedule lag of a valid run, in milliseconds.
const MAX_LAG_MS: f64 = 10.0;
/// Largest share of the machine's processors that a valid client uses.
const MAX_CPU_SHARE: f64 = 0.8;

/// What the client cost and how late it was.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientValidity {
    /// Time of the run in milliseconds.
    pub wall_ms: f64,
    /// Median time from a trial's intended start to the moment its task ran, in milliseconds.
    pub lag_p50_ms: f64,
    /// 99th percentile of the same.
    pub lag_p99_ms: f64,
    /// Most trials under way at once.
    pub max_in_flight: usize,
    /// Processor time of this process over wall time and number of processors, in `[0, 1]`; absent
    /// where the system does not tell.
    pub cpu_share: Option<f64>,
    /// Why the numbers are the client's rather than the server's; empty in a valid run.
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
    cpu_ms: Option<f64>,
    lags_ms: Vec<f64>,
    max_in_flight: usize,
}

impl Watch {
    pub(super) fn start(clock: Clock) -> Self {
        Self {
            clock,
            cpu_ms: cpu_ms(),
            lags_ms: Vec::new(),
            max_in_flight: 0,
        }
    }

    pub(super) fn lag(&mut self, ms: f64) {
        self.lags_ms.push(ms);
    }

    pub(super) fn in_flight(&mut self, trials: usize) {
        self.max_in_flight = self.max_in_flight.max(trials);
    }

    pub(super) fn finish(mut self) -> ClientValidity {
        self.lags_ms.sort_by(f64::total_cmp);
        let wall_ms = self.clock.now_ms();
        let processors = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let used_ms = cpu_ms().zip(self.cpu_ms).map(|(now, then)| now - then);
        let cpu_share = used_ms.filter(|_| wall_ms > 0.0);
        let cpu_share = cpu_share.map(|ms| (ms / wall_ms / processors).clamp(0.0, 1.0));
        let lag_p99_ms = quantile(&self.lags_ms, 0.99);
        let mut problems = Vec::new();
        if lag_p99_ms > MAX_LAG_MS {
            problems.push(format!(
                "one trial in a hundred started {lag_p99_ms:.1} ms late or more (limit \
                 {MAX_LAG_MS} ms): lower the concurrency or free the machine"
            ));
        }
        // Over a short run the tick of the processor clock is too coarse to judge.
        if let Some(share) = cpu_share.filter(|share| *share > MAX_CPU_SHARE && wall_ms > 2000.0) {
            problems.push(format!(
                "the client used {:.0}% of this machine's processors (limit {:.0}%)",
                100.0 * share,
                100.0 * MAX_CPU_SHARE
            ));
        }
        ClientValidity {
            wall_ms,
            lag_p50_ms: quantile(&self.lags_ms, 0.5),
            lag_p99_ms,
            max_in_flight: self.max_in_flight,
            cpu_share,
            problems,
        }
    }
}

/// Nearest-rank quantile of sorted numbers; 0 of none.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

/// User and system time of this process in milliseconds, where `/proc` tells it. Fields 14 and 15
/// of `proc_pid_stat(5)`, in ticks of 10 ms (`USER_HZ` is 100 on every supported platform).
fn cpu_ms() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field may hold blanks; it ends at the last closing bracket.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let ticks = |field: Option<&str>| field?.parse::<f64>().ok();
    Some(10.0 * (ticks(fields.next())? + ticks(fields.next())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn late_trials_make_a_run_invalid() {
        let mut watch = Watch::start(Clock::start());
        (0..98).for_each(|_| watch.lag(0.1));
        watch.in_flight(3);
        watch.lag(50.0);
        watch.lag(60.0);
        let validity = watch.finish();
        assert_eq!((validity.lag_p50_ms, validity.lag_p99_ms), (0.1, 50.0));
        assert_eq!(validity.max_in_flight, 3);
        assert!(!validity.is_valid());
        assert!(Watch::start(Clock::start()).finish().is_valid());
    }
}
