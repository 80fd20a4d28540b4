//! A block-based prefix cache with least-recently-used eviction.
//!
//! As in vLLM, only full blocks are cached, the hash of a block covers everything before it
//! (chained), a salt isolates its users, and at least one prompt token is always computed.

use std::collections::{BTreeMap, HashMap};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Tokens in a block.
pub const BLOCK_TOKENS: usize = 16;

/// The chained hashes of the full blocks of `tokens` under `salt` (empty for none).
pub fn block_hashes(tokens: &[u64], salt: &str) -> Vec<u64> {
    let mut previous = xxh3_64(salt.as_bytes());
    let chain = |block: &[u64]| {
        let mut bytes = [0_u8; BLOCK_TOKENS * 8];
        for (slot, token) in bytes.chunks_exact_mut(8).zip(block) {
            slot.copy_from_slice(&token.to_le_bytes());
        }
        previous = xxh3_64_with_seed(&bytes, previous);
        previous
    };
    tokens.chunks_exact(BLOCK_TOKENS).map(chain).collect()
}

/// The cached blocks of one engine.
#[derive(Debug, Default)]
pub struct PrefixCache {
    budget: usize,
    stamps: HashMap<u64, u64>,
    oldest: BTreeMap<u64, u64>,
    clock: u64,
}

impl PrefixCache {
    /// An empty cache of at most `budget` blocks; a budget of zero never hits.
    pub fn new(budget: usize) -> Self {
        Self {
            budget,
            ..Self::default()
        }
    }

    /// Blocks held.
    pub fn len(&self) -> usize {
        self.stamps.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.stamps.is_empty()
    }

    /// Tokens of a prompt of `prompt_tokens` tokens with block hashes `chain` that need no
    /// computation: its leading cached blocks, never the last token.
    pub fn cached_tokens(&self, chain: &[u64], prompt_tokens: usize) -> usize {
        let usable = prompt_tokens.saturating_sub(1) / BLOCK_TOKENS;
        let hit = chain
            .iter()
            .take(usable)
            .take_while(|h| self.stamps.contains_key(h))
            .count();
        hit * BLOCK_TOKENS
    }

    /// Stores or refreshes `chain`.
    ///
    /// The first block becomes the most recent one: the tail of a sequence goes first, because a
    /// tail without its head can never be hit.
    pub fn insert(&mut self, chain: &[u64]) {
        for hash in chain.iter().rev() {
            self.clock += 1;
            if let Some(old) = self.stamps.insert(*hash, self.clock) {
                self.oldest.remove(&old);
            }
            self.oldest.insert(self.clock, *hash);
        }
        while self.stamps.len() > self.budget {
            let Some((_, hash)) = self.oldest.pop_first() else {
                break;
            };
            self.stamps.remove(&hash);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.stamps.clear();
        self.oldest.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(n: u64) -> Vec<u64> {
        (0..n).collect()
    }

    #[test]
    fn a_full_repeat_still_computes_one_token() {
        let mut cache = PrefixCache::new(64);
        for (n, expected) in [(15, 0), (16, 0), (17, 16), (32, 16), (33, 32)] {
            let chain = block_hashes(&tokens(n), "");
            cache.insert(&chain);
            assert_eq!(
                cache.cached_tokens(&chain, n as usize),
                expected,
                "{n} tokens"
            );
        }
    }

    #[test]
    fn salts_do_not_share() {
        let mut cache = PrefixCache::new(64);
        cache.insert(&block_hashes(&tokens(64), "a"));
        assert_eq!(cache.cached_tokens(&block_hashes(&tokens(64), "b"), 64), 0);
        assert_eq!(cache.cached_tokens(&block_hashes(&tokens(64), "a"), 64), 48);
    }

    #[test]
    fn a_block_is_not_found_behind_another_prefix() {
        let mut cache = PrefixCache::new(64);
        cache.insert(&block_hashes(&tokens(48), ""));
        let mut other = tokens(48);
        other[0] = 999;
        assert_eq!(cache.cached_tokens(&block_hashes(&other, ""), 48), 0);
    }

    /// The same cache as a list ordered from the least to the most recent block.
    struct Naive(Vec<u64>, usize);

    impl Naive {
        fn insert(&mut self, chain: &[u64]) {
            for hash in chain.iter().rev() {
                self.0.retain(|h| h != hash);
                self.0.push(*hash);
            }
            let over = self.0.len().saturating_sub(self.1);
            self.0.drain(..over);
        }

        fn cached(&self, chain: &[u64], prompt: usize) -> usize {
            let mut n = 0;
            while n < chain.len() && self.0.contains(&chain[n]) && (n + 1) * 16 < prompt {
                n += 1;
            }
            n * 16
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_list(
            budget in 0_usize..12,
            prompts in proptest::collection::vec((0_u64..4, 0_usize..90, 0_usize..90), 1..40),
        ) {
            let mut cache = PrefixCache::new(budget);
            let mut naive = Naive(Vec::new(), budget);
            for (owner, shared, own) in prompts {
                let mut tokens: Vec<u64> = (0..shared as u64).collect();
                tokens.extend((0..own as u64).map(|i| 1000 * (owner + 1) + i));
                let chain = block_hashes(&tokens, "");
                prop_assert_eq!(
                    cache.cached_tokens(&chain, tokens.len()),
                    naive.cached(&chain, tokens.len())
                );
                cache.insert(&chain);
                naive.insert(&chain);
                prop_assert_eq!(cache.len(), naive.0.len());
            }
        }
    }
}
