//! A trace of traffic into a dataset of synthetic prompts.

use weighbridge_datasets::OutcomeStore;
use weighbridge_datasets::import::Imported;
use weighbridge_datasets::trace::{TraceFormat, read, synthesise};

use crate::args::ImportArgs;
use crate::failure::Failure;

/// Writes one sample per request of the trace, in order of time; nothing is recorded about answers.
pub(super) fn trace(format: TraceFormat, args: &ImportArgs) -> Result<(), Failure> {
    let mut rows = read(format, &args.dir)?;
    let all = rows.len();
    rows.truncate(args.limit.unwrap_or(all));
    let imported = Imported {
        dataset: synthesise(format, &args.dir, &rows)?,
        outcomes: OutcomeStore::new(),
    };
    imported.write(&args.out)?;
    let tokens: u64 = rows.iter().map(|row| u64::from(row.input_tokens)).sum();
    eprintln!(
        "{format}: {} of {all} requests over {:.0} s, {tokens} prompt tokens, fingerprint {} -> {}",
        rows.len(),
        rows.last().map_or(0.0, |row| row.at_s),
        imported.dataset.fingerprint(),
        args.out.display()
    );
    eprintln!(
        "hint: replay its times with [run.arrivals] kind = \"trace\", format = \"{format}\", path = …"
    );
    Ok(())
}
