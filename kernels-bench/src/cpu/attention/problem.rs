//! A problem: `m` new queries over `p + m` keys, causal, with grouped heads.

use crate::cpu::Inputs;

/// Sizes and inputs. Rows are bf16 values held as f32.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// Query heads.
    pub q_heads: usize,
    /// KV heads; divides the query heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head: usize,
    /// Cached tokens (p).
    pub prefix: usize,
    /// New tokens (m).
    pub suffix: usize,
    /// `[m][q_heads][head]`.
    pub q: Vec<f32>,
    /// `[p+m][kv_heads][head]`.
    pub k: Vec<f32>,
    /// `[p+m][kv_heads][head]`.
    pub v: Vec<f32>,
}

/// KV of a problem in pages scattered over a pool, as a kernel sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Paged {
    /// Tokens of a page.
    pub block: usize,
    /// Page of each block of the sequence.
    pub table: Vec<u32>,
    /// `[pages][block][kv_heads][head]`; slots of no token hold NaN.
    pub k: Vec<f32>,
    /// As `k`.
    pub v: Vec<f32>,
}

impl Problem {
    /// A random problem. `skew` multiplies the queries and shifts the values of the suffix: with 1 and
    /// 0 halves are balanced, and a merge in the wrong log base goes unnoticed within bf16 tolerance.
    pub fn random(
        inputs: &mut Inputs,
        (q_heads, kv_heads, head): (usize, usize, usize),
        (prefix, suffix): (usize, usize),
        (scale, shift): (f32, f32),
    ) -> Self {
        let mut rows =
            |n: usize| -> Vec<f32> { (0..n).map(|_| round_bf16(inputs.normal())).collect() };
        let total = prefix + suffix;
        let mut q = rows(suffix * q_heads * head);
        let k = rows(total * kv_heads * head);
        let mut v = rows(total * kv_heads * head);
        q.iter_mut().for_each(|x| *x = round_bf16(*x * scale));
        let own = &mut v[prefix * kv_heads * head..];
        own.iter_mut().for_each(|x| *x = round_bf16(*x + shift));
        Self {
            q_heads,
            kv_heads,
            head,
            prefix,
            suffix,
            q,
            k,
            v,
        }
    }

    /// 1/√head.
    pub fn scale(&self) -> f64 {
        1.0 / (self.head as f64).sqrt()
    }

    /// Keys in all.
    pub fn keys(&self) -> usize {
        self.prefix + self.suffix
    }

    /// KV in shuffled pages of `block` tokens, in a pool with one page to spare.
    pub fn paged(&self, block: usize, inputs: &mut Inputs) -> Paged {
        let blocks = self.keys().div_ceil(block);
        let mut table = inputs.permutation(blocks + 1);
        table.truncate(blocks);
        let row = self.kv_heads * self.head;
        let mut pool = Paged {
            block,
            table,
            k: vec![f32::NAN; (blocks + 1) * block * row],
            v: vec![f32::NAN; (blocks + 1) * block * row],
        };
        for token in 0..self.keys() {
            let slot = pool.slot(token) * row;
            pool.k[slot..slot + row].copy_from_slice(&self.k[token * row..][..row]);
            pool.v[slot..slot + row].copy_from_slice(&self.v[token * row..][..row]);
        }
        pool
    }
}

impl Paged {
    /// Slot of a token.
    pub fn slot(&self, token: usize) -> usize {
        self.table[token / self.block] as usize * self.block + token % self.block
    }
}

/// To bfloat16, nearest even.
pub fn bf16(x: f32) -> u16 {
    let bits = x.to_bits();
    if x.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    let odd = (bits >> 16) & 1;
    ((bits + 0x7FFF + odd) >> 16) as u16
}

/// From bfloat16.
pub fn from_bf16(x: u16) -> f32 {
    f32::from_bits(u32::from(x) << 16)
}

/// The nearest bfloat16.
pub fn round_bf16(x: f32) -> f32 {
    from_bf16(bf16(x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_to_nearest_even() {
        assert_eq!(bf16(1.0), 0x3F80);
        // Half way between 1.0 and the next: to even.
        assert_eq!(bf16(f32::from_bits(0x3F80_8000)), 0x3F80);
        assert_eq!(bf16(f32::from_bits(0x3F81_8000)), 0x3F82);
        assert_eq!(bf16(f32::from_bits(0x3F80_8001)), 0x3F81);
        assert!(from_bf16(bf16(f32::NAN)).is_nan());
    }

    #[test]
    fn pages_hold_every_token_and_poison_elsewhere() {
        let mut inputs = Inputs::new(1, "pages");
        let p = Problem::random(&mut inputs, (2, 1, 4), (9, 2), (1.0, 0.0));
        let paged = p.paged(4, &mut inputs);
        assert_eq!(paged.k.iter().filter(|x| !x.is_nan()).count(), 11 * 4);
        for token in 0..11 {
            assert_eq!(paged.k[paged.slot(token) * 4..][..4], p.k[token * 4..][..4]);
        }
    }
}
