//! The number that a run's synthetic prompts begin with.

use std::path::Path;

use weighbridge_engine::executor::PromptNonce;
use weighbridge_record::{RunHeader, RunReader};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::config::{Experiment, NonceRule};
use crate::failure::Failure;

/// Note in the header that keeps the number.
const NOTE: &str = "prompt_nonce";

/// Writes into the header of a new run what its synthetic prompts begin with, if it has any.
pub(super) fn choose(experiment: &Experiment, header: &mut RunHeader) {
    if !experiment.judged.samples().iter().any(|s| s.synthetic) {
        return;
    }
    let number = match experiment.load.prefix.nonce {
        NonceRule::None => return,
        NonceRule::Fixed(number) => number,
        NonceRule::Fresh => fresh(experiment.seed),
    };
    header
        .notes
        .insert(NOTE.to_owned(), format!("{number:016x}"));
}

/// What the prompts of a run begin with by the header in its log, whichever part of it wrote that.
///
/// # Errors
/// When the log cannot be read.
pub(super) fn kept(experiment: &Experiment, dir: &Path) -> Result<Option<PromptNonce>, Failure> {
    let reader = RunReader::open(dir)?;
    let note = reader.header().notes.get(NOTE);
    let number = note.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    Ok(number.map(|run| PromptNonce {
        run,
        per_arm: experiment.run.isolate_cache,
    }))
}

/// A number that no other run has: the time in nanoseconds, this process and the seed, hashed.
fn fresh(seed: u64) -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanoseconds = since.map_or(0, |d| d.as_nanos());
    let text = format!("{nanoseconds} {}", std::process::id());
    xxh3_64_with_seed(text.as_bytes(), seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_of_the_same_seed_have_different_numbers() {
        let first = fresh(1);
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert_ne!(first, fresh(1));
    }
}
