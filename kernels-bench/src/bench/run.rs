//! A whole run: header, then every benchmark in order.

use rayon::ThreadPoolBuildError;

use super::{Context, Entry, Options, catalog};
use crate::gpu;
use crate::record::{Grid, Header, Host, Line, Outcome, Record, SCHEMA_VERSION};
use crate::timing::Deadline;

/// Why a run does not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No benchmark has this id.
    #[error("there is no benchmark {given}; the ids are {known}")]
    UnknownId {
        /// As typed.
        given: String,
        /// Every id.
        known: String,
    },
    /// The system gives no threads.
    #[error("cannot start threads: {0}")]
    Threads(#[from] ThreadPoolBuildError),
}

/// Runs what was asked for and hands over each line as it is known.
///
/// # Errors
/// When `only` names no benchmark.
pub fn run(options: &Options, line: &mut dyn FnMut(Line)) -> Result<(), RunError> {
    let chosen = choose(options.only.as_deref())?;
    let probed = gpu::probe(options.nvrtc.as_deref());
    line(Line::Header(Box::new(Header {
        schema: SCHEMA_VERSION,
        writer: format!("weighbridge-kernels {}", env!("CARGO_PKG_VERSION")),
        seed: options.seed,
        grid: options.grid,
        host: Host::detect(),
        gpu: probed.clone(),
    })));
    let mut emit = |record: Record| line(Line::Record(record));
    let budget_s = options.seconds.unwrap_or(options.grid.budget_s());
    let whole = Deadline::after(budget_s);
    let runs = |entry: &Entry| !entry.needs_gpu() || matches!(probed, gpu::Gpu::Ready { .. });
    for (i, entry) in chosen.iter().enumerate() {
        // What one does not use is there for those after it.
        let rest = chosen[i..].iter().filter(|e| runs(e)).map(|e| e.weight);
        let share = whole.left_s() * entry.weight / rest.sum::<f64>().max(entry.weight);
        let mut context = Context {
            options,
            deadline: Deadline::after(share),
            bench: entry.id,
            emit: &mut emit,
        };
        match (entry.run, &probed) {
            (Some(run), _) => run(&mut context),
            (None, gpu::Gpu::Skipped(reason)) => {
                context.emit(&[], Outcome::Skipped(reason.clone()));
            }
            (None, gpu::Gpu::Ready { .. }) => gpu::bench(entry.id, &mut context),
        }
    }
    Ok(())
}

fn choose(only: Option<&str>) -> Result<Vec<Entry>, RunError> {
    let all = catalog();
    let Some(only) = only else {
        return Ok(all);
    };
    let found = all
        .iter()
        .find(|e| e.id.eq_ignore_ascii_case(only) || e.name == only);
    found
        .map(|entry| vec![*entry])
        .ok_or_else(|| RunError::UnknownId {
            given: only.to_owned(),
            known: all.iter().map(|e| e.id).collect::<Vec<_>>().join(", "),
        })
}

impl Options {
    /// A quick run of everything.
    pub fn quick() -> Self {
        Self {
            grid: Grid::Quick,
            only: None,
            seed: 7,
            seconds: None,
            disk: None,
            nvrtc: None,
            cubins: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Oracle, SkipReason};

    #[test]
    fn unknown_ids_are_answered_with_the_known_ones() {
        let options = Options {
            only: Some("C99".to_owned()),
            ..Options::quick()
        };
        let message = run(&options, &mut |_| ()).unwrap_err().to_string();
        assert!(
            message.contains("C99") && message.contains("C1, C2"),
            "{message}"
        );
    }

    #[test]
    fn a_gpu_benchmark_without_a_gpu_is_skipped_with_the_reason_of_the_header() {
        let options = Options {
            only: Some("g5".to_owned()),
            ..Options::quick()
        };
        let mut lines = Vec::new();
        run(&options, &mut |line| lines.push(line)).unwrap();
        let Line::Header(header) = &lines[0] else {
            panic!("no header")
        };
        match (&header.gpu, &lines[1]) {
            (gpu::Gpu::Skipped(why), Line::Record(record)) => {
                assert_eq!(record.outcome, Outcome::Skipped(why.clone()));
                assert_eq!(record.bench, "G5");
            }
            (gpu::Gpu::Ready { .. }, _) => println!("skipped: there is a GPU"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_cpu_benchmark_measures_and_passes_its_oracle() {
        let options = Options {
            only: Some("block_table".to_owned()),
            ..Options::quick()
        };
        let mut lines = Vec::new();
        run(&options, &mut |line| lines.push(line)).unwrap();
        assert!(lines.len() > 2);
        for line in &lines[1..] {
            let Line::Record(record) = line else {
                panic!("two headers")
            };
            let measured = record.measured().unwrap();
            assert!(measured.time.median_ns > 0.0 && measured.time.n >= 20);
            assert!(
                matches!(measured.oracle, Oracle::Passed(_)),
                "{:?}",
                measured.oracle
            );
        }
    }

    #[test]
    fn what_has_no_time_left_says_so_and_measures_nothing() {
        let options = Options {
            seconds: Some(0.0),
            ..Options::quick()
        };
        let mut late = std::collections::BTreeSet::new();
        run(&options, &mut |line| {
            let Line::Record(record) = line else { return };
            // The model takes no time, the disk was not asked for, and there may be no GPU.
            assert!(record.measured().is_none(), "{record:?}");
            if record.outcome == Outcome::Skipped(SkipReason::OutOfTime) {
                late.insert(record.bench);
            }
        })
        .unwrap();
        for bench in ["C1", "C2", "C3", "C4", "C5", "C7"] {
            assert!(late.contains(bench), "{bench}");
        }
    }
}
