//! What a prefill costs part by part, where a plain rate of tokens says too little.

use super::prefix::BLOCK_TOKENS;

/// Costs of one engine at speed 1, composed as `lookup + fetch + compute`.
///
/// With `n` prompt tokens of which `d` lie in device memory and `f` must be fetched, `p = d + f` and
/// `m = n − p`:
///
/// - lookup: `hash·n + index·p/b`, for blocks of `b =` [`BLOCK_TOKENS`] tokens;
/// - fetch: `fixed + per_block·f/b`, nothing where `f` is zero;
/// - compute: the larger of `linear·m + pair·(m·p + m(m+1)/2)` (operations) and
///   `floor + floor_per_token·n` (reading all weights and the whole cache once).
#[derive(Clone, Debug, PartialEq)]
pub struct PrefillCosts {
    /// Seconds to hash one prompt token.
    pub hash_s_per_token: f64,
    /// Seconds to find one cached block.
    pub index_s_per_block: f64,
    /// Seconds that every fetch takes, whatever its length.
    pub fetch_fixed_s: f64,
    /// Seconds to bring one block to the device.
    pub fetch_s_per_block: f64,
    /// Seconds of the linear layers for one computed token.
    pub linear_s_per_token: f64,
    /// Seconds of attention for one computed token and one token that it sees.
    pub attention_s_per_pair: f64,
    /// Seconds to read the weights once.
    pub floor_s: f64,
    /// Seconds to read the cache of one token.
    pub floor_s_per_token: f64,
    /// The newest blocks, which lie in device memory; older ones are fetched.
    pub device_blocks: usize,
    /// Fewer tokens than this are computed again instead of fetched; 0 fetches everything.
    pub least_fetch_tokens: usize,
}

/// Cached tokens of a prompt by where they lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// In device memory.
    pub device_tokens: usize,
    /// Behind them, to be fetched.
    pub fetched_tokens: usize,
}

impl Found {
    /// All tokens that need no computation.
    pub fn tokens(self) -> usize {
        self.device_tokens + self.fetched_tokens
    }
}

/// Seconds of one prefill by part, at speed 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PrefillTime {
    /// Hashing the prompt and finding its blocks; each request for itself.
    pub lookup_s: f64,
    /// Bringing blocks to the device; the link carries one fetch at a time.
    pub fetch_s: f64,
    /// On the prefill lane, one request at a time.
    pub compute_s: f64,
}

impl PrefillCosts {
    /// Time of a prompt of `prompt_tokens` tokens.
    pub fn time(&self, prompt_tokens: usize, found: Found) -> PrefillTime {
        let blocks = |tokens: usize| tokens as f64 / BLOCK_TOKENS as f64;
        let (n, p) = (prompt_tokens as f64, found.tokens() as f64);
        let m = n - p;
        let fetch_s = match found.fetched_tokens {
            0 => 0.0,
            fetched => self.fetch_fixed_s + self.fetch_s_per_block * blocks(fetched),
        };
        let pairs = m * p + m * (m + 1.0) / 2.0;
        let operations = self.linear_s_per_token * m + self.attention_s_per_pair * pairs;
        PrefillTime {
            lookup_s: self.hash_s_per_token * n + self.index_s_per_block * blocks(found.tokens()),
            fetch_s,
            compute_s: operations.max(self.floor_s + self.floor_s_per_token * n),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs() -> PrefillCosts {
        PrefillCosts {
            hash_s_per_token: 1e-6,
            index_s_per_block: 2e-6,
            fetch_fixed_s: 1e-3,
            fetch_s_per_block: 1e-4,
            linear_s_per_token: 1e-4,
            attention_s_per_pair: 1e-8,
            floor_s: 2e-3,
            floor_s_per_token: 1e-7,
            device_blocks: 4,
            least_fetch_tokens: 0,
        }
    }

    fn found(device_tokens: usize, fetched_tokens: usize) -> Found {
        Found {
            device_tokens,
            fetched_tokens,
        }
    }

    #[test]
    fn a_miss_neither_finds_nor_fetches() {
        let time = costs().time(1000, Found::default());
        assert!((time.lookup_s - 1e-3).abs() < 1e-12);
        assert_eq!(time.fetch_s, 0.0);
        assert!((time.compute_s - (0.1 + 500_500.0 * 1e-8)).abs() < 1e-12);
    }

    #[test]
    fn only_what_lies_elsewhere_is_fetched() {
        let near = costs().time(1000, found(800, 0));
        let far = costs().time(1000, found(0, 800));
        assert_eq!(near.fetch_s, 0.0);
        assert!((far.fetch_s - (1e-3 + 50.0 * 1e-4)).abs() < 1e-12);
        assert_eq!(
            (near.lookup_s, near.compute_s),
            (far.lookup_s, far.compute_s)
        );
    }

    #[test]
    fn a_short_suffix_still_reads_the_weights() {
        let time = costs().time(1000, found(992, 0));
        assert!((time.compute_s - (2e-3 + 1e-4)).abs() < 1e-12);
    }
}
