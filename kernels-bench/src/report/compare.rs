//! Two record files side by side.

use std::collections::BTreeMap;

use crate::gpu::Gpu;
use crate::record::{Log, Record, Timing};
use crate::timing::{self, Difference};

/// One configuration in both files.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// Benchmark, who, and configuration.
    pub what: String,
    /// Time in the first file.
    pub a: Timing,
    /// Time in the second.
    pub b: Timing,
    /// Which is faster, or a tie.
    pub difference: Difference,
}

/// Configurations measured in both files, in the order of the first, and how many are in one only.
pub fn compare(a: &Log, b: &Log) -> (Vec<Pair>, usize) {
    let key = |r: &Record| format!("{} {} {}", r.bench, r.by, r.config_line());
    let times = |log: &Log| -> BTreeMap<String, Timing> {
        let measured = log
            .records
            .iter()
            .filter_map(|r| Some((key(r), r.measured()?.time)));
        measured.collect()
    };
    let (in_a, in_b) = (times(a), times(b));
    let mut pairs = Vec::new();
    for record in &a.records {
        let what = key(record);
        if let (Some(a), Some(b)) = (in_a.get(&what), in_b.get(&what)) {
            pairs.push(Pair {
                what,
                a: *a,
                b: *b,
                difference: timing::compare(a, b),
            });
        }
    }
    let both = in_a.keys().filter(|k| in_b.contains_key(*k)).count();
    (pairs, in_a.len() + in_b.len() - 2 * both)
}

/// What differs between the machines, grids and seeds of two files, in words; empty if nothing that
/// matters does.
pub fn differences(a: &Log, b: &Log) -> Vec<String> {
    let (x, y) = (&a.header, &b.header);
    let gpu = |gpu: &Gpu| match gpu {
        Gpu::Ready { name, driver, .. } => format!("{name} (driver {driver})"),
        Gpu::Skipped(reason) => format!("none ({reason})"),
    };
    let facts = [
        ("processors", x.host.cpu.clone(), y.host.cpu.clone()),
        (
            "threads",
            x.host.threads.to_string(),
            y.host.threads.to_string(),
        ),
        ("GPUs", gpu(&x.gpu), gpu(&y.gpu)),
        ("programs", x.writer.clone(), y.writer.clone()),
        ("seeds", x.seed.to_string(), y.seed.to_string()),
    ];
    let differs = facts.into_iter().filter(|(_, x, y)| x != y);
    differs
        .map(|(what, x, y)| format!("different {what}: {x:?} and {y:?}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Grid, Header, Host, SkipReason};

    fn log(cpu: &str, seed: u64) -> Log {
        Log {
            header: Header {
                schema: 1,
                writer: "test".to_owned(),
                seed,
                grid: Grid::Quick,
                host: Host {
                    cpu: cpu.to_owned(),
                    ..Host::detect()
                },
                gpu: Gpu::Skipped(SkipReason::NoDevice),
            },
            records: Vec::new(),
        }
    }

    #[test]
    fn other_machines_and_other_inputs_are_told() {
        assert!(differences(&log("a", 1), &log("a", 1)).is_empty());
        assert_eq!(
            differences(&log("a", 1), &log("b", 2)),
            [
                "different processors: \"a\" and \"b\"",
                "different seeds: \"1\" and \"2\""
            ]
        );
    }
}
