//! (Sample, model) pairs that come more than once.

use std::collections::{BTreeMap, HashMap};

use xxhash_rust::xxh3::xxh3_128;

use super::grid::Names;
use super::mix::BuildMix;
use super::{Finding, FindingKind, Severity};

/// Remembers one bit for each pair, and the smallest repeated sample id of each model.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    /// Samples are known by a 128-bit hash of their id.
    samples: HashMap<u128, usize, BuildMix>,
    /// One word per sample for each 64 models; a bit is set once the pair was seen.
    seen: Vec<Vec<u64>>,
    repeated: BTreeMap<usize, (u64, String)>,
    /// The last sample with its number: cells often come in runs of one sample.
    last: Option<(String, usize)>,
}

impl Duplicates {
    pub(crate) fn observe(&mut self, sample: &str, model: usize) {
        let number = self.number(sample);
        let (block, bit) = (model / 64, 1u64 << (model % 64));
        if self.seen.len() <= block {
            self.seen.resize_with(block + 1, Vec::new);
        }
        let words = &mut self.seen[block];
        if words.len() <= number {
            words.resize(number + 1, 0);
        }
        if words[number] & bit == 0 {
            words[number] |= bit;
            return;
        }
        let entry = self.repeated.entry(model);
        let (count, least) = entry.or_insert_with(|| (0, sample.to_owned()));
        *count += 1;
        if sample < least.as_str() {
            sample.clone_into(least);
        }
    }

    fn number(&mut self, sample: &str) -> usize {
        if let Some((last, number)) = &self.last
            && last == sample
        {
            return *number;
        }
        let next = self.samples.len();
        let hash = xxh3_128(sample.as_bytes());
        let number = *self.samples.entry(hash).or_insert(next);
        let (last, kept) = self.last.get_or_insert_default();
        sample.clone_into(last);
        *kept = number;
        number
    }

    pub(crate) fn findings(&self, models: &Names) -> Vec<Finding> {
        let each = self.repeated.iter().map(|(&model, (n, sample))| {
            let model = models.name(model);
            Finding {
                kind: FindingKind::DuplicateId,
                severity: Severity::Defect,
                model: Some(model.to_owned()),
                slice: None,
                n: *n,
                p: None,
                message: format!(
                    "{model}: {n} answers repeat a sample that was answered before, for example `{sample}`"
                ),
            }
        });
        each.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pairs_that_come_again_count() {
        let mut models = Names::default();
        let (a, b) = (models.number("a"), models.number("b"));
        let mut duplicates = Duplicates::default();
        for (sample, model) in [("z", a), ("z", b), ("y", a), ("z", a), ("y", a), ("y", a)] {
            duplicates.observe(sample, model);
        }
        let [found] = &duplicates.findings(&models)[..] else {
            panic!("one model repeats");
        };
        assert_eq!((found.model.as_deref(), found.n), (Some("a"), 3));
        assert!(found.message.ends_with("`y`"));
    }

    #[test]
    fn more_than_64_models_are_told_apart() {
        let mut models = Names::default();
        let mut duplicates = Duplicates::default();
        for number in 0..130 {
            let model = models.number(&format!("m{number}"));
            duplicates.observe("a", model);
        }
        assert!(duplicates.findings(&models).is_empty());
        duplicates.observe("a", 129);
        assert_eq!(duplicates.findings(&models).len(), 1);
    }
}
