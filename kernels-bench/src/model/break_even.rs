//! Where loading and recomputing cost the same.

use super::{Compute, ModelShape, Tier};

/// A break-even point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakEven {
    /// Cached tokens.
    pub prefix: f64,
    /// Least bandwidth at which loading wins, bytes/s.
    pub bytes_per_s: f64,
}

/// Least bandwidth at which loading `p` tokens beats recomputing them, bytes/s:
/// `B* = κ·ηG / (2·P + L·hq·(dqk+dv)·p)`. It falls with `p`: long prefixes always tip to loading.
pub fn break_even_bandwidth(shape: &ModelShape, compute: &Compute, p: f64) -> BreakEven {
    let per_token = 2.0 * shape.linear_params + shape.attention_coefficient() * p;
    BreakEven {
        prefix: p,
        bytes_per_s: shape.kv_bytes_per_token as f64 * compute.flops / per_token,
    }
}

/// Shortest prefix worth fetching, tokens: the root of
/// `a·p² + (2P/ηG − κ/B)·p − t0 = 0` with `a = L·hq·(dqk+dv)/ηG`. Zero if every prefix pays.
pub fn least_prefix(shape: &ModelShape, compute: &Compute, tier: &Tier) -> f64 {
    let a = shape.attention_coefficient() / compute.flops;
    let b = 2.0 * shape.linear_params / compute.flops
        - shape.kv_bytes_per_token as f64 / tier.bytes_per_s;
    let root = (b * b + 4.0 * a * tier.fixed_s).sqrt();
    // The positive root, in the form that does not cancel.
    if b > 0.0 {
        2.0 * tier.fixed_s / (b + root)
    } else {
        (root - b) / (2.0 * a)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tiers;

    #[test]
    fn minimum_bandwidth_of_every_preset() {
        // GB/s at 600 TFLOP/s for 1k, 8k, 32k and 128k tokens.
        let known = [
            ("llama3-8b", [5.53, 4.88, 3.49, 1.63]),
            ("qwen3-8b", [6.23, 5.43, 3.76, 1.68]),
            ("qwen3-30b-a3b", [10.06, 6.79, 3.22, 1.03]),
            ("qwen3-32b", [2.48, 2.22, 1.63, 0.79]),
            ("llama3-70b", [1.42, 1.33, 1.09, 0.64]),
            ("qwen3-235b-a22b", [2.66, 2.12, 1.25, 0.47]),
            ("dsv3-mla", [0.57, 0.46, 0.27, 0.11]),
        ];
        for (name, row) in known {
            let shape = ModelShape::preset(name).unwrap();
            for (p, want) in [1024.0, 8192.0, 32_768.0, 131_072.0].into_iter().zip(row) {
                let got = break_even_bandwidth(&shape, &Compute::H200, p).bytes_per_s / 1e9;
                assert!(
                    (got - want).abs() < 0.0051,
                    "{name} at {p}: {got} not {want}"
                );
            }
        }
    }

    #[test]
    fn limits() {
        let shape = ModelShape::preset("llama3-8b").unwrap();
        let at = |p| break_even_bandwidth(&shape, &Compute::H200, p).bytes_per_s;
        let linear = shape.kv_bytes_per_token as f64 * 600e12 / (2.0 * shape.linear_params);
        assert!((at(0.0) - linear).abs() < 1e-6 * linear);
        assert!(at(1e15) < 1e3, "long prefixes need no bandwidth");
    }

    #[test]
    fn shortest_prefix_worth_fetching() {
        let host = tiers()
            .into_iter()
            .find(|t| t.name == "host-pcie5")
            .unwrap();
        let shape = ModelShape::preset("llama3-8b").unwrap();
        assert_eq!(least_prefix(&shape, &Compute::H200, &host), 0.0);
        let late = Tier {
            fixed_s: 5e-3,
            ..host
        };
        let p = least_prefix(&shape, &Compute::H200, &late);
        // 5 ms over 20.9 µs a token is 239 tokens without the quadratic term.
        assert!((p - 239.0).abs() < 2.0, "{p}");
        let endless = Tier {
            bytes_per_s: f64::INFINITY,
            fixed_s: 0.0,
            ..late
        };
        assert_eq!(least_prefix(&shape, &Compute::H200, &endless), 0.0);
    }

    #[test]
    fn on_a_slow_link_only_long_prefixes_pay() {
        let shape = ModelShape::preset("llama3-8b").unwrap();
        let slow = tiers()
            .into_iter()
            .find(|t| t.name == "ethernet-25g")
            .unwrap();
        let p = least_prefix(&shape, &Compute::H200, &slow);
        let needed = break_even_bandwidth(&shape, &Compute::H200, p).bytes_per_s;
        assert!(
            (needed - slow.bytes_per_s).abs() < 1e-6 * slow.bytes_per_s,
            "{p}"
        );
    }
}
