//! Two record files side by side.

use std::collections::BTreeMap;

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
