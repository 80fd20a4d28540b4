//! What a benchmark is given.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

#[cfg(feature = "cuda")]
use crate::record::Measured;
use crate::record::{Grid, Outcome, Record, SkipReason};
use crate::timing::{Budget, Deadline};

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Width of the grid.
    pub grid: Grid,
    /// Only this benchmark.
    pub only: Option<String>,
    /// Seed of all inputs.
    pub seed: u64,
    /// Seconds for everything together, instead of the grid's budget.
    pub seconds: Option<f64>,
    /// Folder for disk benchmarks; they are skipped without it.
    pub disk: Option<PathBuf>,
    /// Folder of the NVRTC library.
    pub nvrtc: Option<PathBuf>,
    /// Folder for compiled kernels; the system's cache folder if absent.
    pub cubins: Option<PathBuf>,
}

/// What a benchmark is given: grid, seed, clock rules, and where records go.
pub struct Context<'a> {
    /// What the user asked for.
    pub options: &'a Options,
    /// End of this benchmark's share of the grid's time.
    pub deadline: Deadline,
    pub(crate) bench: &'static str,
    pub(crate) emit: &'a mut dyn FnMut(Record),
}

impl Context<'_> {
    /// Clock rules of one configuration.
    pub fn budget(&self) -> Budget {
        Budget::of(Duration::from_millis(self.options.grid.pick(60, 500)))
    }

    /// True once the grid's time is used up; says so in a record.
    pub fn out_of_time(&mut self, config: &[(&str, Value)]) -> bool {
        let late = self.deadline.passed();
        if late {
            self.emit(config, Outcome::Skipped(SkipReason::OutOfTime));
        }
        late
    }

    /// Writes a record of our own work.
    pub fn emit(&mut self, config: &[(&str, Value)], outcome: Outcome) {
        (self.emit)(Record::ours(self.bench, config.to_vec(), outcome));
    }

    /// Writes what came of a configuration. A failure of the device is a reason to skip this one, not
    /// the ones after it.
    #[cfg(feature = "cuda")]
    pub(crate) fn emit_result(
        &mut self,
        config: &[(&str, Value)],
        result: Result<Measured, SkipReason>,
    ) {
        let outcome = result.map_or_else(Outcome::Skipped, Measured::outcome);
        self.emit(config, outcome);
    }

    /// Writes a record of a peer's work.
    #[cfg(feature = "peers")]
    pub fn emit_by(&mut self, by: &str, config: &[(&str, Value)], outcome: Outcome) {
        (self.emit)(Record::by(by, self.bench, config.to_vec(), outcome));
    }

    /// Numbers of threads worth trying: one and all.
    pub fn threads(&self) -> Vec<usize> {
        let all = rayon::current_num_threads();
        if all > 1 { vec![1, all] } else { vec![1] }
    }
}

/// Runs on a thread pool of its own.
pub(crate) fn on_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> Option<T> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .ok()?;
    Some(pool.install(run))
}
