//! A prefix cache in two places: the newest blocks in device memory, older ones behind a link.

use super::costs::Found;
use super::prefix::PrefixCache;

/// Two caches that see the same prompts. Both evict the least recently used block, so whatever the
/// smaller one holds the larger one holds too.
#[derive(Debug, Default)]
pub struct TieredCache {
    device: PrefixCache,
    all: PrefixCache,
}

impl TieredCache {
    /// At most `all` blocks, of which the newest `device` need no fetch.
    pub fn new(device: usize, all: usize) -> Self {
        Self {
            device: PrefixCache::new(device.min(all)),
            all: PrefixCache::new(all),
        }
    }

    /// Cached tokens of a prompt by place. A tail of fewer than `least_fetch` tokens that would have
    /// to be fetched counts as not cached.
    pub fn found(&self, chain: &[u64], prompt_tokens: usize, least_fetch: usize) -> Found {
        let near = self.device.cached_tokens(chain, prompt_tokens);
        let far = self.all.cached_tokens(chain, prompt_tokens) - near;
        Found {
            device_tokens: near,
            fetched_tokens: if far < least_fetch { 0 } else { far },
        }
    }

    /// Stores or refreshes `chain`; fetched and computed blocks alike are the newest now.
    pub fn insert(&mut self, chain: &[u64]) {
        self.device.insert(chain);
        self.all.insert(chain);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.device.clear();
        self.all.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::prefix::block_hashes;
    use super::*;
    use proptest::prelude::*;

    fn chain(owner: u64, blocks: u64) -> Vec<u64> {
        let tokens: Vec<u64> = (0..blocks * 16).map(|i| owner * 10_000 + i).collect();
        block_hashes(&tokens, "")
    }

    fn found(cache: &TieredCache, chain: &[u64], least: usize) -> (usize, usize) {
        let found = cache.found(chain, chain.len() * 16 + 1, least);
        (found.device_tokens, found.fetched_tokens)
    }

    #[test]
    fn what_leaves_the_device_is_fetched_and_what_leaves_both_is_gone() {
        let mut cache = TieredCache::new(4, 8);
        let (a, b, c) = (chain(1, 4), chain(2, 4), chain(3, 4));
        cache.insert(&a);
        assert_eq!(found(&cache, &a, 0), (64, 0));
        cache.insert(&b);
        assert_eq!(found(&cache, &a, 0), (0, 64));
        assert_eq!(found(&cache, &b, 0), (64, 0));
        cache.insert(&c);
        assert_eq!(found(&cache, &a, 0), (0, 0));
        assert_eq!(found(&cache, &b, 0), (0, 64));
    }

    #[test]
    fn a_fetch_that_is_too_short_is_not_made() {
        let mut cache = TieredCache::new(0, 8);
        let a = chain(1, 4);
        cache.insert(&a);
        assert_eq!(found(&cache, &a, 64), (0, 64));
        assert_eq!(found(&cache, &a, 65), (0, 0));
    }

    proptest! {
        #[test]
        fn the_device_never_holds_more_than_there_is(
            budgets in (0_usize..6, 0_usize..12),
            prompts in proptest::collection::vec((0_u64..4, 1_u64..6), 1..40),
        ) {
            let mut cache = TieredCache::new(budgets.0, budgets.1);
            for (owner, blocks) in prompts {
                let chain = chain(owner, blocks);
                let n = chain.len() * 16 + 1;
                // Would underflow inside if the smaller cache held what the larger one lacks.
                let found = cache.found(&chain, n, 0);
                prop_assert!(found.tokens() < n);
                cache.insert(&chain);
            }
        }
    }
}
