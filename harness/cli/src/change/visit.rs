//! The order in which a sequential run visits its samples, and where it begins.

use std::path::Path;

use weighbridge_datasets::Dataset;
use weighbridge_record::{ChangeAttempt, JudgedBy};
use weighbridge_reports::sequential::visiting;

use super::identity;
use crate::config::Experiment;
use crate::failure::Failure;

/// The visiting order of a sequential run.
pub(crate) struct Visit {
    /// Seed of the order.
    pub(crate) order: String,
    /// Fingerprint of the dataset as it was loaded.
    pub(crate) fingerprint: String,
    /// Samples in each block.
    sizes: Vec<usize>,
}

/// Puts the judged samples into visiting order, so that policies with a memory see them as they come.
pub(crate) fn visit(experiment: &mut Experiment) -> Result<Visit, Failure> {
    let samples = experiment.judged.samples();
    let order = identity::of_samples(samples);
    let named = samples
        .iter()
        .map(|s| (s.id.as_str(), s.cluster.as_deref()));
    let blocks = visiting(named, &order);
    let positions = blocks.iter().flatten();
    let visited = positions.map(|&i| samples[i as usize].clone()).collect();
    let manifest = experiment.judged.manifest().clone();
    let origin = Path::new(&manifest.source).to_owned();
    let fingerprint = experiment.judged.fingerprint();
    experiment.judged = Dataset::new(manifest, visited, &origin)?;
    Ok(Visit {
        order,
        fingerprint,
        sizes: blocks.iter().map(Vec::len).collect(),
    })
}

impl Visit {
    /// Round and first block of the next attempt. A replay looks at all its samples again; a live
    /// attempt goes on where the last one of its round stopped, unless the samples are used up or an
    /// attempt was given up with its evidence unknown: then a new round begins.
    pub(super) fn start(&self, earlier: &[ChangeAttempt], is_replay: bool) -> (u32, u64) {
        let sequential = || earlier.iter().filter(|a| a.method == JudgedBy::Sequential);
        let Some(round) = sequential().map(|a| a.round).max() else {
            return (1, 0);
        };
        if is_replay {
            return (round + 1, 0);
        }
        let of_round = || sequential().filter(|a| a.round == round);
        let given_up = of_round().any(|a| a.outcome.is_none());
        let decided = of_round().any(|a| {
            let decided = |c: &weighbridge_record::CandidateEvidence| {
                c.outcome == "pass" || c.outcome == "block"
            };
            !a.candidates.is_empty() && a.candidates.iter().all(decided)
        });
        let to = of_round().map(|a| a.to_block).max().unwrap_or(0);
        if !decided && (given_up || to >= self.sizes.len() as u64) {
            return (round + 1, 0);
        }
        (round, to)
    }

    /// Samples of the blocks before this one.
    pub(crate) fn samples_before(&self, block: u64) -> usize {
        let blocks = usize::try_from(block).unwrap_or(usize::MAX);
        self.sizes.iter().take(blocks).sum()
    }
}
