//! From a log to the table that a sequential verdict rests on.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use weighbridge_record::LogError;

use super::Process;
use crate::table::{RunTable, ScoreState};

/// The samples that a sequential run used, and nothing else: trials that were under way when the
/// verdict fell are left out, since how many there are depends on the concurrency. `None` for a
/// fixed-n run, which uses everything.
///
/// # Errors
/// When the log cannot be read again.
pub fn settle(table: &RunTable, run: &Path) -> Result<Option<RunTable>, LogError> {
    // Rates out of range cannot come from a checked policy; the fixed-n gate then judges.
    let Ok(Some(mut process)) = Process::new(table) else {
        return Ok(None);
    };
    process.advance(table);
    let used: BTreeSet<u32> = process.used.iter().copied().collect();
    let samples = table.samples().len();
    let strays = table.arms().iter().any(|arm| {
        let known = arm.state.iter().enumerate();
        known
            .filter(|(_, state)| **state != ScoreState::Missing)
            .any(|(at, _)| !used.contains(&((at % samples) as u32)))
    });
    let positions: Vec<u32> = used.iter().copied().collect();
    if !strays {
        return Ok(Some(table.only(&positions)));
    }
    let names: BTreeSet<&Arc<str>> = positions
        .iter()
        .map(|&i| &table.samples()[i as usize].id)
        .collect();
    let kept = RunTable::load_where(run, |sample| names.contains(&Arc::from(sample)))?;
    let gate = table.header().gate.clone();
    Ok(Some(kept.with_gate(gate).only(&positions)))
}
