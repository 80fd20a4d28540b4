//! Decoding a batch over a shared prefix: read it once for all, or once for each.

/// A batch of decoding requests that share a prefix, for one layer of one device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cascade {
    /// Requests.
    pub batch: u64,
    /// Shared tokens.
    pub prefix: u64,
    /// Tokens of each request's own.
    pub suffix: u64,
    /// Query heads.
    pub q_heads: u64,
    /// KV heads.
    pub kv_heads: u64,
    /// Width of a head.
    pub head: u64,
}

/// Bound on the speed-up of reading the prefix once: bytes `B(P+S)` against `P+B·S`, until the
/// operations `4·hq·d·B·(P+S)` at `flops` bind instead of memory at `bytes_per_s`.
pub fn cascade_speedup_bound(c: &Cascade, flops: f64, bytes_per_s: f64) -> f64 {
    let [b, p, s] = [c.batch, c.prefix, c.suffix].map(|x| x as f64);
    let row = (2 * c.kv_heads * c.head * 2) as f64;
    let every = b * (p + s) * row / bytes_per_s;
    let bytes = (p + b * s) * row / bytes_per_s;
    let operations = (4 * c.q_heads * c.head) as f64 * b * (p + s) / flops;
    let once = bytes.max(operations);
    // With few operations a byte either way of reading is bound by memory.
    let every = every.max(operations);
    every / once
}

/// vLLM's rule for FlashAttention 2 and 3, restated: at least 256 shared tokens and 8 requests, and
/// fewer waves of tiles of 128 than flash-decoding over `sms` multiprocessors takes. Without split-KV
/// it always cascades.
pub fn vllm_uses_cascade(c: &Cascade, sms: u64, split_kv: bool) -> bool {
    if c.prefix < 256 || c.batch < 8 {
        return false;
    }
    if !split_kv {
        return true;
    }
    let group = c.q_heads / c.kv_heads.max(1);
    let tiles = c.prefix.div_ceil(128);
    let cascade = (c.q_heads * c.batch.div_ceil(128)).div_ceil(sms) * tiles;
    let decode = (c.batch * c.kv_heads * group.div_ceil(128) * tiles).div_ceil(sms);
    cascade < decode
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(batch: u64, prefix: u64) -> Cascade {
        Cascade {
            batch,
            prefix,
            suffix: 256,
            q_heads: 32,
            kv_heads: 8,
            head: 128,
        }
    }

    #[test]
    fn speed_up_bounds() {
        let bound = |b, p| cascade_speedup_bound(&batch(b, p), 790e12, 4.3e12);
        for (b, p, want) in [
            (8, 8192, 6.6),
            (32, 8192, 16.5),
            (128, 8192, 26.0),
            (8, 32_768, 7.6),
            (32, 32_768, 25.8),
            (128, 32_768, 45.9),
            (256, 32_768, 45.9),
        ] {
            let got = bound(b, p);
            assert!(
                (got - want).abs() < 0.04 * want,
                "B={b} P={p}: {got}, not {want}"
            );
        }
    }

    #[test]
    fn one_request_gains_nothing_and_a_long_prefix_gains_the_batch() {
        assert!((cascade_speedup_bound(&batch(1, 8192), 1e30, 4e12) - 1.0).abs() < 1e-12);
        let long = cascade_speedup_bound(&batch(32, 1 << 40), 1e30, 4e12);
        assert!((long - 32.0).abs() < 1e-6);
    }

    #[test]
    fn the_rule_has_its_thresholds() {
        assert!(!vllm_uses_cascade(&batch(7, 8192), 132, true));
        assert!(!vllm_uses_cascade(&batch(32, 255), 132, true));
        assert!(vllm_uses_cascade(&batch(8, 256), 132, false));
        assert!(vllm_uses_cascade(&batch(256, 32_768), 132, true));
        // Eight query heads and one KV head: splitting over KV fills the device better.
        let narrow = Cascade {
            q_heads: 8,
            kv_heads: 1,
            ..batch(8, 4096)
        };
        assert!(!vllm_uses_cascade(&narrow, 132, true));
    }
}
