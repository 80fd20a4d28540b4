//! Random numbers of one trial, the same at any number of threads.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use xxhash_rust::xxh3::xxh3_64;

/// The generator of one trial: a stream of its own, named by what is tried.
pub(super) fn stream(seed: u64, what: &[&str], loss: f64, trial: u64) -> ChaCha8Rng {
    let name = format!(
        "{}\u{1f}{:x}\u{1f}{trial}",
        what.join("\u{1f}"),
        loss.to_bits()
    );
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(xxh3_64(name.as_bytes()));
    rng
}

/// Draws used here.
pub(super) trait Coins {
    /// Uniform in `[0, 1)`, 53 bits.
    fn unit(&mut self) -> f64;
    /// Uniform below `n`, by the high word of a product; the bias is below `n / 2^64`.
    fn below(&mut self, n: usize) -> usize;
}

impl Coins for ChaCha8Rng {
    fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.next_u64()) * n as u128) >> 64) as usize
    }
}
