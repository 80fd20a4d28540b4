//! Words that tell the prompts of one run from those of every other.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::synthetic::{WORDS, mix};

/// Words of a nonce: 6 bits each make 48, so that of a million runs no two are likely (1 in 500) to
/// have the same. With the tokens that chat templates begin with they stay inside the first block of 16
/// tokens, the size in which servers keep prefixes: the words themselves are never found in a cache.
const LENGTH: usize = 8;

/// The words of a run and a part of it, parted by blanks; the same for the same two.
pub fn nonce_words(run: u64, part: &str) -> String {
    let mut state = xxh3_64_with_seed(part.as_bytes(), run);
    let words: Vec<&str> = (0..LENGTH)
        .map(|_| {
            state = mix(state);
            WORDS[(state >> 58) as usize]
        })
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn runs_and_parts_have_words_of_their_own() {
        assert_eq!(nonce_words(5, "a"), nonce_words(5, "a"));
        let all: BTreeSet<String> = (0..1_000)
            .flat_map(|run| [nonce_words(run, ""), nonce_words(run, "a")])
            .collect();
        assert_eq!(all.len(), 2_000);
        assert!(all.iter().all(|words| words.split(' ').count() == LENGTH));
    }
}
