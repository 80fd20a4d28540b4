//! Single conditions with the samples that meet them.

use std::collections::{BTreeMap, BTreeSet};

use weighbridge_record::SampleLine;

use super::bitset::Bitset;
use super::find::Condition;
use super::words;
use crate::compare::{Frame, routed};

/// A condition and its samples, by position among the paired ones.
#[derive(Debug, Clone)]
pub(super) struct Atom {
    pub(super) condition: Condition,
    pub(super) members: Bitset,
}

/// Every condition that at least `least` of the paired samples meet and not all of them: label values
/// by key, bands of prompt length, routes, words. Of conditions with the same samples the first one
/// stands for all.
pub(super) fn atoms(
    frame: &Frame<'_>,
    baseline: usize,
    candidate: usize,
    paired: &[u32],
    least: usize,
) -> Vec<Atom> {
    let all = frame.table.samples();
    let samples: Vec<&SampleLine> = paired.iter().map(|&s| &all[s as usize]).collect();
    let mut atoms = labels(&samples);
    atoms.extend(lengths(&samples));
    atoms.extend(routes(frame, baseline, candidate, paired));
    let of_words = |(words, members)| Atom {
        condition: Condition::Words { words },
        members,
    };
    atoms.extend(words::frequent(&samples, least).into_iter().map(of_words));
    let mut seen = BTreeSet::new();
    atoms.retain(|atom| {
        let n = atom.members.len();
        n >= least && n < samples.len() && seen.insert(atom.members.clone())
    });
    atoms
}

fn labels(samples: &[&SampleLine]) -> Vec<Atom> {
    let mut sets: BTreeMap<(&str, &str), Bitset> = BTreeMap::new();
    for (at, sample) in samples.iter().enumerate() {
        for (key, value) in &sample.labels {
            sets.entry((key, value))
                .or_insert_with(|| Bitset::empty(samples.len()))
                .insert(at);
        }
    }
    let atom = |((key, value), members): ((&str, &str), Bitset)| Atom {
        condition: Condition::Label {
            key: key.to_owned(),
            value: value.to_owned(),
        },
        members,
    };
    sets.into_iter().map(atom).collect()
}

/// Quarters and halves by length; the cuts are whole numbers of characters.
fn lengths(samples: &[&SampleLine]) -> Vec<Atom> {
    let mut sorted: Vec<u64> = samples.iter().map(|s| u64::from(s.prompt_chars)).collect();
    sorted.sort_unstable();
    let cut = |quarter: usize| sorted.get(sorted.len() * quarter / 4).copied();
    let (Some(first), Some(half), Some(last)) = (cut(1), cut(2), cut(3)) else {
        return Vec::new();
    };
    let bands = [
        (None, Some(first)),
        (Some(first), Some(half)),
        (Some(half), Some(last)),
        (Some(last), None),
        (None, Some(half)),
        (Some(half), None),
    ];
    let atom = |(at_least, below): (Option<u64>, Option<u64>)| Atom {
        members: Bitset::of(samples.len(), |at| {
            let chars = u64::from(samples[at].prompt_chars);
            at_least.is_none_or(|low| chars >= low) && below.is_none_or(|high| chars < high)
        }),
        condition: Condition::Chars { at_least, below },
    };
    bands.into_iter().map(atom).collect()
}

fn routes(frame: &Frame<'_>, baseline: usize, candidate: usize, paired: &[u32]) -> Vec<Atom> {
    let arms = frame.table.arms();
    let position: BTreeMap<u32, usize> = paired.iter().copied().zip(0..).collect();
    routed(frame, &arms[baseline], &arms[candidate])
        .into_iter()
        .map(|(route, members)| {
            let mut set = Bitset::empty(paired.len());
            members
                .iter()
                .filter_map(|sample| position.get(sample))
                .for_each(|&at| set.insert(at));
            Atom {
                condition: Condition::Route {
                    model: route.name(frame),
                },
                members: set,
            }
        })
        .collect()
}
