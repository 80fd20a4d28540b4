//! Seeded inputs: the same seed gives the same bytes everywhere.

use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A source of inputs for one purpose.
#[derive(Debug)]
pub struct Inputs(ChaCha8Rng);

impl Inputs {
    /// A stream of its own for each purpose.
    pub fn new(seed: u64, purpose: &str) -> Self {
        let stream = xxhash_rust::xxh3::xxh3_64(purpose.as_bytes());
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// A uniform word.
    pub fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform below `n` (`n` ≥ 1); the bias is below n/2⁶⁴.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.word()) * n as u128) >> 64) as usize
    }

    /// Random bytes: never zeros, which caches, memory controllers and tensor cores find easy.
    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        let mut out = vec![0; n];
        self.0.fill_bytes(&mut out);
        out
    }

    /// Token ids below 128 000.
    pub fn tokens(&mut self, n: usize) -> Vec<u32> {
        (0..n).map(|_| self.below(128_000) as u32).collect()
    }

    /// Standard normal by Box and Muller.
    pub fn normal(&mut self) -> f32 {
        let unit = |w: u64| ((w >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        let (u, v) = (unit(self.word()), unit(self.word()));
        ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
    }

    /// `n` standard normal numbers.
    pub fn normals(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.normal()).collect()
    }

    /// A random permutation of `0..n` (Fisher and Yates).
    pub fn permutation(&mut self, n: usize) -> Vec<u32> {
        let mut out: Vec<u32> = (0..n as u32).collect();
        for i in (1..n).rev() {
            out.swap(i, self.below(i + 1));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_have_streams_of_their_own_and_repeat() {
        let words = |p| Inputs::new(7, p).word();
        assert_eq!(words("a"), words("a"));
        assert_ne!(words("a"), words("b"));
    }

    #[test]
    fn permutations_hold_every_number_once() {
        let mut p = Inputs::new(1, "p").permutation(100);
        assert_ne!(p, (0..100).collect::<Vec<_>>());
        p.sort_unstable();
        assert_eq!(p, (0..100).collect::<Vec<_>>());
    }
}
