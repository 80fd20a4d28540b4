//! How much of its prompts a load shares by design.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Tokens in a block of most servers' prefix caches.
const BLOCK: usize = 16;

/// What a prefix cache without an end would find of synthetic prompts that come one after the other: one
/// word is one token, whole blocks are kept, and the last token of a prompt is always computed, as in
/// vLLM.
///
/// A real cache finds less: it is finite, and of two prompts that come together neither finds the
/// other. It finds more only of prompts that it had before.
#[derive(Debug, Default)]
pub struct SharedPrefixes {
    /// Chained hashes of blocks. Only looked up, never iterated.
    seen: HashSet<u64>,
    hits: u64,
    words: u64,
}

impl SharedPrefixes {
    /// Takes the next prompt: the texts of its messages, in order.
    pub fn push<'a>(&mut self, texts: impl Iterator<Item = &'a str>) {
        let (mut chain, mut block, mut filled, mut words) = (0u64, Vec::new(), 0, 0usize);
        let mut blocks = Vec::new();
        for word in texts.flat_map(str::split_whitespace) {
            words += 1;
            filled += 1;
            block.extend_from_slice(word.as_bytes());
            block.push(b' ');
            if filled == BLOCK {
                chain = xxh3_64_with_seed(&block, chain);
                blocks.push(chain);
                block.clear();
                filled = 0;
            }
        }
        let usable = words.saturating_sub(1) / BLOCK;
        let found = blocks.iter().take(usable);
        let found = found.take_while(|hash| self.seen.contains(*hash)).count();
        self.hits += (found * BLOCK) as u64;
        self.words += words as u64;
        self.seen.extend(blocks);
    }

    /// Words in blocks that an earlier prompt had at the same place.
    pub fn hits(&self) -> u64 {
        self.hits
    }

    /// Words of all prompts.
    pub fn words(&self) -> u64 {
        self.words
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{TraceFormat, TraceRow, nonce_words, synthesise};
    use super::*;

    fn shared(prompts: &[String]) -> (u64, u64) {
        let mut shared = SharedPrefixes::default();
        for prompt in prompts {
            shared.push(std::iter::once(prompt.as_str()));
        }
        (shared.hits(), shared.words())
    }

    fn words(range: std::ops::Range<u32>) -> String {
        let words: Vec<String> = range.map(|i| format!("w{i}")).collect();
        words.join(" ")
    }

    #[test]
    fn whole_blocks_from_the_front_are_found_and_never_the_last_word() {
        assert_eq!(shared(&[words(0..40), words(0..40)]), (32, 80));
        assert_eq!(shared(&[words(0..32), words(0..32)]), (16, 64));
        assert_eq!(shared(&[words(0..40), words(1..40)]), (0, 79));
        assert_eq!(shared(&[words(0..15), words(0..15)]), (0, 30));
        assert_eq!(shared(&[]), (0, 0));
        // Where one message ends and the next begins does not matter.
        let mut split = SharedPrefixes::default();
        split.push(["a b c", "d"].into_iter().chain([words(0..20).as_str()]));
        split.push([format!("a b c d {}", words(0..20)).as_str()].into_iter());
        assert_eq!(split.hits(), 16);
    }

    #[test]
    fn a_trace_shares_its_blocks_within_a_run_and_nothing_between_runs() {
        let row = |blocks: &[u64]| TraceRow {
            at_s: 0.0,
            input_tokens: 1_100,
            output_tokens: 1,
            blocks: blocks.to_vec(),
            session: None,
        };
        let rows = [
            row(&[1, 2, 3]),
            row(&[1, 2, 4]),
            row(&[5, 6, 7]),
            row(&[1, 8, 9]),
        ];
        let made = synthesise(TraceFormat::Mooncake, Path::new("t.jsonl"), &rows).unwrap();
        let run = |nonce: u64| -> Vec<String> {
            let front = nonce_words(nonce, "");
            let samples = made.samples().iter();
            samples.map(|s| format!("{front} {}", s.prompt())).collect()
        };
        // Two blocks of 512 and one; the words in front push the last words of each out of a block.
        let (hits, total) = shared(&run(1));
        assert_eq!((hits, total), (1_024 + 512, 4 * 1_108));
        let both: Vec<String> = run(1).into_iter().chain(run(2)).collect();
        assert_eq!(shared(&both), (2 * hits, 2 * total));
    }
}
