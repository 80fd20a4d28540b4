//! Words and phrases that many prompts hold.

use std::collections::{BTreeMap, BTreeSet};

use weighbridge_datasets::{SliceFacts, words_of};

use super::bitset::Bitset;

/// Most words, and most phrases of two words, that are combined.
const MOST: usize = 100;

/// Fewest letters of a word.
const LETTERS: usize = 3;

/// Words and two-word phrases that at least `least` and at most half of the prompts hold, the most
/// frequent ones first, each with the prompts that hold it. Outcomes play no part.
pub(super) fn frequent<S: SliceFacts>(samples: &[&S], least: usize) -> Vec<(String, Bitset)> {
    let texts: Vec<String> = samples.iter().map(|s| words_of(&s.excerpt())).collect();
    let texts: Vec<Vec<&str>> = texts
        .iter()
        .map(|text| text.split(' ').filter(|w| !w.is_empty()).collect())
        .collect();
    let known: BTreeSet<&str> = counted(&texts, |words| {
        words.iter().copied().filter(|w| is_word(w)).collect()
    })
    .into_iter()
    .filter(|(_, n)| *n >= least)
    .map(|(word, _)| word)
    .collect();
    let single = |words: &[&str]| -> BTreeSet<String> {
        let words = words.iter().filter(|w| known.contains(**w));
        words.map(|w| (*w).to_owned()).collect()
    };
    let double = |words: &[&str]| -> BTreeSet<String> {
        let both = |pair: &&[&str]| pair.iter().any(|w| known.contains(w));
        words
            .windows(2)
            .filter(both)
            .map(|pair| pair.join(" "))
            .collect()
    };
    let mut out = most_frequent(&texts, single, least);
    out.extend(most_frequent(&texts, double, least));
    out
}

fn is_word(word: &str) -> bool {
    word.chars().count() >= LETTERS && word.chars().any(char::is_alphabetic)
}

/// In how many texts each term stands.
fn counted<'a, T: Ord>(
    texts: &'a [Vec<&'a str>],
    terms: impl Fn(&'a [&'a str]) -> BTreeSet<T>,
) -> BTreeMap<T, usize> {
    let mut counts = BTreeMap::new();
    for text in texts {
        for term in terms(text) {
            *counts.entry(term).or_insert(0) += 1;
        }
    }
    counts
}

fn most_frequent(
    texts: &[Vec<&str>],
    terms: impl Fn(&[&str]) -> BTreeSet<String>,
    least: usize,
) -> Vec<(String, Bitset)> {
    let mut counts: Vec<(String, usize)> = counted(texts, &terms)
        .into_iter()
        .filter(|(_, n)| *n >= least && *n <= texts.len() / 2)
        .collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts.truncate(MOST);
    let mut sets: BTreeMap<&str, Bitset> = counts
        .iter()
        .map(|(term, _)| (term.as_str(), Bitset::empty(texts.len())))
        .collect();
    for (at, text) in texts.iter().enumerate() {
        for term in terms(text) {
            if let Some(set) = sets.get_mut(term.as_str()) {
                set.insert(at);
            }
        }
    }
    let found = counts
        .iter()
        .filter_map(|(term, _)| Some((term.clone(), sets.remove(term.as_str())?)));
    found.collect()
}
