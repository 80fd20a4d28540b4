//! Random numbers that depend on nothing but their purpose.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A ChaCha8 stream keyed by the run's seed and selected by what it is for: the same draw at any
/// thread count and in any order of completion.
pub fn stream(seed: u64, purpose: &str, sample: &str, repeat: u32) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let purpose = xxh3_64_with_seed(purpose.as_bytes(), u64::from(repeat));
    rng.set_stream(xxh3_64_with_seed(sample.as_bytes(), purpose));
    rng
}
