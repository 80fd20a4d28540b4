//! (Sample, model) pairs that come more than once.

use std::collections::{BTreeMap, HashSet};

use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::grid::Names;
use super::{Finding, FindingKind, Severity};

/// Remembers a 128-bit hash of each pair, and the smallest repeated sample id of each model.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    seen: HashSet<u128, Identity>,
    repeated: BTreeMap<usize, (u64, String)>,
}

/// Hashes are hashed already; the low half of them serves as it is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Identity(u64);

impl std::hash::BuildHasher for Identity {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl std::hash::Hasher for Identity {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Duplicates {
    pub(crate) fn observe(&mut self, sample: &str, model: usize) {
        let pair = xxh3_128_with_seed(sample.as_bytes(), model as u64);
        if !self.seen.insert(pair) {
            let (count, least) = self
                .repeated
                .entry(model)
                .or_insert_with(|| (0, sample.to_owned()));
            *count += 1;
            if sample < least.as_str() {
                sample.clone_into(least);
            }
        }
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
}
